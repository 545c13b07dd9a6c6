package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"homeroom/console"
	"homeroom/engine"
)

// TestTheHead: it says whether messages go out, what stopping does, who one is, and leads to the events and, for who may see it, to the audit.
func TestTheHead(t *testing.T) {
	people := tokens(t, "maya  editor  "+mayas+"\ntom  approver  "+toms+"\n")
	s := openSite(t, people, 1)
	maya := s.browser(mayas)
	tom := s.browser(toms)
	holds := func(page string, wanted map[string]bool) {
		t.Helper()
		for text, want := range wanted {
			if strings.Contains(page, text) != want {
				t.Errorf("that the page has %q is %t:\n%s", text, !want, page)
			}
		}
	}
	holds(maya.get("/"), map[string]bool{
		"Sending is on":                          true,
		"You: maya":                              true,
		"Stop all sending":                       false,
		`href="/homeroom/events"`:                true,
		`href="/homeroom/audit"`:                 false,
		`<h2>Is Homeroom at work?</h2>`:          true,
		"Whoever operates it starts":             true,
		"an approver can stop all of it":         true,
		"No process of Homeroom reports itself.": false,
	})
	holds(tom.get("/"), map[string]bool{
		"You: tom":         true,
		"Stop all sending": true,
		"No message of any rule goes out to anybody, until somebody resumes.": true,
		`href="/homeroom/audit"`: true,
	})
	status, page := tom.do(http.MethodPost, "/pause", url.Values{"note": {"for the tests"}})
	if status != http.StatusOK {
		t.Fatal(status)
	}
	holds(page, map[string]bool{
		"Sending is paused":                     true,
		"Paused by tom just now: for the tests": true,
		"Sending is on":                         false,
	})
	for path, section := range map[string]string{"/events": "Events", "/deadletters": "Events", "/audit": "Audit"} {
		found := regexp.MustCompile(`(?s)<nav aria-label="Pages">.*?aria-current="page">([^<]*)</a>`).FindStringSubmatch(tom.get(path))
		if found == nil || found[1] != section {
			t.Errorf("%s stands under %q, want %s", path, found, section)
		}
	}
	for path, other := range map[string]string{"/events": "/homeroom/deadletters", "/deadletters": "/homeroom/events"} {
		if tabs := regexp.MustCompile(`(?s)<nav class="tabs".*?</nav>`).FindString(maya.get(path)); !strings.Contains(tabs, `href="`+other+`"`) {
			t.Errorf("%s does not lead to %s: %q", path, other, tabs)
		}
	}
}

// TestWordsForAGrowthTeam: a process is told by what it does, a publication by what was chosen for learners under way, and the holdout stands in the flow.
func TestWordsForAGrowthTeam(t *testing.T) {
	s := openSite(t, console.ThisMachine{Name: "maya"}, 0)
	b := s.browser("")
	if page := b.get("/revisions"); !strings.Contains(page, "<td>finish on the rules they began with</td>") {
		t.Errorf("the revisions do not say what becomes of those under way:\n%s", page)
	}
	if page := b.get("/rules/quiz-retry"); !strings.Contains(page, "The holdout, 10\u00a0% of the learners, gets nothing here and goes on, for comparison.") {
		t.Errorf("the flow does not show the holdout:\n%s", page)
	}
	s.decide(engine.Decision{ID: "1", Learner: "u_1", Kind: engine.KindSent, Run: "r1", Step: "2", Message: "quiz-retry", Channel: engine.ChannelPush})
	if page := b.get("/learners/u_1"); !strings.Contains(page, `went to the provider <span class="tag">as a push</span>`) {
		t.Errorf("the story does not say how a message went:\n%s", page)
	}
}
