package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"homeroom/admin"
	"homeroom/console"
	"homeroom/dev/harness"
)

const draftBacktest = "/drafts/maya/backtest"

// shownBacktest is what the page of a backtest says to programs.
type shownBacktest struct {
	Background bool   `json:"background"`
	Unattended bool   `json:"unattended"`
	Over       bool   `json:"over"`
	Failed     string `json:"failed"`
	By         string `json:"by"`
	Days       int    `json:"days"`
	Result     *struct {
		Changes int `json:"changes"`
	} `json:"result"`
}

// awaitShown waits until the page shows what is wanted.
func (s *consoleSite) awaitShown(what string, isIt func(shown *shownBacktest) bool) {
	s.w.t.Helper()
	harness.Eventually(s.w.t, s.w.ctx, what, func() error {
		r, err := http.NewRequestWithContext(s.w.ctx, http.MethodGet, s.root+draftBacktest, nil)
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", "Bearer "+mayasToken)
		r.Header.Set("Accept", "application/json")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		var page struct {
			Backtest *shownBacktest `json:"backtest"`
		}
		if err := json.NewDecoder(answer.Body).Decode(&page); err != nil {
			return err
		}
		if page.Backtest == nil || !isIt(page.Backtest) {
			return fmt.Errorf("it shows %+v", page.Backtest)
		}
		return nil
	})
}

// saveDraft writes files into maya's draft.
func (b *backtests) saveDraft(files map[string]string) {
	b.t.Helper()
	draft, err := b.admin.DraftOf(b.ctx, "maya")
	for name, text := range files {
		if err == nil {
			draft, err = b.admin.SaveDraft(b.ctx, draft, admin.FileEdit{Path: name, Content: []byte(text)}, "maya")
		}
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// TestTheConsoleRunsALargeBacktestInTheBackground: the page says when nobody works on it; it is cancelled; it comes to its end; and a console that is started again shows the result.
func TestTheConsoleRunsALargeBacktestInTheBackground(t *testing.T) {
	t.Parallel()
	b := openBacktests(t)
	b.saveDraft(map[string]string{"rules/retry.yaml": fmt.Sprintf(pastRules, "26h")})
	s := b.openConsoleWith(console.Options{LargeBacktest: 1})

	s.must(mayasToken, draftBacktest, url.Values{"days": {"30"}})
	s.awaitShown("nobody works on it", func(shown *shownBacktest) bool { return shown.Background && shown.Unattended })
	if page := s.must(mayasToken, draftBacktest, nil); !strings.Contains(page, "Nobody works on it") || !strings.Contains(page, "Cancel") {
		t.Errorf("the page does not say that nobody works on it:\n%s", page)
	}
	s.must(mayasToken, draftBacktest+"/cancel", url.Values{})
	s.awaitShown("it is cancelled", func(shown *shownBacktest) bool { return shown.Over && shown.Failed == "It was cancelled." })

	s.must(mayasToken, draftBacktest, url.Values{"days": {"30"}})
	b.work(nil)
	isDone := func(shown *shownBacktest) bool {
		return shown.Background && shown.Over && shown.Result != nil && shown.Result.Changes > 20 && shown.By == "maya" && shown.Days == 30
	}
	s.awaitShown("it is done", isDone)
	for _, site := range []*consoleSite{s, b.openConsoleWith(console.Options{LargeBacktest: 1})} { // the second one was started afterwards
		site.awaitShown("it is shown", isDone)
		page := site.must(mayasToken, draftBacktest, nil)
		if !strings.Contains(page, "messages change, of") || strings.Contains(page, "was edited since") {
			t.Errorf("the page does not show it:\n%s", page)
		}
		if page := site.must(mayasToken, "/drafts/maya", nil); !strings.Contains(page, "messages change, of") {
			t.Errorf("the draft does not show it:\n%s", page)
		}
	}
}

// TestAConsoleThatIsStartedAgainFollowsABacktest: it runs on without the console that began it, and the next one cancels it.
func TestAConsoleThatIsStartedAgainFollowsABacktest(t *testing.T) {
	t.Parallel()
	b := openBacktests(t)
	b.saveDraft(map[string]string{"rules/retry.yaml": fmt.Sprintf(pastRules, "26h")})
	b.openConsoleWith(console.Options{LargeBacktest: 1}).must(mayasToken, draftBacktest, url.Values{"days": {"0"}})
	halted, _ := b.workHalting()
	b.awaitHalt(halted)
	s := b.openConsoleWith(console.Options{LargeBacktest: 1})
	s.awaitShown("it goes on", func(shown *shownBacktest) bool { return shown.Background && !shown.Over && shown.By == "maya" })
	s.must(mayasToken, draftBacktest+"/cancel", url.Values{})
	if ended := b.await(admin.DraftBacktest("maya")); ended.Status != admin.BackgroundCancelled {
		t.Errorf("it ended as %+v", ended)
	}
}

// TestAnotherConsoleShowsABacktest: one that was begun in the background elsewhere is live on every console whose page is opened, also after an earlier one there.
func TestAnotherConsoleShowsABacktest(t *testing.T) {
	t.Parallel()
	b := openBacktests(t)
	b.saveDraft(map[string]string{"rules/retry.yaml": fmt.Sprintf(pastRules, "26h")})
	one := b.openConsoleWith(console.Options{LargeBacktest: 1})
	other := b.openConsoleWith(console.Options{LargeBacktest: 1})
	if page := other.must(mayasToken, draftBacktest, nil); strings.Contains(page, `id="progress"`) {
		t.Fatal("there is a backtest before one was begun")
	}
	halted, _ := b.workHalting()
	isLive := func(shown *shownBacktest) bool { return shown.Background && !shown.Over && shown.By == "maya" }
	for _, days := range []string{"0", "30"} {
		one.must(mayasToken, draftBacktest, url.Values{"days": {days}})
		b.awaitHalt(halted)
		other.awaitShown("it is live over "+days+" days", func(shown *shownBacktest) bool { return isLive(shown) && fmt.Sprint(shown.Days) == days })
		other.must(mayasToken, draftBacktest+"/cancel", url.Values{})
		for _, s := range []*consoleSite{one, other} {
			s.awaitShown("it is cancelled", func(shown *shownBacktest) bool { return shown.Over && shown.Failed == "It was cancelled." })
		}
	}
}

// TestALargeFolderRunsInTheProcess: what cannot be handed to a workflow is backtested all the same.
func TestALargeFolderRunsInTheProcess(t *testing.T) {
	t.Parallel()
	b := openBacktests(t)
	b.saveDraft(largeFiles())
	s := b.openConsoleWith(console.Options{LargeBacktest: 1})
	s.must(mayasToken, draftBacktest, url.Values{"days": {"30"}})
	s.awaitShown("it is done", func(shown *shownBacktest) bool { return !shown.Background && shown.Over && shown.Result != nil })
}
