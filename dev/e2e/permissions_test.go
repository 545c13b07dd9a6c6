package e2e

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/admin"
	"homeroom/app"
	"homeroom/dev/harness"
	"homeroom/dev/instance"
	"homeroom/dev/servers"
	"homeroom/dev/stack"
	"homeroom/engine"
	"homeroom/internal/clock"
	"homeroom/internal/natstest"
	"homeroom/internal/standin"
	"homeroom/rules"
	"homeroom/store"
	"homeroom/subjects"
)

// TestHomeroomWorksUnderItsPermissions runs the three roles as three users of deploy/nats, from the platform's event to the
// mail, the provider's webhook and the learner who unsubscribes. The server must refuse nothing.
func TestHomeroomWorksUnderItsPermissions(t *testing.T) {
	f := natstest.OpenAccounts(t, "../../deploy/nats", "")
	operator := f.Setup()
	ctx := harness.Deadline(t)
	s := startOtherServers(t, ctx)
	open := func(user string, role app.Role, academy *rules.Academy) *instance.Instance {
		t.Helper()
		own := &stack.Stack{NATSURL: f.URL(user), TemporalAddress: s.TemporalAddress, Namespace: s.Namespace, Mail: s.Mail, InboxURL: s.InboxURL}
		h, err := instance.Open(ctx, own, instance.Options{Academy: academy, Clock: clock.Real(), Roles: []app.Role{role}})
		if err != nil {
			t.Fatalf("%s: %v; refused so far: %q", user, err, f.Refused())
		}
		t.Cleanup(h.Close)
		return h
	}
	retry := harness.Academy(t, map[string]string{
		"rules/retry.yaml":     "rule: retry\nwhen: {event: assessment.graded, if: event.passed == false}\nper: assessment_id\ndo:\n  - send: nudge\n  - set: {struggles: true}\n",
		"rules/milestone.yaml": "rule: milestone\nwhen: {event: accreditation.milestone_reached, audience: {in: platform}}\ndo:\n  - send: nudge\n",
	})
	worker := open("homeroom-worker", app.RoleWorker, retry)
	triggers := open("homeroom-triggers", app.RoleTriggers, nil)
	edge := open("homeroom-edge", app.RoleEdge, nil) // the last: the webhook leads here

	_, platform := f.Connect("platform")
	publishBody(t, ctx, platform, "u_42", "assessment.graded", map[string]any{
		"id": "e1", "properties": map[string]any{"assessment_id": "a1", "score_pct": 40, "passed": false, "grader_type": "auto"},
		"traits": map[string]any{"email": "ada@learners.example", "first_name": "Ada"},
	})
	publishBody(t, ctx, platform, "u_43", "lesson.complete", map[string]any{"id": "e2"}) // a dead letter
	if err := s.Mail.Wait(ctx, func(c standin.Counts) bool { return c.Accepted == 1 }); err != nil {
		t.Fatalf("no mail: %v; refused so far: %q", err, f.Refused())
	}
	mail := s.Mail.Messages("ada@learners.example")[0]
	awaitMessage(t, ctx, operator, subjects.Stream, "learning.*.u_42.learner.trait_set") // published by the worker, which may publish no other event
	awaitMessage(t, ctx, operator, subjects.Stream, "learning.*.u_42.email.delivered")   // reported by webhook, published by the edge
	link, err := url.Parse(mail.UnsubscribeURL())                                        // its host is the worker's; the edge of this test listens on another
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.PostForm(edge.EdgeURL+link.Path, url.Values{"List-Unsubscribe": {"One-Click"}})
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("unsubscribing: %s", answer.Status)
	}
	awaitMessage(t, ctx, operator, subjects.Stream, "learning.*.u_42.email.unsubscribed")
	publishBody(t, ctx, platform, "u_42", "assessment.graded", map[string]any{
		"id": "e3", "properties": map[string]any{"assessment_id": "a2", "score_pct": 40, "passed": false, "grader_type": "auto"},
	})
	awaitMessage(t, ctx, operator, subjects.DecisionStream, subjects.Decision("u_42", "retry", string(engine.KindSkipped)))
	awaitMessage(t, ctx, operator, subjects.DeadStream, "dead.u_43.>")
	publishBody(t, ctx, platform, subjects.NoLearner, "accreditation.milestone_reached", map[string]any{"id": "e4", "properties": map[string]any{"milestone_type": "iso"}})
	awaitMessage(t, ctx, operator, subjects.DecisionStream, subjects.Decision("u_42", "milestone", string(engine.KindSkipped)))
	if err := s.Mail.Report(mail.ID, standin.Event{Kind: standin.SpamReport}); err != nil { // suppresses the address
		t.Fatal(err)
	}
	awaitMessage(t, ctx, operator, subjects.Stream, "learning.*.u_42.email.spam_reported")
	awaitMessage(t, ctx, operator, "KV_"+store.BucketSuppressions, "$KV."+store.BucketSuppressions+".>")
	backtestAsConsole(t, ctx, f.URL("homeroom-console"), worker, retry)
	for _, h := range []*instance.Instance{triggers, edge, worker} { // closing needs permissions too
		h.Close()
	}
	if refused := f.Refused(); len(refused) > 0 {
		t.Errorf("the server refused:\n%s", strings.Join(refused, "\n"))
	}
}

