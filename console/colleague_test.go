package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"homeroom/console"
)

// TestActingAsAColleague: where there is a second name, what one wrote is approved under the other; where there is none, nobody takes one.
func TestActingAsAColleague(t *testing.T) {
	s := openSite(t, console.ThisMachine{Name: "maya", Colleague: "colleague"}, 1)
	b := s.browser("")
	text := string(s.inForce("rules/quiz-retry.yaml"))
	revision := field(t, revisionField, b.get("/rules/quiz-retry"))
	b.do(http.MethodPost, "/files", url.Values{
		"path":     {"rules/quiz-retry.yaml"},
		"draft":    {"maya"},
		"revision": {revision},
		"content":  {strings.Replace(text, "event.passed == false", "event.passed == false && event.score_pct < 60", 1)},
	})
	written := b.get("/drafts/maya")
	if !strings.Contains(written, "Backtest says which messages change") || !strings.Contains(written, "○ not proposed") {
		t.Errorf("it is not said what to do with a draft:\n%s", written)
	}
	revision = field(t, revisionField, written)
	_, page := b.do(http.MethodPost, "/drafts/maya/propose", url.Values{"revision": {revision}, "reason": {"only who failed clearly"}})
	if strings.Contains(page, "Approve exactly this") || !strings.Contains(page, "Act as colleague") || !strings.Contains(page, "</strong> somebody else approves it.") {
		t.Errorf("maya is offered to approve what she wrote, or not to act as somebody else:\n%s", page)
	}
	_, page = b.do(http.MethodPost, "/act-as", url.Values{"back": {"/homeroom/drafts/maya"}})
	if !strings.Contains(page, "You act as colleague now.") || !strings.Contains(page, "Act as maya") || !strings.Contains(page, "Approve exactly this") {
		t.Fatalf("the colleague cannot approve:\n%s", page)
	}
	_, page = b.do(http.MethodPost, "/drafts/maya/approve", url.Values{"revision": {field(t, revisionField, page)}, "hash": {field(t, hashField, page)}})
	if !strings.Contains(page, "✓ approved by colleague") || !strings.Contains(page, "You approved exactly this.") || strings.Contains(page, "Approve exactly this") || !strings.Contains(page, "leads to Publish now") {
		t.Errorf("it is not approved:\n%s", page)
	}
	if _, page = b.do(http.MethodPost, "/act-as", url.Values{"back": {"/homeroom/drafts"}}); !strings.Contains(page, "You act as maya now.") || !strings.Contains(page, "Act as colleague") {
		t.Errorf("there is no way back:\n%s", page)
	}

	alone := openSite(t, console.ThisMachine{Name: "maya"}, 1).browser("")
	alone.client.Jar.SetCookies(&url.URL{Scheme: "http", Host: strings.TrimPrefix(alone.s.server.URL, "http://"), Path: "/homeroom/"}, []*http.Cookie{{Name: "homeroom_console_colleague", Value: "1", Path: "/"}})
	if page := alone.get("/"); strings.Contains(page, "Act as") || !strings.Contains(page, `<span class="who">You: maya</span>`) {
		t.Errorf("there is another name:\n%s", page)
	}
	if status, _ := alone.do(http.MethodPost, "/act-as", nil); status != http.StatusNotFound {
		t.Errorf("taking none leads to %d", status)
	}
}
