//go:build browser

package browser_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"go.temporal.io/sdk/client"

	"homeroom/admin"
	"homeroom/console"
	"homeroom/dev/browser"
	"homeroom/engine"
	"homeroom/internal/natstest"
	"homeroom/rules"
	"homeroom/store"
	"homeroom/triggers"
)

// consoleStand is a console over a real NATS with the example academy in force, and a tab that looks at it. There is no Temporal.
type consoleStand struct {
	t            *testing.T
	tab          *browser.Tab
	root         string // the console's address, without a slash at its end
	installation *admin.Installation
	store        *store.Store
	nats         *nats.Conn
}

// newConsole serves a console at the root of an address, and opens a tab that looks at it.
func newConsole(t *testing.T) (*browser.Tab, string, *admin.Installation) {
	t.Helper()
	return newConsoleBehind(t, func(h http.Handler) http.Handler { return h })
}

// newConsoleBehind is newConsole with something in front of the console.
func newConsoleBehind(t *testing.T, front func(http.Handler) http.Handler) (*browser.Tab, string, *admin.Installation) {
	t.Helper()
	s := startConsole(t, "", front)
	return s.tab, s.root, s.installation
}

// startConsole serves a console under a path, "" or such as /team, with something in front of it.
func startConsole(t *testing.T, prefix string, front func(http.Handler) http.Handler) *consoleStand {
	t.Helper()
	return startConsoleOf(t, prefix, front, nil)
}

// startConsoleOf is startConsole with a Temporal; nil: none.
func startConsoleOf(t *testing.T, prefix string, front func(http.Handler) http.Handler, temporal client.Client) *consoleStand {
	t.Helper()
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1") // nobody listens there
	server, _, st := natstest.Open(t)
	s := &consoleStand{t: t, store: st}
	s.nats, _ = server.Connect()
	academy, problems := rules.LoadDir("../../examples/academy")
	if academy == nil {
		t.Fatal(problems)
	}
	s.putInForce(academy, 1, "the first rules")
	var err error
	s.installation, err = admin.Connect(t.Context(), admin.ConnectOptions{Name: "console test", NATS: admin.NATSOptions{URL: server.URL()}, Actor: admin.Actor{Name: "maya", Way: admin.WayConsole}, Directly: true, Temporal: temporal, Now: time.Now})
	must(t, err)
	t.Cleanup(s.installation.Close)
	var pages http.Handler
	s.tab, s.root = serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { pages.ServeHTTP(w, r) }))
	s.root += prefix
	c, err := console.New(console.Options{
		Installation: s.installation,
		People:       console.ThisMachine{Name: "maya"},
		URL:          s.root,
		Log:          slog.New(slog.DiscardHandler),
	})
	must(t, err)
	t.Cleanup(c.Close)
	pages = front(c.Handler())
	for _, learner := range []string{"u_1", "u_2"} { // who failed an assessment lately
		must(t, st.Events.Publish(t.Context(), learner, "assessment.graded", "1", noon.AddDate(0, 0, -2), map[string]any{"assessment_id": "a", "passed": false}))
	}
	for n, learner := range []string{"u_1", "u_2"} { // who are in a course that is under way
		begun := time.Now().AddDate(0, 0, -20)
		must(t, st.Events.Publish(t.Context(), learner, "enrollment.created", "2", begun, map[string]any{"course_id": "crs_go"}))
		must(t, st.Events.Publish(t.Context(), learner, "lesson.started", "3", begun.AddDate(0, 0, 4+9*n), map[string]any{"course_id": "crs_go", "lesson_id": "l"}))
	}
	return s
}

// putInForce writes an academy as the publication in force.
func (s *consoleStand) putInForce(academy *rules.Academy, number int, note string) {
	s.t.Helper()
	must(s.t, s.store.Rulesets.Put(s.t.Context(), store.Bundle{Hash: academy.Ruleset.Hash, Files: academy.Files, Author: "lee", At: noon}))
	before, err := s.store.Rulesets.Current(s.t.Context())
	must(s.t, err)
	_, err = s.store.Rulesets.SetCurrent(s.t.Context(), store.Pointer{Number: number, Hash: academy.Ruleset.Hash, Author: "lee", Note: note, At: noon, Revision: before.Revision})
	must(s.t, err)
}

