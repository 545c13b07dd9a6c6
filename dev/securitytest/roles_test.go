package securitytest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/app"
	"homeroom/dev/instance"
	"homeroom/dev/servers"
	"homeroom/dev/stack"
	"homeroom/dev/standin"
	"homeroom/engine"
	"homeroom/internal/clock"
	"homeroom/rules"
	"homeroom/store"
	"homeroom/subjects"
)

// TestHomeroomWorksUnderItsPermissions runs the three roles as three users, from the platform's event to the mail, the provider's
// webhook and the learner who unsubscribes, and finds nothing that the server had to refuse.
func TestHomeroomWorksUnderItsPermissions(t *testing.T) {
	f := openFort(t, "")
	operator := f.furnish()
	s := besides(t, f)
	move := func(user string, role app.Role, academy *rules.Academy) *instance.Instance {
		t.Helper()
		own := &stack.Stack{NATSURL: f.url(user), TemporalAddress: s.TemporalAddress, Namespace: s.Namespace, Mail: s.Mail, InboxURL: s.InboxURL}
		h, err := instance.Open(deadline(t), own, instance.Options{Academy: academy, Clock: clock.Real(), Roles: []app.Role{role}})
		if err != nil {
			t.Fatalf("%s: %v; refused so far: %q", user, err, f.log.all())
		}
		t.Cleanup(h.Close)
		return h
	}
	worker := move("homeroom-worker", app.RoleWorker, academy(t))
	triggers := move("homeroom-triggers", app.RoleTriggers, nil)
	edge := move("homeroom-edge", app.RoleEdge, nil) // the last: the webhook leads here

	_, platform := f.connect("platform")
	publish(t, platform, "u_42", "assessment.graded", map[string]any{
		"id": "e1", "properties": map[string]any{"assessment_id": "a1", "score_pct": 40, "passed": false, "grader_type": "auto"},
		"traits": map[string]any{"email": "ada@learners.example", "first_name": "Ada"},
	})
	publish(t, platform, "u_43", "lesson.complete", map[string]any{"id": "e2"}) // a dead letter
	if err := s.Mail.Wait(deadline(t), func(c standin.Counts) bool { return c.Accepted == 1 }); err != nil {
		t.Fatalf("no mail: %v; refused so far: %q", err, f.log.all())
	}
	mail := s.Mail.Messages("ada@learners.example")[0]
	came(t, operator, subjects.Stream, "learning.*.u_42.email.delivered") // reported by webhook, published by the edge
	link, err := url.Parse(mail.UnsubscribeURL())                         // the worker's process knows no better host than its own
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
	came(t, operator, subjects.Stream, "learning.*.u_42.email.unsubscribed")
	publish(t, platform, "u_42", "assessment.graded", map[string]any{
		"id": "e3", "properties": map[string]any{"assessment_id": "a2", "score_pct": 40, "passed": false, "grader_type": "auto"},
	})
	came(t, operator, subjects.DecisionStream, subjects.Decision("u_42", "retry", string(engine.KindSkipped)))
	came(t, operator, subjects.DeadStream, "dead.u_43.>")
	if err := s.Mail.Report(mail.ID, standin.Event{Kind: standin.SpamReport}); err != nil { // suppresses the address
		t.Fatal(err)
	}
	came(t, operator, subjects.Stream, "learning.*.u_42.email.spam_reported")
	came(t, operator, "KV_"+store.BucketSuppressions, "$KV."+store.BucketSuppressions+".>")
	for _, h := range []*instance.Instance{triggers, edge, worker} { // leaving takes permissions too
		h.Close()
	}
	if refused := f.log.all(); len(refused) > 0 {
		t.Errorf("the server refused:\n%s", strings.Join(refused, "\n"))
	}
}

