package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/dev/harness"
	"homeroom/dev/instance"
	"homeroom/engine"
	"homeroom/internal/standin"
	"homeroom/store"
	"homeroom/subjects"
)

// mail returns the learner's only mail.
func (w *world) mail(learner string) standin.Message {
	w.t.Helper()
	list := w.stack.Mail.Messages(address(learner))
	if len(list) != 1 {
		w.t.Fatalf("%s has %d mails, want one", learner, len(list))
	}
	return list[0]
}

// oneClick unsubscribes as a mail program does (RFC 8058), twice: it may be asked again.
func (w *world) oneClick(m standin.Message) {
	w.t.Helper()
	for range 2 {
		answer, err := http.PostForm(m.UnsubscribeURL(), url.Values{"List-Unsubscribe": {"One-Click"}})
		if err != nil {
			w.t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK || answer.Header.Get("Set-Cookie") != "" {
			w.t.Errorf("one click: %s, cookies %q", answer.Status, answer.Header.Get("Set-Cookie"))
		}
	}
}

// came waits until a learner's event of that name is in the stream.
func (w *world) came(learner, event string) {
	w.t.Helper()
	stream, err := w.instance.JS.Stream(w.ctx, subjects.Stream)
	if err != nil {
		w.t.Fatal(err)
	}
	harness.Eventually(w.t, w.ctx, event+" of "+learner, func() error {
		_, err := stream.GetLastMsgForSubject(w.ctx, fmt.Sprintf("learning.%d.%s.%s", store.PartitionOf(learner), subjects.Escape(learner), event))
		return err
	})
}

// TestUnsubscribeWhileASendIsDeferred is guarantee 15: one click counts for what is on its way already.
func TestUnsubscribeWhileASendIsDeferred(t *testing.T) {
	w := open(t, harness.Academy(t, victimRules), instance.Options{Clock: faster()})
	control := w.instance.App.Store().Control
	w.publish("ada", "assessment.graded", failedQuiz("q1"))
	w.wait(1, of("ada", engine.KindSent))

	if err := control.Pause(w.ctx, "maya", "so that sends are deferred", w.instance.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	w.publish("ada", "assessment.graded", failedQuiz("q2"))
	w.wait(1, because("ada", engine.KindDeferred, engine.ReasonPaused))
	w.oneClick(w.mail("ada"))
	if err := control.Resume(w.ctx, "maya", "", w.instance.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	skipped := w.wait(1, of("ada", engine.KindSkipped))
	if r := skipped[0].Reason; r != engine.ReasonUnsubscribed && r != engine.ReasonSuppressed {
		t.Errorf("skipped because of %s, want unsubscribed", r)
	}
	done(t, w.ctx, w.instance, "ada")
	if c := w.stack.Mail.Counts(); c.Requests != 1 {
		t.Errorf("%d requests at the provider, want the one before the click", c.Requests)
	}
	w.came("ada", "email.unsubscribed")
}

// TestWhatComesBackIsHeeded: a spam report and a hard bounce stop the next mail; the learner, and only the learner, can
// come back; a forged report does nothing.
func TestWhatComesBackIsHeeded(t *testing.T) {
	w := open(t, harness.Academy(t, victimRules), instance.Options{})
	reports := map[string]standin.Event{
		"ada": {Kind: standin.SpamReport},
		"ben": {Kind: standin.Bounce, BounceType: "bounce", Status: "5.1.1", Reason: "550 no such mailbox"},
		"cem": {Kind: standin.Bounce, BounceType: "blocked", Reason: "421 try later"},
	}
	for learner := range reports {
		w.publish(learner, "assessment.graded", failedQuiz("q1"))
	}
	w.wait(len(reports), of("", engine.KindSent))
	forged := strings.NewReader(fmt.Sprintf(`[{"event":"spamreport","email":%q,"sg_event_id":"x","homeroom_send":%q}]`, address("cem"), w.mail("cem").SendID))
	answer, err := http.Post(w.instance.EdgeURL+"/webhooks/sendgrid", "application/json", forged)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("an unsigned webhook was answered %s", answer.Status)
	}
	for learner, event := range reports {
		if err := w.stack.Mail.Report(w.mail(learner).ID, event); err != nil {
			t.Fatal(err)
		}
	}
	w.came("ada", "email.spam_reported")
	w.came("ben", "email.bounced")
	w.came("cem", "email.bounced")
	for learner := range reports {
		w.publish(learner, "assessment.graded", failedQuiz("q2"))
	}
	w.wait(1, because("ada", engine.KindSkipped, engine.ReasonSuppressed))
	w.wait(1, because("ben", engine.KindSkipped, engine.ReasonSuppressed))
	w.wait(2, of("cem", engine.KindSent)) // what was blocked once may arrive the next time

	// Ben's mailbox is mended, and he says so on his preferences page.
	page := w.preferences("ben")
	answer, err = http.PostForm(page, url.Values{"do": {"lift"}})
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("saving the preferences: %s", answer.Status)
	}
	w.publish("ben", "assessment.graded", failedQuiz("q3"))
	w.wait(2, of("ben", engine.KindSent))
}

// preferences is the address of the learner's preferences page, from their mail.
func (w *world) preferences(learner string) string {
	w.t.Helper()
	for word := range strings.FieldsSeq(w.mail(learner).Text) {
		if strings.HasPrefix(word, w.instance.EdgeURL+"/p/") {
			return word
		}
	}
	w.t.Fatalf("the mail has no preferences link:\n%s", w.mail(learner).Text)
	return ""
}

// TestInApp: a nudge for the app is announced on NATS once, needs no address, and costs no mail.
func TestInApp(t *testing.T) {
	w := open(t, harness.Academy(t, map[string]string{"rules/retry.yaml": `rule: retry
when: {event: assessment.graded, if: event.passed == false}
per: assessment_id
do:
  - send: nudge
    channel: inapp
`}), instance.Options{})
	w.publish("ada", "assessment.graded", failedQuiz("q1"))
	sent := w.wait(1, of("ada", engine.KindSent))
	stream, err := w.instance.JS.Stream(w.ctx, subjects.NudgeStream)
	if err != nil {
		t.Fatal(err)
	}
	msg, err := stream.GetLastMsgForSubject(w.ctx, subjects.Nudge("ada", "retry"))
	if err != nil {
		t.Fatal(err)
	}
	if id := msg.Header.Get(jetstream.MsgIDHeader); id != sent[0].Send || !strings.Contains(string(msg.Data), `"title"`) {
		t.Errorf("announced %s: %s; want send %s", id, msg.Data, sent[0].Send)
	}
	if c := w.stack.Mail.Counts(); c.Requests != 0 {
		t.Errorf("%d requests at the mail provider", c.Requests)
	}
}
