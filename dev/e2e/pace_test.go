package e2e

import (
	"fmt"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"

	"homeroom/dev/harness"
	"homeroom/dev/instance"
	"homeroom/engine"
	"homeroom/internal/clock"
)

// TestAChangedPaceReachesLearners: a campus crawls, stands, and then runs. Timers in Temporal go by real time and were set at the pace before, and still every message goes
// when it is due by the clock, and none while the clock stands.
func TestAChangedPaceReachesLearners(t *testing.T) {
	began := time.Now()
	march := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	changing := clock.NewChanging(clock.New(began, march, 60)) // a minute in a second
	w := open(t, harness.Academy(t, map[string]string{"rules/retry.yaml": `rule: retry
when: {event: assessment.graded, if: event.passed == false}
per: assessment_id
again: always
do:
  - wait: 3h
  - send: nudge
`}), instance.Options{Clock: changing.Clock(), Grace: 15 * 24 * time.Hour})

	// At this pace three hours are three minutes, and the timer is for one.
	w.publish("u_1", "assessment.graded", failedQuiz("q1"))
	started := w.wait(1, of("u_1", engine.KindStarted))[0]
	changing.SetPace(6 * 3600) // six hours in a second
	pressed := time.Now()
	if err := w.instance.WakeLearners(w.ctx); err != nil {
		t.Fatal(err)
	}
	sent := w.wait(1, of("u_1", engine.KindSent))[0]
	if waited := sent.At.Sub(started.At); waited != 3*time.Hour {
		t.Errorf("the message went %v after the quiz by the clock, want 3h", waited)
	}
	if took := time.Since(pressed); took > clock.MaxTimer/2 {
		t.Errorf("it took %v, as if nobody had woken the learner", took)
	}

	// A timer that was set before the clock stood fires while it stands.
	changing.SetPace(3600)
	w.publish("u_2", "assessment.graded", failedQuiz("q2"))
	started = w.wait(1, of("u_2", engine.KindStarted))[0]
	changing.Stop()
	harness.Eventually(t, w.ctx, "the timer fires", func() error { return w.decidedAfterTimer("u_2") })
	if early := w.heard.all(of("u_2", engine.KindSent)); len(early) > 0 {
		t.Errorf("it was sent while the clock stood at %v: %+v", changing.Clock().Now(), early)
	}
	changing.GoOn()
	if err := w.instance.WakeLearners(w.ctx); err != nil {
		t.Fatal(err)
	}
	sent = w.wait(1, of("u_2", engine.KindSent))[0]
	if waited := sent.At.Sub(started.At); waited != 3*time.Hour {
		t.Errorf("the message went %v after the quiz by the clock, want 3h", waited)
	}
	if n := len(w.heard.all(of("", engine.KindSent))); n != 2 {
		t.Errorf("%d messages went, want 2:\n%s", n, w.heard.story())
	}
}

// decidedAfterTimer returns nil if a timer of a learner's workflow has fired and something was decided after that.
func (w *world) decidedAfterTimer(learner string) error {
	fired := false
	for _, event := range w.history(learner, "").GetEvents() {
		switch event.GetEventType() {
		case enums.EVENT_TYPE_TIMER_FIRED:
			fired = true
		case enums.EVENT_TYPE_MARKER_RECORDED:
			if fired {
				return nil
			}
		}
	}
	return fmt.Errorf("no decision after a timer; one has fired: %v", fired)
}