// backtestAsConsole runs a backtest in the background, begun and worked on with the rights of a console.
func backtestAsConsole(t *testing.T, ctx context.Context, url string, h *instance.Instance, academy *rules.Academy) {
	t.Helper()
	i, err := admin.Connect(ctx, admin.ConnectOptions{
		Name:     "console",
		NATS:     admin.NATSOptions{URL: url},
		Temporal: h.Temporal,
		Directly: true,
		Actor:    admin.Actor{Name: "maya", Way: admin.WayConsole},
		Now:      time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer i.Close()
	working, stop := context.WithCancel(ctx)
	var ended sync.WaitGroup
	ended.Go(func() { i.WorkOnBacktests(working, admin.BacktestWork{Log: slog.New(slog.DiscardHandler)}) })
	defer ended.Wait()
	defer stop()
	if _, err := i.StartBacktest(ctx, "bt-1", academy, academy, admin.BacktestOptions{}); err != nil {
		t.Fatal(err)
	}
	got, err := i.FollowBacktest(ctx, "bt-1", nil)
	if err != nil || got.Status != admin.BackgroundDone || got.Result.Learners == 0 {
		t.Errorf("the backtest in the background ended as %+v, %v", got, err)
	}
}

// startOtherServers starts what Homeroom needs in addition to NATS: Temporal and a stand-in for SendGrid.
func startOtherServers(t *testing.T, ctx context.Context) *stack.Stack {
	t.Helper()
	mail, err := standin.New(standin.Options{}).Start("127.0.0.1:0", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mail.Stop(ctx) })
	temporal, err := servers.StartTemporal(ctx, servers.TemporalOptions{SearchAttributes: app.SearchAttributes()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = temporal.Stop(ctx) })
	return &stack.Stack{TemporalAddress: temporal.Address(), Namespace: temporal.Namespace(), Mail: mail, InboxURL: mail.URL()}
}

// publishBody publishes an event's body as the platform does, as JSON.
func publishBody(t *testing.T, ctx context.Context, js jetstream.JetStream, learner, event string, body map[string]any) {
	t.Helper()
	data, err := json.Marshal(body)
	if err == nil {
		_, err = js.Publish(ctx, subjects.Publish(learner, event), data)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// awaitMessage waits until a stream holds a message under a subject, which may have wildcards.
func awaitMessage(t *testing.T, ctx context.Context, js jetstream.JetStream, stream, subject string) {
	t.Helper()
	s, err := js.Stream(ctx, stream)
	if err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, ctx, subject, func() error {
		_, err := s.GetLastMsgForSubject(ctx, subject)
		return err
	})
}
