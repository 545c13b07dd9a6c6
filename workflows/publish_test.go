package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/temporal"

	"homeroom/engine"
	"homeroom/workflows"
)

func TestThatARunBeganIsToldBeforeTheLearnerRests(t *testing.T) {
	w := newWorld(t, monday)
	w.at(0, func() { w.handOver(w.event("lesson.completed")) })
	w.step = func(_ engine.Env, s engine.State, in []engine.Input, now time.Time) engine.Result {
		began := engine.Decision{ID: "d1", At: now, Rule: "review-request", Kind: engine.KindStarted}
		return engine.Result{State: s, Decisions: []engine.Decision{began}, WakeAt: now.Add(120 * time.Hour)}
	}
	w.at(23*time.Hour, func() { equal(t, "decisions on the first day", w.log(), nil) })
	w.until(48*time.Hour, first())
	equal(t, "decisions", w.log(), []string{"10:00 review-request started"})
	if next := continued(t, w); len(next.Unpublished) != 0 || !next.Resting {
		t.Errorf("continued with %d decisions to tell, resting: %v", len(next.Unpublished), next.Resting)
	}
}

// TestThatARunBeganIsToldInTimeByARunThatGoesOn: a run that will be woken soon publishes after the time of rest, and does not rest for that. One of the version before does.
func TestThatARunBeganIsToldInTimeByARunThatGoesOn(t *testing.T) {
	for version, want := range map[int]string{5: "continued", workflows.InputVersion: "canceled"} {
		w := newWorld(t, monday)
		in := first()
		in.Version = version
		w.at(0, func() { w.handOver(w.event("lesson.completed")) })
		w.step = func(_ engine.Env, s engine.State, in []engine.Input, now time.Time) engine.Result {
			began := engine.Decision{ID: "d1", At: now, Rule: "review-request", Kind: engine.KindStarted}
			return engine.Result{State: s, Decisions: []engine.Decision{began}, WakeAt: now.Add(72 * time.Hour)}
		}
		w.at(23*time.Hour, func() { equal(t, "decisions on the first day", w.log(), nil) })
		w.until(48*time.Hour, in)
		equal(t, "decisions", w.log(), []string{"10:00 review-request started"})
		if got := w.ended(); got != want {
			t.Errorf("version %d: the run ended as %q, want %q", version, got, want)
		}
		if w.reports != 1 {
			t.Errorf("version %d: %d activities to publish decisions, want 1", version, w.reports)
		}
	}
}

// TestARunThatCannotPublishWaits: where publishing has failed for good, a run that goes on neither tries without end nor sets one timer after another.
func TestARunThatCannotPublishWaits(t *testing.T) {
	w := newWorld(t, monday)
	w.deaf = true
	w.at(0, func() { w.handOver(w.event("lesson.completed")) })
	w.step = func(_ engine.Env, s engine.State, in []engine.Input, now time.Time) engine.Result {
		if len(in) == 0 {
			return engine.Result{State: s}
		}
		began := engine.Decision{ID: "d1", At: now, Rule: "review-request", Kind: engine.KindStarted}
		return engine.Result{State: s, Decisions: []engine.Decision{began}, WakeAt: now.Add(72 * time.Hour)}
	}
	w.env.OnActivity(workflows.ActivityPublishDecisions, mock.Anything, mock.Anything).Return(temporal.NewNonRetryableApplicationError("away", "away", nil))
	w.at(71*time.Hour, func() {
		equal(t, "unpublished", w.unpublished(), []string{"10:00 review-request started"})
		if len(w.timers) > 3 {
			t.Errorf("%d timers: %v", len(w.timers), w.timers)
		}
	})
	w.until(71*time.Hour+time.Minute, first())
	if got := w.ended(); got != "canceled" {
		t.Errorf("the run ended as %q, want it to go on", got)
	}
}

func TestDecisionsAreToldEvenIfTheirStreamWasAway(t *testing.T) {
	w := newWorld(t, monday)
	w.deaf = true
	w.at(0, func() { w.handOver(w.event("enrollment.created", "course_id", "crs_go")) })
	w.at(time.Minute, func() { w.deafen(false) })
	w.until(time.Hour, first())
	equal(t, "mails", w.mails, []string{"10:00 welcome"})
	equal(t, "decisions", w.log(), []string{"10:00 welcome started", "10:00 welcome sent"})
}

// whoTriesAgain lives through a run that ends without a message, and an hour later an event that no rule needs.
func whoTriesAgain(t *testing.T, then func(w *world)) *world {
	w := newWorld(t, monday)
	w.at(0, func() { w.handOver(w.event("assessment.graded", "assessment_id", "a1")) })
	w.at(time.Hour, func() { w.handOver(w.event("assessment.retried", "assessment_id", "a1")) })
	w.at(2*time.Hour, func() { then(w); w.handOver(w.event("lesson.completed")) })
	return w
}

var endOfTheRun = []string{"10:00 retry-after-failed-quiz started", "11:00 retry-after-failed-quiz exited"}

func TestWhatBecameOfARunIsToldByTheNextDecision(t *testing.T) {
	w := whoTriesAgain(t, func(w *world) {
		equal(t, "published before", w.log(), nil)
		equal(t, "unpublished before", w.unpublished(), endOfTheRun)
		w.env.SetCurrentHistoryLength(20) // a new workflow task: what was decided is on the record
	})
	w.at(3*time.Hour, func() {
		equal(t, "published", w.log(), endOfTheRun)
		equal(t, "unpublished", w.unpublished(), nil)
	})
	w.until(48*time.Hour, first())
	equal(t, "published in the end", w.log(), endOfTheRun)
	if w.reports != 0 {
		t.Errorf("%d activities to publish decisions, want none", w.reports)
	}
}

// TestWhatIsNotOnTheRecordIsNotTold: as long as the workflow task goes on in which it was decided, a crash would have it
// decided anew, and maybe otherwise.
func TestWhatIsNotOnTheRecordIsNotTold(t *testing.T) {
	w := whoTriesAgain(t, func(*world) {})
	w.at(3*time.Hour, func() {
		equal(t, "published", w.log(), nil)
		equal(t, "unpublished", w.unpublished(), endOfTheRun)
	})
	w.until(48*time.Hour, first())
	equal(t, "published before the rest", w.log(), endOfTheRun)
	if w.reports != 1 {
		t.Errorf("%d activities to publish decisions, want 1", w.reports)
	}
}

func TestADecisionDoesNotWaitForTheStreamOfDecisions(t *testing.T) {
	w := whoTriesAgain(t, func(w *world) {
		w.env.SetCurrentHistoryLength(20)
		w.deafen(true)
	})
	w.at(3*time.Hour, func() {
		equal(t, "unpublished", w.unpublished(), endOfTheRun)
		if s := w.state(); s.Seq != 3 {
			t.Errorf("decided up to %d, want 3", s.Seq)
		}
		w.deafen(false)
	})
	w.until(48*time.Hour, first())
	equal(t, "published in the end", w.log(), endOfTheRun)
}

// deafen takes the stream of decisions away, or brings it back.
func (w *world) deafen(deaf bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deaf = deaf
}

// unpublished asks the workflow for the decisions that it has not published, as log says them.
func (w *world) unpublished() []string {
	w.t.Helper()
	value, err := w.env.QueryWorkflow(workflows.QueryUnpublished)
	if err != nil {
		w.t.Fatal(err)
	}
	var decisions []engine.Decision
	if err := value.Get(&decisions); err != nil {
		w.t.Fatal(err)
	}
	return decisionLines(decisions)
}