// save puts a file into somebody's draft and returns the draft.
func (s *consoleStand) save(author, path, content string) admin.Draft {
	s.t.Helper()
	draft, err := s.installation.DraftOf(s.t.Context(), author)
	must(s.t, err)
	draft, err = s.installation.As(admin.Actor{Name: author, Way: admin.WayConsole}).SaveDraft(s.t.Context(), draft, admin.FileEdit{Path: path, Content: []byte(content)}, author)
	must(s.t, err)
	return draft
}

// fill gives every page something to show: an earlier revision, drafts, a proposal with a comment, a backtest, decisions about u_1, the growth loop and dead
// letters. It returns the hash of the earlier revision.
func (s *consoleStand) fill() (earlier string) {
	s.t.Helper()
	ctx := s.t.Context()
	first, err := s.store.Rulesets.Current(ctx)
	must(s.t, err)
	base, err := s.installation.DraftOf(ctx, "maya")
	must(s.t, err)
	rule := string(base.Files["rules/quiz-retry.yaml"])
	base.Files["rules/quiz-retry.yaml"] = []byte(strings.Replace(rule, "wait: 2h", "wait: 3h", 1))
	academy, err := admin.LoadFiles(base.Files).Compiled()
	must(s.t, err)
	s.putInForce(academy, 2, "an hour more")

	maya := s.installation.As(admin.Actor{Name: "maya", Way: admin.WayConsole})
	draft := s.save("maya", "rules/quiz-retry.yaml", strings.NewReplacer("wait: 2h", "wait: 1h", "holdout: 10%", "holdout: 0%").Replace(rule))
	draft, err = maya.ProposeDraft(ctx, draft, admin.Proposing{By: "maya", Reason: "people try again while they still remember the questions"})
	must(s.t, err)
	_, err = maya.CommentOnDraft(ctx, draft, "maya", "Two learners in the last ninety days.")
	must(s.t, err)
	s.save("tom", "rules/welcome.yaml", "rule: welcome\nwhen: {event: enrolment.created}\ndo: [{send: welcom}]\n")

	lately := time.Now().Add(-time.Hour).UTC()
	decisions := []engine.Decision{
		{ID: "1", Kind: engine.KindStarted, Run: "r1"},
		{ID: "2", Kind: engine.KindSent, Run: "r1", Step: "2", Send: "s1", Message: "quiz-retry", Exposure: &engine.Exposure{Group: engine.GroupTreated, Holdout: 10, Within: 60}},
		{ID: "3", Kind: engine.KindStarted, Run: "r2"},
		{ID: "4", Kind: engine.KindSkipped, Reason: engine.ReasonCap, Run: "r2", Step: "2", Message: "quiz-retry"},
		{ID: "5", Kind: engine.KindStarted, Run: "r3"},
		{ID: "6", Kind: engine.KindExited, Reason: engine.ReasonUntil, Run: "r3"},
	}
	for n := range decisions {
		decisions[n].Learner = "u_1"
		decisions[n].Rule = "quiz-retry"
		decisions[n].At = lately
	}
	must(s.t, s.store.Decisions.Publish(ctx, decisions))
	must(s.t, s.store.Events.Publish(ctx, "u_1", "certificate.shared", "c1", lately, map[string]any{"certificate_id": "c1"}))

	refused := nats.NewMsg("dead.u_9.lesson.complete")
	refused.Data = []byte("{}")
	refused.Header.Set(triggers.HeaderReason, "unknown_event")
	refused.Header.Set(triggers.HeaderMessage, "lesson.complete is not an event that is known here")
	refused.Header.Set(triggers.HeaderHint, "did you mean lesson.completed?")
	refused.Header.Set(triggers.HeaderSubject, "learning.u_9.lesson.complete")
	must(s.t, s.nats.PublishMsg(refused))
	must(s.t, s.nats.Flush())
	return first.Hash
}
