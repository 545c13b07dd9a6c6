package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"homeroom/dev/campus"
	"homeroom/dev/harness"
	"homeroom/dev/instance"
	"homeroom/dev/play"
	"homeroom/engine"
	"homeroom/internal/clock"
	"homeroom/internal/standin"
	"homeroom/rules"
	"homeroom/subjects"
)

// TestDemoStory plays what `go run ./dev` shows, smaller and faster: the example academy on a campus.
func TestDemoStory(t *testing.T) {
	academy, problems := rules.LoadDir("../../examples/academy")
	if academy == nil {
		t.Fatal(problems)
	}
	term := campus.Term(campus.Options{Learners: 12, Days: 16, Seed: 3})
	lapse := play.Lapse{Virtual: 24 * time.Hour, Real: 500 * time.Millisecond}
	w := open(t, academy, instance.Options{Clock: clock.New(time.Now().Add(4*time.Second), term[0].Event.Time, lapse.Factor())})
	publisher := instance.Publisher{JS: w.instance.JS, Catalog: academy.Catalog}
	var messages []instance.Message
	for _, d := range term {
		m, err := publisher.Message(d)
		if err != nil {
			t.Fatal(err)
		}
		messages = append(messages, m)
	}
	if err := publisher.Play(w.ctx, w.instance.Clock, messages, nil); err != nil {
		t.Fatal(err)
	}
	w.wait(12, of("", engine.KindSent))
	sent, mails := w.settle(term[len(term)-1].Event.Time)

	for _, d := range w.heard.all(of("", engine.KindFailed, engine.KindUncertain)) {
		t.Errorf("%s of %s: %s %s (%s)", d.Message, d.Learner, d.Kind, d.Reason, d.Detail)
	}
	if c := w.stack.Mail.Counts(); c.Duplicates != 0 || c.Unnamed != 0 {
		t.Errorf("%d duplicates, %d mails without a send id", c.Duplicates, c.Unnamed)
	}
	kinds := map[string]bool{}
	for _, d := range sent {
		kinds[d.Message] = true
	}
	if !kinds["welcome"] || len(kinds) < 3 {
		t.Errorf("only these messages were sent: %v\n%s", kinds, w.heard.story())
	}
	transactional := map[string]bool{}
	for _, rule := range academy.Ruleset.Rules {
		for _, in := range rule.Program {
			if in.Send != nil && in.Send.Transactional {
				transactional[in.Send.Message] = true
			}
		}
	}
	messageOf := map[string]string{}
	for _, d := range sent {
		messageOf[d.Send] = d.Message
	}
	for _, m := range mails {
		for _, part := range []string{m.Subject, m.Text, m.HTML} {
			if part == "" || strings.Contains(part, "{{") || strings.Contains(part, "{%") || strings.Contains(part, "<no value>") {
				t.Errorf("mail %q to %v has a part that is empty or not rendered: %.200q", m.Subject, m.To, part)
			}
		}
		both := strings.HasPrefix(m.Headers["List-Unsubscribe"], "<http") && m.Headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
		if message := messageOf[m.SendID]; both == transactional[message] {
			t.Errorf("mail %q (%s) has the headers %v, want both of List-Unsubscribe unless it is transactional", m.Subject, message, m.Headers)
		}
	}
	if s := w.instance.App.Stats(); s.Dead != 0 {
		t.Errorf("%d dead letters", s.Dead)
	}
}

// settle waits until everything that was published up to an instant has been handed over; then it stops all sending, so
// that the clock may run on, and returns what was sent and mailed once the two agree.
func (w *world) settle(until time.Time) (sent []engine.Decision, mails []standin.Message) {
	w.t.Helper()
	control := w.instance.App.Store().Control
	for p := range subjects.Partitions {
		if got := control.AwaitHandedOver(w.ctx, p, until, harness.MaxWait); got.Before(until) {
			w.t.Fatalf("partition %d was handed over up to %s, want %s", p, got, until)
		}
	}
	if err := control.Pause(w.ctx, "the test", "", w.instance.Clock.Now()); err != nil {
		w.t.Fatal(err)
	}
	harness.Eventually(w.t, w.ctx, "every mail has its decision", func() error {
		sent = w.heard.all(of("", engine.KindSent))
		mails = w.stack.Mail.Messages("")
		nudges, err := w.instance.JS.Stream(w.ctx, subjects.NudgeStream) // the others were for the app
		if err == nil && len(sent) != len(mails)+int(nudges.CachedInfo().State.Msgs) {
			err = fmt.Errorf("%d decisions, %d mails, %d nudges", len(sent), len(mails), nudges.CachedInfo().State.Msgs)
		}
		return err
	})
	return sent, mails
}
