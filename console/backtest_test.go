package console_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"homeroom/console"
	"homeroom/engine"
)

// publishFailure publishes that a learner failed an assessment two days ago at noon.
func (s *site) publishFailure(learner string) {
	s.t.Helper()
	at := time.Now().UTC().Truncate(24 * time.Hour).Add(-36 * time.Hour)
	err := s.store.Events.Publish(s.t.Context(), learner, "assessment.graded", "1", at, map[string]any{"assessment_id": "a", "course_id": "c", "passed": false})
	if err != nil {
		s.t.Fatal(err)
	}
}

// awaitBacktest asks for the draft's backtest until it is over.
func (b *browser) awaitBacktest(path string) (over map[string]any) {
	b.s.t.Helper()
	for b.s.t.Context().Err() == nil {
		var answer struct {
			Backtest map[string]any `json:"backtest"`
		}
		if err := json.Unmarshal([]byte(b.get(path, "Accept", "application/json")), &answer); err != nil {
			b.s.t.Fatal(err)
		}
		if answer.Backtest["over"] == true {
			return answer.Backtest
		}
	}
	return nil
}

// TestABacktestOfADraft: a draft is backtested, the page says what changes, ids are for who may see people, and an edit makes it stale.
func TestABacktestOfADraft(t *testing.T) {
	const eds = "eddy-0123456789-0123456789"
	people := tokens(t, "maya  editor,people  "+mayas+"\ned  editor  "+eds+"\nvi  viewer  "+views+"\n")
	s := openSite(t, people, 1)
	for n := range 3 {
		s.publishFailure(fmt.Sprintf("u_%d", n))
	}
	if err := s.store.Events.Publish(t.Context(), "u_2", engine.EventAliased, "2", time.Now().Add(-time.Hour), map[string]any{engine.KeyPrevious: "u_1"}); err != nil {
		t.Fatal(err)
	}
	maya := s.browser(mayas)
	text := string(s.inForce("rules/quiz-retry.yaml"))
	sooner := strings.NewReplacer("wait: 2h", "wait: 1h", "holdout: 10%", "holdout: 0%").Replace(text)
	save := func(content string) {
		page := maya.get("/rules/quiz-retry")
		status, page := maya.do(http.MethodPost, "/files", url.Values{"path": {"rules/quiz-retry.yaml"}, "draft": {"maya"}, "revision": {field(t, revisionField, page)}, "content": {content}})
		if status != http.StatusOK {
			t.Fatalf("%d\n%s", status, page)
		}
	}
	save(sooner)
	const path = "/drafts/maya/backtest"
	if page := maya.get(path); !strings.Contains(page, "Run the backtest") {
		t.Errorf("there is no way to begin one:\n%s", page)
	}
	if status, page := maya.do(http.MethodPost, path, url.Values{"days": {"many"}}); status != http.StatusUnprocessableEntity {
		t.Errorf("%d\n%s", status, page)
	}
	if status, page := maya.do(http.MethodPost, path, url.Values{"days": {"90"}}); status != http.StatusOK {
		t.Fatalf("%d\n%s", status, page)
	}
	state := maya.awaitBacktest(path)
	if state["failed"] != nil {
		t.Fatalf("it failed: %v", state["failed"])
	}
	page := maya.get(path)
	for _, want := range []string{"3 messages change, of 3 learners", `href="/homeroom/rules/quiz-retry?draft=maya"`, "edited", "u_1", "Run it again", "1 event of the range says that two ids are one learner"} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is missing in\n%s", want, page)
		}
	}
	if page := maya.get("/drafts/maya"); !strings.Contains(page, "3 messages change, of 3 learners") {
		t.Errorf("the draft does not say it:\n%s", page)
	}
	draft, _ := s.draft("maya")
	proposed := url.Values{"revision": {strconv.FormatUint(draft.Revision, 10)}, "reason": {"sooner"}}
	if status, page := maya.do(http.MethodPost, "/drafts/maya/propose", proposed); status != http.StatusOK || !strings.Contains(page, "proposed by maya") {
		t.Fatalf("%d\n%s", status, page)
	}
	if draft, _ = s.draft("maya"); draft.Proposal.Backtest == nil || draft.Proposal.Backtest.Changes != 3 || draft.Proposal.Backtest.Base != draft.Base {
		t.Errorf("the proposal does not remember it: %+v", draft.Proposal.Backtest)
	}
	for _, token := range []string{eds, views} {
		other := s.browser(token)
		if page := other.get(path); !strings.Contains(page, "3 messages change") || strings.Contains(page, "u_1") {
			t.Errorf("somebody who may not see people sees:\n%s", page)
		}
		if next := strings.Contains(other.get("/drafts/maya"), "<strong>Next:"); next != (token == eds) {
			t.Errorf("%s is told what to do next: %v", token, next)
		}
		if answer := other.get(path, "Accept", "application/json"); strings.Contains(answer, "u_1") || strings.Contains(answer, "assessment_id=a") {
			t.Errorf("somebody's program that may not see people sees:\n%s", answer)
		}
	}
	save(text + "\n# later\n")
	if page := maya.get(path); !strings.Contains(page, "The draft was edited since") {
		t.Errorf("it does not say that it is stale:\n%s", page)
	}
	if page := maya.get("/drafts/maya"); !strings.Contains(page, "not backtested") {
		t.Errorf("the draft shows the backtest of another content:\n%s", page)
	}
}

// TestABacktestIsCancelled: it ends, and the page says so.
func TestABacktestIsCancelled(t *testing.T) {
	s := openSite(t, console.ThisMachine{Name: "maya"}, 0)
	s.publishFailure("u_1")
	b := s.browser("")
	const path = "/drafts/maya/backtest"
	for _, form := range []string{path, path + "/cancel", path, path} {
		if status, page := b.do(http.MethodPost, form, url.Values{"days": {"0"}}); status != http.StatusOK {
			t.Fatalf("%s: %d\n%s", form, status, page)
		}
	}
	if state := b.awaitBacktest(path); state["result"] == nil {
		t.Errorf("the last one did not come to its end: %v", state)
	}
}

// TestABacktestWithoutEvents says what is the matter.
func TestABacktestWithoutEvents(t *testing.T) {
	s := openSite(t, console.ThisMachine{Name: "maya"}, 0)
	b := s.browser("")
	const path = "/drafts/maya/backtest"
	b.do(http.MethodPost, path, url.Values{"days": {"90"}})
	b.awaitBacktest(path)
	if page := b.get(path); !strings.Contains(page, "there is no event in this range") {
		t.Errorf("it does not say why:\n%s", page)
	}
}
