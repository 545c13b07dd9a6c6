package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// MaxWait is how long one step in the browser may take. It is long because test machines are busy.
const MaxWait = 60 * time.Second

// Env names the browser to use instead of the installed Chromium.
const Env = "HOMEROOM_BROWSER"

// ErrNoBrowser says that no browser was found, and what to do.
var ErrNoBrowser = errors.New("no browser found: install Chromium (Debian: apt-get install chromium), or say in " + Env + " where one is")

// Browser is a running browser without a window. It can reach this machine only.
type Browser struct {
	ctx  context.Context
	stop []context.CancelFunc
	home string // the folder of its profile
}

// Find returns the path of the browser to use, or an error that wraps ErrNoBrowser.
func Find() (string, error) {
	if named := os.Getenv(Env); named != "" {
		path, err := exec.LookPath(named)
		if err != nil {
			return "", fmt.Errorf("%w (%s is %q)", ErrNoBrowser, Env, named)
		}
		return path, nil
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "headless-shell"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", ErrNoBrowser
}

// Start starts the browser. Close ends it.
func Start(ctx context.Context) (*Browser, error) {
	path, err := Find()
	if err != nil {
		return nil, err
	}
	b := &Browser{}
	if b.home, err = os.MkdirTemp("", "homeroom-browser-"); err != nil {
		return nil, fmt.Errorf("make a folder for the browser: %w", err)
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(b.home), chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.Flag("disable-component-update", true), chromedp.Flag("hide-scrollbars", true),
		// Requests to other machines fail at once and become findings.
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"))
	ctx, stop := chromedp.NewExecAllocator(ctx, opts...)
	b.stop = append(b.stop, stop)
	b.ctx, stop = chromedp.NewContext(ctx, chromedp.WithErrorf(discardDriverErrors))
	b.stop = append(b.stop, stop)
	if err := chromedp.Do(b.ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", path, err), b.Close())
	}
	return b, nil
}

// discardDriverErrors drops the driver's errors about messages of browsers that are newer than the driver.
func discardDriverErrors(string, ...any) {}

// Close ends the browser and removes what it wrote.
func (b *Browser) Close() error {
	err := chromedp.Cancel(b.ctx) // waits for the browser's end, so that it does not write into the folder any more
	for len(b.stop) > 0 {
		last := len(b.stop) - 1
		b.stop[last]()
		b.stop = b.stop[:last]
	}
	return errors.Join(err, os.RemoveAll(b.home))
}

// Tab opens a tab. Requests of its pages to any other host than host (host:port) become findings.
func (b *Browser) Tab(host string) (*Tab, error) {
	t := &Tab{host: host}
	t.ctx, t.Close = chromedp.NewContext(b.ctx, chromedp.WithListener(t.onBrowserEvent))
	// A tab lives as long as the context of its first call, so this context has no deadline.
	if err := chromedp.Do(t.ctx); err != nil {
		t.Close()
		return nil, fmt.Errorf("open a tab: %w", err)
	}
	err := t.runActions(
		sendCommand(network.Enable, network.EnableParams{}),
		sendCommand(network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true}),
		// The focus is emulated so that the keyboard works in every tab, not only in the last one opened.
		sendCommand(emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}),
	)
	if err != nil {
		t.Close()
		return nil, fmt.Errorf("open a tab: %w", err)
	}
	return t, nil
}
