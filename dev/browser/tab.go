package browser

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Tab is a tab of the browser. It is for one goroutine.
type Tab struct {
	Close func()

	ctx  context.Context
	host string // that pages may ask

	mu      sync.Mutex // the driver tells what it hears on a goroutine of its own
	address string     // of the page
	trouble []Finding
	asked   map[string]string // URLs of running requests by id
}

// Screen is what a page is shown on.
type Screen struct {
	Name          string
	Width, Height int64 // CSS pixels
	Phone         bool
	Dark          bool
}

// Screens are those that everything must look right on: a desk, a phone, a small phone; by day and by night.
func Screens() []Screen {
	var out []Screen
	for _, dark := range []bool{false, true} {
		for _, s := range []Screen{
			{Name: "desktop", Width: 1280, Height: 900},
			{Name: "phone", Width: 390, Height: 844, Phone: true},
			{Name: "small phone", Width: 320, Height: 568, Phone: true},
		} {
			s.Dark = dark
			out = append(out, s)
		}
	}
	return out
}

func (s Screen) String() string {
	if s.Dark {
		return s.Name + ", dark"
	}
	return s.Name + ", light"
}

// runActions runs actions, and gives up after Patience.
func (t *Tab) runActions(actions ...chromedp.Action) error {
	ctx, cancel := context.WithTimeout(t.ctx, Patience)
	defer cancel()
	return chromedp.Run(ctx, actions...)
}

// Show changes the screen, under the page that is there.
func (t *Tab) Show(s Screen) error {
	scheme := "light"
	if s.Dark {
		scheme = "dark"
	}
	shown := fmt.Sprintf("screen.width === %d && matchMedia('(prefers-color-scheme: %s)').matches", s.Width, scheme)
	err := t.runActions(
		emulation.SetDeviceMetricsOverride(s.Width, s.Height, 1, s.Phone).WithScreenWidth(s.Width).WithScreenHeight(s.Height),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme},
			{Name: "prefers-reduced-motion", Value: "reduce"}, // so that the checks see the end of a change, not its middle
		}),
		awaitCondition(shown),
	)
	if err != nil {
		return fmt.Errorf("show on %s: %w", s, err)
	}
	return nil
}

// awaitCondition waits, in the page, for a condition.
func awaitCondition(condition string) chromedp.Action {
	wait := "new Promise(done => { const look = () => " + condition + " ? done(true) : setTimeout(look, 5); look(); })"
	return chromedp.Evaluate(wait, nil, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) })
}

// Scripts turns the page's own JavaScript on or off; Check works either way, Show needs it on.
func (t *Tab) Scripts(on bool) error { return t.runActions(emulation.SetScriptExecutionDisabled(!on)) }

// Speak sets the language that the browser asks for, BCP 47.
func (t *Tab) Speak(language string) error {
	return t.runActions(network.SetExtraHTTPHeaders(network.Headers{"Accept-Language": language}))
}

// Open goes to an address, waits until everything is loaded, and returns the HTTP status. What Trouble told before is
// forgotten.
func (t *Tab) Open(address string) (status int, err error) {
	t.mu.Lock()
	t.trouble = nil
	t.asked = nil
	t.address = address
	t.mu.Unlock()
	return t.awaitPage(chromedp.Navigate(address))
}

// Click clicks on what a CSS selector finds, waits for the page that it leads to, and returns that page's HTTP status.
func (t *Tab) Click(selector string) (status int, err error) {
	return t.awaitPage(chromedp.Click(selector, chromedp.ByQuery, chromedp.NodeVisible))
}

// Tick clicks on what a CSS selector finds, where that leads nowhere.
func (t *Tab) Tick(selector string) error {
	return t.runActions(chromedp.Click(selector, chromedp.ByQuery, chromedp.NodeVisible))
}

// Press presses keys, such as kb.Tab, where they lead nowhere.
func (t *Tab) Press(keys string) error { return t.runActions(chromedp.KeyEvent(keys)) }

// Enter presses Enter, waits for the page that it leads to, and returns that page's HTTP status.
func (t *Tab) Enter() (status int, err error) { return t.awaitPage(chromedp.KeyEvent(kb.Enter)) }

func (t *Tab) awaitPage(action chromedp.Action) (int, error) {
	ctx, cancel := context.WithTimeout(t.ctx, Patience)
	defer cancel()
	resp, err := chromedp.RunResponse(ctx, action)
	if err != nil {
		return 0, fmt.Errorf("load a page: %w", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.address = resp.URL
	return int(resp.Status), nil
}

// Eval evaluates JavaScript in the page into a Go value; out may be nil.
func (t *Tab) Eval(expression string, out any) error {
	return t.runActions(chromedp.Evaluate(expression, out))
}

// Picture takes a PNG picture of the page between left and left+width, from the top to its end. All are CSS pixels.
func (t *Tab) Picture(left, width int64) ([]byte, error) {
	var height int64
	var picture []byte
	err := t.runActions(
		page.BringToFront(), // others are not drawn
		chromedp.Evaluate(`Math.ceil(document.body.getBoundingClientRect().bottom)`, &height),
		chromedp.ActionFunc(func(ctx context.Context) (err error) {
			clip := &page.Viewport{X: float64(left), Width: float64(width), Height: float64(height), Scale: 1}
			picture, err = page.CaptureScreenshot().WithClip(clip).WithCaptureBeyondViewport(true).Do(ctx)
			return err
		}))
	if err != nil {
		return nil, fmt.Errorf("take a picture: %w", err)
	}
	return picture, nil
}

// Trouble is what went wrong since Open: errors on the console, requests that failed or that went to another machine.
func (t *Tab) Trouble() ([]Finding, error) {
	// What was sent before this answer has been heard when it is here.
	if err := t.Eval("0", nil); err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.trouble), nil
}
