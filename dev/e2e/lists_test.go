package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"homeroom/dev/harness"
	"homeroom/dev/instance"
	"homeroom/dev/stack"
	"homeroom/engine"
	"homeroom/internal/standin"
)

// openWithLists starts a stack whose key may read suppression lists, and Homeroom when the lists are filled.
func openWithLists(t *testing.T, fill func(*standin.Listener)) *world {
	t.Helper()
	w := &world{t: t, ctx: harness.Deadline(t), academy: harness.Academy(t, victimRules)}
	account := standin.Account{Scopes: []string{"mail.send", "suppression.read"}}
	w.stack = harness.StartStack(t, w.ctx, stack.Options{Mail: standin.Options{Account: account, Webhook: standin.Webhook{Quiet: true}}})
	fill(w.stack.Mail)
	w.instance = w.move(instance.Options{})
	w.heard = listen(t, w.ctx, w.instance)
	return w
}

// TestWhatTheProviderKnowsIsHeeded: whom SendGrid suppressed before Homeroom came is not written to; whom it drops later, or who refuses often, neither.
func TestWhatTheProviderKnowsIsHeeded(t *testing.T) {
	lists := map[string]string{"ada": standin.ListBounces, "ben": standin.ListSpamReports, "cem": standin.ListUnsubscribes, "dan": standin.ListInvalid, "eve": standin.ListBlocks}
	w := openWithLists(t, func(mail *standin.Listener) {
		for learner, list := range lists {
			if err := mail.AddListed(list, standin.Listed{Email: strings.ToUpper(address(learner)), Created: time.Now().AddDate(-1, 0, 0).Unix()}); err != nil {
				t.Fatal(err)
			}
		}
	})
	harness.Eventually(t, w.ctx, "the lists are read", func() error {
		record, _, err := w.instance.App.Store().Control.Look(w.ctx)
		if err == nil && (record.NextAt.IsZero() || record.Problem != "") {
			err = fmt.Errorf("the record is %+v", record)
		}
		return err
	})
	for learner := range lists {
		w.publish(learner, "assessment.graded", failedQuiz("q1"))
	}
	for _, learner := range []string{"ada", "ben", "cem", "dan"} {
		w.wait(1, because(learner, engine.KindSkipped, engine.ReasonSuppressed))
	}
	w.wait(1, of("eve", engine.KindSent)) // one block does no harm

	// Eve's server refuses on four more days.
	for day := range 4 {
		e := standin.Event{Kind: standin.Bounce, BounceType: "blocked", Reason: "452 mailbox full", At: time.Now().Add(-time.Duration(day) * time.Hour)}
		if err := w.stack.Mail.Report(w.mail("eve").ID, e); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.stack.Mail.Report(w.mail("eve").ID, standin.Event{Kind: standin.Bounce, BounceType: "blocked", At: time.Now().Add(-5 * time.Hour)}); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, w.ctx, "eve's address rests", func() error {
		s, suppressed, err := w.instance.App.Store().Suppressions.Get(w.ctx, address("eve"))
		if err == nil && (!suppressed || s.Until.IsZero()) {
			err = fmt.Errorf("it is %+v", s)
		}
		return err
	})
	w.publish("eve", "assessment.graded", failedQuiz("q2"))
	if d := w.wait(1, because("eve", engine.KindSkipped, engine.ReasonSuppressed))[0]; !strings.Contains(d.Detail, "rests until") {
		t.Errorf("it does not say until when: %+v", d)
	}

	// Fay comes on the list later: her mail is taken, dropped, and the drop is heeded.
	if err := w.stack.Mail.AddListed(standin.ListSpamReports, standin.Listed{Email: address("fay")}); err != nil {
		t.Fatal(err)
	}
	w.publish("fay", "assessment.graded", failedQuiz("q1"))
	w.wait(1, of("fay", engine.KindSent))
	w.came("fay", "email.bounced")
	w.publish("fay", "assessment.graded", failedQuiz("q2"))
	w.wait(1, because("fay", engine.KindSkipped, engine.ReasonSuppressed))
	if c := w.stack.Mail.Counts(); c.Accepted != 2 || c.Suppressed != 1 {
		t.Errorf("%+v, want a mail to eve and one to fay, which was dropped", c)
	}
}
