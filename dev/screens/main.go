// Command screens takes the pictures of docs/images from a running `go run ./dev`, in headless Chromium (Debian's package
// chromium). Run it while a term is being played:
//
//	go run ./dev/screens
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/alecthomas/kong"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

type flags struct {
	Query string `default:"HomeroomRules = 'quiz-retry' AND ExecutionStatus = 'Running'" help:"Finds the workflow to show."`
	Mail  string `default:"certificate-ready" help:"Which message to show."`
	Inbox string `default:"http://127.0.0.1:8025" help:"The inbox."`
	UI    string `name:"ui" default:"http://127.0.0.1:8233" help:"The Temporal UI."`
	Out   string `default:"docs/images" help:"Where the pictures go."`
}

func main() {
	var f flags
	kong.Parse(&f, kong.Description("Takes the pictures of docs/images from a running dev stack."))
	if err := f.takePictures(); err != nil {
		fmt.Fprintln(os.Stderr, "screens:", err)
		os.Exit(1)
	}
}

func (f flags) takePictures() error {
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("hide-scrollbars", true))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	if err := os.MkdirAll(f.Out, 0o755); err != nil {
		return err
	}
	link := chromedp.CSS(`a[href^="/mail/"]`)
	if err := chromedp.Do(ctx, chromedp.Navigate(f.Inbox+"/?q="+url.QueryEscape(f.Mail)), chromedp.WaitVisible(link)); err != nil {
		return fmt.Errorf("looking for a mail of %s: %w", f.Mail, err)
	}
	mail, err := chromedp.Run(ctx, chromedp.AttributeValue(link, "href"))
	if err != nil {
		return fmt.Errorf("looking for a mail of %s: %w", f.Mail, err)
	}
	workflow, err := f.findWorkflow()
	if err != nil {
		return err
	}
	for _, shot := range []struct {
		name, url     string
		width, height int64
	}{
		{"temporal-learner.png", workflow + "/user-metadata", 1400, 1000},
		{"inbox.png", f.Inbox + "/", 1100, 860},
		{"mail.png", f.Inbox + mail.Value, 1100, 1010},
	} {
		if err := f.takePicture(ctx, shot.name, shot.url, shot.width, shot.height); err != nil {
			return fmt.Errorf("%s: %w", shot.name, err)
		}
		fmt.Println(filepath.Join(f.Out, shot.name))
	}
	return nil
}

// findWorkflow is the page of the first run that the query finds.
func (f flags) findWorkflow() (string, error) {
	resp, err := http.Get(f.UI + "/api/v1/namespaces/default/workflows?query=" + url.QueryEscape(f.Query))
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
	return fmt.Sprintf("%s/namespaces/default/workflows/%s/%s", f.UI, url.PathEscape(e.WorkflowID), e.RunID), nil
}

// drawTime is how long a page gets to draw what it fetches after it is there.
const drawTime = 8 * time.Second

func (f flags) takePicture(ctx context.Context, name, address string, width, height int64) error {
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
