package e2e

import (
	"testing"
	"time"

	"homeroom/app"
	"homeroom/dev/harness"
	"homeroom/dev/instance"
	"homeroom/engine"
)

// TestNothingIsDecidedAheadOfTheStream is guarantee 17: the triggers are away while a send falls due, and the event that
// makes it pointless lies in the stream already.
func TestNothingIsDecidedAheadOfTheStream(t *testing.T) {
	t.Parallel()
	w := open(t, harness.Academy(t, map[string]string{"rules/retry.yaml": `rule: retry
when: {event: assessment.graded, if: event.passed == false}
per: assessment_id
until:
  - event: assessment.retried
do:
  - wait: 5s
  - send: nudge
`}), instance.Options{Roles: []app.Role{app.RoleWorker}, Grace: 500 * time.Millisecond})
	triggers := w.move(instance.Options{Roles: []app.Role{app.RoleTriggers}})

	w.publish("u_1", "assessment.graded", failedQuiz("q1"))
	var due time.Time
	harness.Eventually(t, w.ctx, "the run waits", func() error {
		st, err := w.state("u_1")
		if err != nil {
			return err
		}
		if len(st.Runs) != 1 || !st.Runs[0].Waiting {
			return errNotYet
		}
		due = st.Runs[0].Due
		return nil
	})
	triggers.Close()
	w.publish("u_1", "assessment.retried", map[string]any{"assessment_id": "q1", "attempt_number": 2.0, "previous_score_pct": 40.0})
	if !time.Now().Before(due) {
		t.Fatal("the machine is too slow: the timer was due before its until was published")
	}

	behind := w.wait(1, because("u_1", engine.KindDeferred, engine.ReasonBehind))[0]
	if behind.At.Before(due) || behind.Message != "nudge" {
		t.Errorf("deferred: behind at %s for %q, want it for nudge after %s", behind.At, behind.Message, due)
	}
	w.move(instance.Options{Roles: []app.Role{app.RoleTriggers}})
	w.wait(1, because("u_1", engine.KindExited, engine.ReasonUntil))

	done(t, w.ctx, w.instance, "u_1")
	if got := w.stack.Mail.Counts().Requests; got != 0 {
		t.Errorf("%d requests at the provider, want none:\n%s", got, w.heard.story())
	}
}
