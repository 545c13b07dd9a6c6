// Command screens takes the pictures of docs/images that need a campus: those of the console, of the inbox and of the Temporal UI. It starts everything that
// `go run ./dev` starts, on free ports, plays the campus's term up to a day in September, and takes them in headless Chromium (Debian's package chromium):
//
//	go run ./dev/screens
//
// The same term is shown each time. What differs is how long something took.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/alecthomas/kong"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

type flags struct {
	Only    string `enum:"all,console,others" default:"all" help:"Which pictures to take: all, console or others."`
	Learner string `default:"u_021" help:"Whose page of the console to show."`
	Query   string `default:"HomeroomRules = 'certificate-share' AND ExecutionStatus = 'Running'" help:"Finds the workflow to show."`
	Mail    string `default:"certificate-ready" help:"Which message to show."`
	Out     string `default:"docs/images" help:"Where the pictures go."`
	Stay    bool   `help:"Keep everything running afterwards, to look at it, until Ctrl-C."`
}

func main() {
	var f flags
	kong.Parse(&f, kong.Description("Takes the pictures of docs/images that need a campus."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := f.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "screens:", err)
		os.Exit(1)
	}
}

// run opens the campus and takes the pictures.
func (f *flags) run(ctx context.Context) (err error) {
	s, err := openSchool(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if f.Only != "console" { // before the console's, whose broadcasts send mails
		if err := f.takeOtherPictures(ctx, s); err != nil {
			return err
		}
	}
	if f.Only != "others" {
		if err := f.takeConsolePictures(ctx, s); err != nil {
			return err
		}
	}
	if f.Stay {
		fmt.Println("The console:", s.console.URL)
		<-ctx.Done()
	}
	return nil
}

// takeOtherPictures takes the pictures of the Temporal UI and the inbox.
func (f *flags) takeOtherPictures(ctx context.Context, s *school) error {
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("hide-scrollbars", true))
	ctx, cancel := chromedp.NewExecAllocator(ctx, opts...)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	if err := os.MkdirAll(f.Out, 0o755); err != nil {
		return err
	}
	link := chromedp.CSS(`a[href^="/mail/"]`)
	if err := chromedp.Do(ctx, chromedp.Navigate(s.stack.InboxURL+"/?q="+url.QueryEscape(f.Mail)), chromedp.WaitVisible(link)); err != nil {
		return fmt.Errorf("looking for a mail of %s: %w", f.Mail, err)
	}
	mail, err := chromedp.Run(ctx, chromedp.AttributeValue(link, "href"))
	if err != nil {
		return fmt.Errorf("looking for a mail of %s: %w", f.Mail, err)
	}
	workflow, err := f.findWorkflow(s.stack.UIURL)
	if err != nil {
		return err
	}
	for _, shot := range []struct {
		name, url     string
		width, height int64
	}{
		{"temporal-learner.png", workflow + "/user-metadata", 1400, 1000},
		{"inbox.png", s.stack.InboxURL + "/", 1100, 860},
		{"mail.png", s.stack.InboxURL + mail.Value, 1100, 1010},
	} {
		if err := f.takePicture(ctx, shot.name, shot.url, shot.width, shot.height); err != nil {
			return fmt.Errorf("%s: %w", shot.name, err)
		}
		fmt.Println(filepath.Join(f.Out, shot.name))
	}
	return nil
}

// findWorkflow returns the page of the first run that the query finds.
func (f *flags) findWorkflow(ui string) (string, error) {
	resp, err := http.Get(ui + "/api/v1/namespaces/default/workflows?query=" + url.QueryEscape(f.Query))
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var found struct {
		Executions []struct {
			Execution struct{ WorkflowID, RunID string }
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&found); err != nil {
		return "", fmt.Errorf("looking for a workflow: %w", err)
	}
	if len(found.Executions) == 0 {
		return "", fmt.Errorf("no workflow fits %s just now; try again", f.Query)
	}
	e := found.Executions[0].Execution
	return fmt.Sprintf("%s/namespaces/default/workflows/%s/%s", ui, url.PathEscape(e.WorkflowID), e.RunID), nil
}

// drawTime is how long a page gets to draw what it fetches after it is there.
const drawTime = 8 * time.Second

func (f *flags) takePicture(ctx context.Context, name, address string, width, height int64) error {
	tab, cancel := chromedp.NewContext(ctx)
	defer cancel()
	size := emulation.SetDeviceMetricsOverrideParams{
		Width:             width,
		Height:            height,
		DeviceScaleFactor: 1,
		Mobile:            width < 500,
	}
	if _, err := chromedp.Call(tab, emulation.SetDeviceMetricsOverride, size); err != nil {
		return err
	}
	light := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "light"}}}
	if _, err := chromedp.Call(tab, emulation.SetEmulatedMedia, light); err != nil {
		return err
	}
	// Not waited for: the Temporal UI never stops loading.
	go func() { _ = chromedp.Do(tab, chromedp.Navigate(address)) }()
	if err := chromedp.Do(tab, chromedp.Sleep(drawTime)); err != nil {
		return err
	}
	picture, err := chromedp.Run(tab, chromedp.CaptureScreenshot())
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(f.Out, name), picture, 0o644)
}
