package e2e

import (
	"fmt"
	"testing"
	"time"

	"homeroom/dev/harness"
	"homeroom/dev/instance"
	"homeroom/engine"
	"homeroom/internal/clock"
	"homeroom/internal/standin"
)

// faster is a clock on which a minute passes in a tenth of a second.
func faster() clock.Clock {
	now := time.Now()
	return clock.New(now, now, 600)
}

// TestAllowList is guarantee 19: a staging system mails nobody but those it names.
func TestAllowList(t *testing.T) {
	w := open(t, harness.Academy(t, victimRules), instance.Options{Allow: []string{address("ada"), "staging.example"}})
	for _, learner := range []string{"stranger", "ada"} {
		w.publish(learner, "assessment.graded", failedQuiz("q1"))
	}
	w.wait(1, because("stranger", engine.KindSkipped, engine.ReasonNotAllowed))
	w.wait(1, of("ada", engine.KindSent))
	if got := w.stack.Mail.Counts(); got.Requests != 1 || len(w.stack.Mail.Messages(address("ada"))) != 1 {
		t.Errorf("%d requests at the provider, want one, for ada", got.Requests)
	}
}

// TestKillSwitch is guarantee 18: flipped under load, it lets not one more request through, and nothing is lost by it.
func TestKillSwitch(t *testing.T) {
	w := open(t, harness.Academy(t, victimRules), instance.Options{Clock: faster()})
	control := w.instance.App.Store().Control
	fail := func(group string, n int) {
		t.Helper()
		for i := range n {
			w.publish(fmt.Sprintf("%s%02d", group, i), "assessment.graded", failedQuiz("q1"))
		}
	}
	const load, later = 40, 10
	fail("before", load)
	if err := w.stack.Mail.Wait(w.ctx, func(c standin.Counts) bool { return c.Accepted >= 3 }); err != nil {
		t.Fatal(err)
	}
	if err := control.Pause(w.ctx, "ada", "a wrong template", w.instance.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	fail("while", later)

	// Everybody has their mail or has been told to wait; then nothing is at the provider's door any more.
	told := func(d engine.Decision) bool {
		return d.Kind == engine.KindSent || d.Kind == engine.KindDeferred && d.Reason == engine.ReasonPaused
	}
	w.waitFor(func(found []engine.Decision) bool { return len(learners(found)) == load+later }, told)
	still := w.stack.Mail.Counts().Requests
	asked := w.heard.all(because("", engine.KindDeferred, engine.ReasonPaused))
	w.wait(len(asked)+2*later, because("", engine.KindDeferred, engine.ReasonPaused)) // they asked again, in vain
	if got := w.stack.Mail.Counts().Requests; got != still || got > load {
		t.Errorf("%d requests at the provider while all is paused, %d when it was", got, still)
	}

	if err := control.Resume(w.ctx, "ada", "mended", w.instance.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	w.wait(load+later, of("", engine.KindSent))
	if c := w.stack.Mail.Counts(); c.Accepted != load+later || c.Duplicates != 0 {
		t.Errorf("%d mails, %d of them duplicates, want %d and none", c.Accepted, c.Duplicates, load+later)
	}
}
