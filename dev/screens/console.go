package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"homeroom/admin"
	"homeroom/dev/browser"
	"homeroom/internal/clock"
)

// consolePicture is a page of the console and the file of its picture.
type consolePicture struct {
	file    string
	path    string
	height  int64                                              // of the picture by day, in pixels
	prepare func(*school, context.Context, *browser.Tab) error // makes what the page shows; nil: it is there
}

// consolePictures lists the pages that are shown. Broadcasts change what other pages show, so they are the last.
func (f *flags) consolePictures() []consolePicture {
	return []consolePicture{
		{file: "console-overview.png", path: "/", height: 900},
		{file: "console-rule.png", path: "/rules/quiz-retry", height: 820},
		{file: "console-backtest.png", path: "/drafts/maya/backtest", height: 820},
		{file: "console-draft.png", path: "/drafts/maya", height: 900},
		{file: "console-lift.png", path: "/lift", height: 1580},
		{file: "console-learner.png", path: "/learners/" + f.Learner + "?not=in+force&rule=quiz-retry", height: 1100},
		{file: "console-risk.png", path: "/at-risk?course=crs_python101", height: 900},
		{file: "console-message.png", path: "/messages/certificate-ready", height: 820},
		{file: "console-events.png", path: "/events", height: 900},
		{file: "console-broadcasts.png", path: "/broadcasts", height: 650, prepare: (*school).startBroadcasts},
	}
}

// The screens of the pictures: each page on a desk by day, all of them on a desk by night, reduced, and on a phone.
var (
	byDay   = browser.Screen{Name: "desktop", Width: 1100, Height: 760}
	byNight = browser.Screen{Name: "desktop", Width: 1100, Height: 760, Dark: true}
	onPhone = browser.Screen{Name: "phone", Width: 390, Height: 844, Phone: true}
)

const (
	reduced = 0.6
	columns = 2 // of the sheet by night
	phones  = 5 // in a row of the sheet of phones

	maxPicture = 250_000 // bytes: everybody who clones the repository gets them
)

// takeConsolePictures takes the pictures of the console.
func (f *flags) takeConsolePictures(ctx context.Context, s *school) (err error) {
	chromium, err := browser.Start(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, chromium.Close()) }()
	tab, err := chromium.Tab(strings.TrimPrefix(s.console.URL, "http://"))
	if err != nil {
		return err
	}
	defer tab.Close()
	if err := s.proposeDraft(ctx, tab); err != nil {
		return err
	}
	var nights [][]byte
	var small [][]byte
	for _, p := range f.consolePictures() {
		desk := byDay
		desk.Height = p.height
		if p.prepare != nil {
			if err := p.prepare(s, ctx, tab); err != nil {
				return fmt.Errorf("%s: %w", p.file, err)
			}
		}
		day, err := s.takeScreen(ctx, tab, p.path, desk, 1)
		if err != nil {
			return fmt.Errorf("%s: %w", p.file, err)
		}
		if err := f.writeSheet(p.file, [][]byte{day}, 1); err != nil {
			return err
		}
		night, err := s.takeScreen(ctx, tab, p.path, byNight, reduced)
		if err != nil {
			return fmt.Errorf("%s: %w", p.file, err)
		}
		nights = append(nights, night)
		phone, err := s.takeScreen(ctx, tab, p.path, onPhone, reduced)
		if err != nil {
			return fmt.Errorf("%s: %w", p.file, err)
		}
		small = append(small, phone)
	}
	return errors.Join(f.writeSheet("console-night.png", nights, columns), f.writeSheet("console-phone.png", small, phones))
}

// proposeDraft makes a draft of maya's, backtests it on its page, and proposes it.
func (s *school) proposeDraft(ctx context.Context, tab *browser.Tab) error {
	const path = "rules/quiz-retry.yaml"
	maya := s.console.Installation.As(admin.Actor{Name: "maya", Way: admin.WayConsole})
	draft, err := maya.DraftOf(ctx, "maya")
	if err != nil {
		return err
	}
	text := strings.Replace(string(draft.Files[path]), "event.passed == false", "event.passed == false && event.score_pct <= 45", 1)
	if draft, err = maya.SaveDraft(ctx, draft, admin.FileEdit{Path: path, Content: []byte(text)}, "maya"); err != nil {
		return err
	}
	if err := tab.Show(byDay); err != nil {
		return err
	}
	if _, err := tab.Open(s.console.URL + "/drafts/maya/backtest"); err != nil {
		return err
	}
	if _, err := tab.Click("main form.inline button"); err != nil {
		return err
	}
	if err := tab.Until(`document.querySelector("main").textContent.includes("run by")`); err != nil {
		return fmt.Errorf("the backtest: %w", err)
	}
	_, err = maya.ProposeDraft(ctx, draft, admin.Proposing{By: "maya", Reason: "who nearly passed tries again anyway"})
	return err
}

// takeScreen takes a picture of as much of a page as a screen shows.
func (s *school) takeScreen(ctx context.Context, tab *browser.Tab, path string, screen browser.Screen, scale float64) ([]byte, error) {
	if err := tab.Show(screen); err != nil {
		return nil, err
	}
	if err := s.openCounted(ctx, tab, path); err != nil {
		return nil, err
	}
	if err := tab.Until(`[...document.querySelectorAll("form.editor")].every((f) => f.querySelector(".cm-content"))`); err != nil {
		return nil, fmt.Errorf("the editor: %w", err)
	}
	return tab.Screenful(screen.Width, screen.Height, scale)
}

// openCounted opens a page until everything on it is counted, at most browser.MaxWait.
func (s *school) openCounted(ctx context.Context, tab *browser.Tab, path string) error {
	for deadline := time.Now().Add(browser.MaxWait); time.Now().Before(deadline); {
		if _, err := tab.Open(s.console.URL + path); err != nil {
			return err
		}
		var counted bool
		if err := tab.Eval(`![...document.querySelectorAll("main a")].some((a) => a.textContent === "Look again" && a.checkVisibility())`, &counted); err != nil || counted {
			return err
		}
		if err := clock.Sleep(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s is still being counted", path)
}

// writeSheet writes pictures into a file, so many in a row.
func (f *flags) writeSheet(file string, pictures [][]byte, inRow int) error {
	var rows [][][]byte
	for n := 0; n < len(pictures); n += inRow {
		rows = append(rows, pictures[n:min(n+inRow, len(pictures))])
	}
	sheet, err := browser.Sheet(rows)
	if err != nil {
		return err
	}
	small, err := browser.Small(sheet)
	if err != nil {
		return err
	}
	if len(small) > maxPicture {
		return fmt.Errorf("%s would be %d bytes, more than %d", file, len(small), maxPicture)
	}
	path := filepath.Join(f.Out, file)
	fmt.Printf("%s, %d bytes\n", path, len(small))
	return os.WriteFile(path, small, 0o644)
}
