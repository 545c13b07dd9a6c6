package e2e

import (
	"fmt"
	"strings"
	"testing"

	"homeroom/dev/harness"
	"homeroom/dev/instance"
	"homeroom/engine"
	"homeroom/internal/standin"
)

// TestARefusedAccountFailsNoMail: while SendGrid refuses the key, mails wait, few requests are made, and the instance says so; when the account is in order
// each goes out once.
func TestARefusedAccountFailsNoMail(t *testing.T) {
	w := open(t, harness.Academy(t, victimRules), instance.Options{Clock: faster()})
	w.stack.Mail.Fail(standin.Fault{Status: 401, Times: -1})
	const learners = 12
	for n := range learners {
		w.publish(fmt.Sprintf("u%02d", n), "assessment.graded", failedQuiz("q1"))
	}
	w.wait(2*learners, because("", engine.KindDeferred, engine.ReasonProviderRefuses)) // each was put off, and again
	harness.Eventually(t, w.ctx, "the instance's record", func() error {
		for _, i := range w.instance.App.Store().Control.Instances() {
			if len(i.Refusals) == 1 && i.Refusals[0].Channel == engine.ChannelEmail && strings.Contains(i.Refusals[0].Detail, "401") {
				return nil
			}
		}
		return fmt.Errorf("no instance says that its account is refused")
	})
	w.stack.Mail.ClearFaults()
	w.wait(learners, of("", engine.KindSent))
	for n := range learners {
		done(t, w.ctx, w.instance, fmt.Sprintf("u%02d", n))
	}
	if lost := w.heard.all(of("", engine.KindFailed, engine.KindUncertain, engine.KindSkipped)); len(lost) > 0 {
		t.Errorf("ended otherwise: %+v", lost)
	}
	if c := w.stack.Mail.Counts(); c.Accepted != learners || c.Duplicates != 0 {
		t.Errorf("%+v, want %d mails, each once", c, learners)
	}
	harness.Eventually(t, w.ctx, "the end of the refusal", func() error {
		for _, i := range w.instance.App.Store().Control.Instances() {
			if len(i.Refusals) > 0 {
				return fmt.Errorf("%s still says %+v", i.Name, i.Refusals)
			}
		}
		return nil
	})
}
