package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Tab is a tab of the browser. It is for one goroutine.
type Tab struct {
	Close func()

	ctx  context.Context
	host string // the only host that pages may request

	mu      sync.Mutex // guards the fields below; the driver calls onBrowserEvent on another goroutine
	address string     // of the page
	trouble []Finding
	asked   map[string]string // URLs of running requests by id
}

// Screen is a screen that a page is shown on.
type Screen struct {
	Name          string
	Width, Height int64 // CSS pixels
	Phone         bool
	Dark          bool
}

// Screens returns the screens that pages are checked on: desktop, phone and small phone, each light and dark.
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

// runActions runs actions within MaxWait.
func (t *Tab) runActions(actions ...chromedp.Action[chromedp.Void]) error {
	ctx, cancel := context.WithTimeout(t.ctx, MaxWait)
	defer cancel()
	return chromedp.Do(ctx, actions...)
}

// sendCommand is the action that sends one command of the DevTools protocol and drops its result.
func sendCommand[P, R any](command cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, command, params)
		return err
	})
}

// Show changes the screen of the current page.
func (t *Tab) Show(s Screen) error {
	scheme := "light"
	if s.Dark {
		scheme = "dark"
	}
	shown := fmt.Sprintf("screen.width === %d && matchMedia('(prefers-color-scheme: %s)').matches", s.Width, scheme)
	err := t.runActions(
		sendCommand(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width:             s.Width,
			Height:            s.Height,
			DeviceScaleFactor: 1,
			Mobile:            s.Phone,
			ScreenWidth:       s.Width,
			ScreenHeight:      s.Height,
		}),
		sendCommand(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{
				{Name: "prefers-color-scheme", Value: scheme},
				{Name: "prefers-reduced-motion", Value: "reduce"}, // so that the checks see the end of a change, not its middle
			},
		}),
		awaitCondition(shown),
	)
	if err != nil {
		return fmt.Errorf("show on %s: %w", s, err)
	}
	return nil
}

// awaitCondition waits in the page until a JavaScript condition holds.
func awaitCondition(condition string) chromedp.Action[chromedp.Void] {
	wait := "new Promise(done => { const look = () => " + condition + " ? done(true) : setTimeout(look, 5); look(); })"
	return chromedp.Evaluate[chromedp.Void](wait, chromedp.EvalAwaitPromise)
}

// Until looks at the page, and at those that it leads to by itself, until a JavaScript condition holds, at most MaxWait.
func (t *Tab) Until(condition string) error {
	for deadline := time.Now().Add(MaxWait); ; {
		var holds bool
		err := t.Eval(condition, &holds)
		if holds {
			return nil
		}
		if t.ctx.Err() != nil || time.Now().After(deadline) {
			return errors.Join(fmt.Errorf("it never holds that %s", condition), err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// Scripts turns the page's own JavaScript on or off; Check works either way, Show needs it on.
func (t *Tab) Scripts(on bool) error {
	return t.runActions(sendCommand(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on}))
}

// Speak sets the language that the browser requests, in BCP 47.
func (t *Tab) Speak(language string) error {
	return t.runActions(sendCommand(network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{
		Headers: network.Headers{"Accept-Language": language},
	}))
}

// Open loads an address with all its resources and returns the HTTP status. It drops earlier findings of Trouble.
func (t *Tab) Open(address string) (status int, err error) {
	t.mu.Lock()
	t.trouble = nil
	t.asked = nil
	t.address = address
	t.mu.Unlock()
	return t.awaitPage(chromedp.Navigate(address))
}

// Click clicks the element of a CSS selector, waits for the page that it leads to, and returns that page's HTTP status.
func (t *Tab) Click(selector string) (status int, err error) {
	return t.awaitPage(chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// Tick clicks the element of a CSS selector that leads to no other page.
func (t *Tab) Tick(selector string) error {
	return t.runActions(chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// Press presses keys, such as kb.Tab, that lead to no other page.
func (t *Tab) Press(keys string) error { return t.runActions(chromedp.KeyEvent(keys)) }

// Enter presses Enter, waits for the page that it leads to, and returns that page's HTTP status.
func (t *Tab) Enter() (status int, err error) { return t.awaitPage(chromedp.KeyEvent(kb.Enter)) }

func (t *Tab) awaitPage(action chromedp.Action[chromedp.Void]) (int, error) {
	ctx, cancel := context.WithTimeout(t.ctx, MaxWait)
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

// Eval evaluates JavaScript in the page into a Go value, by way of JSON. out is a pointer, or nil for an expression whose
// result is dropped.
func (t *Tab) Eval(expression string, out any) error {
	if out == nil {
		return t.runActions(chromedp.Evaluate[chromedp.Void](expression))
	}
	ctx, cancel := context.WithTimeout(t.ctx, MaxWait)
	defer cancel()
	result, err := chromedp.Run(ctx, chromedp.Evaluate[[]byte](expression))
	if err != nil {
		return err
	}
	return json.Unmarshal(result, out)
}

// Await is Eval for an expression that is a promise: out gets what it comes to.
func (t *Tab) Await(expression string, out any) error {
	ctx, cancel := context.WithTimeout(t.ctx, MaxWait)
	defer cancel()
	result, err := chromedp.Run(ctx, chromedp.Evaluate[[]byte](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		return err
	}
	return json.Unmarshal(result, out)
}

// Picture takes a PNG picture of the page between left and left+width, from the top to its end. All are CSS pixels.
func (t *Tab) Picture(left, width int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(t.ctx, MaxWait)
	defer cancel()
	picture, err := chromedp.Run(ctx, capturePage(left, width))
	if err != nil {
		return nil, fmt.Errorf("take a picture: %w", err)
	}
	return picture, nil
}

// Screenful takes a PNG picture of the upper part of the page, at most height high, reduced by scale (1: as it is). All are CSS pixels.
func (t *Tab) Screenful(width, height int64, scale float64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(t.ctx, MaxWait)
	defer cancel()
	picture, err := chromedp.Run(ctx, captureClip(page.Viewport{Width: float64(width), Height: float64(height), Scale: scale}))
	if err != nil {
		return nil, fmt.Errorf("take a picture: %w", err)
	}
	return picture, nil
}

// capturePage is the action that Picture runs.
func capturePage(left, width int64) chromedp.Action[[]byte] {
	return captureClip(page.Viewport{X: float64(left), Width: float64(width), Height: math.Inf(1), Scale: 1})
}

// captureClip is the action that takes a picture of a part of the page; a part that reaches beyond the page's end ends there.
func captureClip(clip page.Viewport) chromedp.Action[[]byte] {
	return func(ctx context.Context, target *chromedp.Target) ([]byte, error) {
		// The browser draws only the tab in front.
		if _, err := cdp.Call(ctx, target, page.BringToFront, cdp.Empty{}); err != nil {
			return nil, err
		}
		height, err := chromedp.Evaluate[float64](`Math.ceil(document.body.getBoundingClientRect().bottom)`)(ctx, target)
		if err != nil {
			return nil, err
		}
		clip.Height = min(clip.Height, height)
		shot, err := cdp.Call(ctx, target, page.CaptureScreenshot, page.CaptureScreenshotParams{
			Clip:                  &clip,
			CaptureBeyondViewport: new(true),
		})
		return shot.Data, err
	}
}

// Trouble returns the findings since Open: errors on the console, requests that failed, and requests to another machine.
func (t *Tab) Trouble() ([]Finding, error) {
	// The browser's earlier events have been handled when this answer arrives.
	if err := t.Eval("0", nil); err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.trouble), nil
}