// besides is what Homeroom needs besides NATS.
func besides(t *testing.T, f *fort) *stack.Stack {
	t.Helper()
	ctx := deadline(t)
	mail, err := standin.New(standin.Options{}).Start("127.0.0.1:0", quiet)
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

func academy(t *testing.T) *rules.Academy {
	t.Helper()
	a, problems := rules.Load(fstest.MapFS{
		"settings.yaml":     {Data: []byte("sender: {from: hello@academy.example, name: Academy, postal_address: \"1 Harbour Lane\"}\n")},
		"messages/nudge.md": {Data: []byte("---\nsubject: One more try\n---\nHave another go.\n")},
		"rules/retry.yaml":  {Data: []byte("rule: retry\nwhen: {event: assessment.graded, if: event.passed == false}\nper: assessment_id\ndo:\n  - send: nudge\n")},
	}, ".")
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return a
}

func publish(t *testing.T, js jetstream.JetStream, learner, event string, body map[string]any) {
	t.Helper()
	data, err := json.Marshal(body)
	if err == nil {
		_, err = js.Publish(deadline(t), subjects.Publish(learner, event), data)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// came waits until a stream holds a message under a subject.
func came(t *testing.T, js jetstream.JetStream, stream, subject string) {
	t.Helper()
	ctx := deadline(t)
	s, err := js.Stream(ctx, stream)
	if err != nil {
		t.Fatal(err)
	}
	until(t, subject, func() bool {
		_, err := s.GetLastMsgForSubject(ctx, subject)
		return err == nil
	})
}

// TestEachRoleKeepsToItself: who breaks into one role has that role and no more.
func TestEachRoleKeepsToItself(t *testing.T) {
	f := openFort(t, "")
	operator := f.furnish()
	publish(t, operator, "u_42", "lesson.completed", map[string]any{"id": "e1"})
	before := furnishing(t, operator)
	tests := []struct{ user, name, subject, body string }{
		{"homeroom-edge", "read an event", "$JS.API.STREAM.MSG.GET.LEARNING", `{"seq":1}`},
		{"homeroom-edge", "read events with a consumer", "$JS.API.CONSUMER.CREATE.LEARNING", `{"stream_name":"LEARNING","config":{}}`},
		{"homeroom-edge", "read a dead letter", "$JS.API.STREAM.MSG.GET.LEARNING_DLQ", `{"seq":1}`},
		{"homeroom-edge", "list profiles with a consumer", "$JS.API.CONSUMER.CREATE.KV_homeroom_profiles", `{"stream_name":"KV_homeroom_profiles","config":{}}`},
		{"homeroom-edge", "put rules in force", "$KV.homeroom_rulesets.current", `{}`},
		{"homeroom-edge", "forge a share link", "$KV.homeroom_links.x", `{}`},
		{"homeroom-edge", "show a nudge", "nudges.u_42.retry", `{}`},
		{"homeroom-edge", "write a dead letter", "dead.u_42.x", `{}`},
		{"homeroom-worker", "read an event", "$JS.API.STREAM.MSG.GET.LEARNING", `{"seq":1}`},
		{"homeroom-worker", "publish an event", "learning.u_42.course.completed", `{}`},
		{"homeroom-worker", "change a profile", "$KV.homeroom_profiles.u_42", `{}`},
		{"homeroom-worker", "list suppressions", "$JS.API.CONSUMER.CREATE.KV_homeroom_suppressions", `{"stream_name":"KV_homeroom_suppressions","config":{}}`},
		{"homeroom-triggers", "write a decision", "homeroom.decisions.u_42.retry.sent", `{}`},
		{"homeroom-triggers", "publish an event", "learning.u_42.course.completed", `{}`},
		{"homeroom-triggers", "settle a send", "$KV.homeroom_sends.x", `{}`},
		{"homeroom-triggers", "put rules in force", "$KV.homeroom_rulesets.current", `{}`},
		{"homeroom-setup", "read an event", "$JS.API.STREAM.MSG.GET.LEARNING", `{"seq":1}`},
		{"homeroom-setup", "change a stream", "$JS.API.STREAM.UPDATE.LEARNING", `{}`},
	}
	for _, user := range []string{"homeroom-edge", "homeroom-worker", "homeroom-triggers", "homeroom-setup", "platform-pages"} {
		for name, subject := range map[string]string{
			"empty the stream": "$JS.API.STREAM.PURGE.LEARNING", "delete the stream": "$JS.API.STREAM.DELETE.LEARNING",
			"delete an event": "$JS.API.STREAM.MSG.DELETE.LEARNING", "empty the suppressions": "$JS.API.STREAM.PURGE.KV_homeroom_suppressions",
			"take a snapshot": "$JS.API.STREAM.SNAPSHOT.LEARNING", "ask the servers": "$SYS.REQ.SERVER.PING",
		} {
			tests = append(tests, struct{ user, name, subject, body string }{user, name, subject, `{}`})
		}
	}
	for _, tt := range tests {
		t.Run(tt.user+" may not "+tt.name, func(t *testing.T) {
			nc, _ := f.connect(tt.user)
			if answer, err := nc.Request(tt.subject, []byte(tt.body), 100*time.Millisecond); err == nil {
				t.Fatalf("it got an answer: %s", answer.Data)
			}
			refused := f.log.all()
			if len(refused) == 0 || !strings.Contains(refused[len(refused)-1], tt.subject) {
				t.Errorf("the server did not refuse it, but %q", refused)
			}
		})
	}
	if after := furnishing(t, operator); after != before {
		t.Errorf("something changed:\nbefore %s\nafter  %s", before, after)
	}
}
