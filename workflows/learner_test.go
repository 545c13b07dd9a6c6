package workflows_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"homeroom/engine"
	"homeroom/workflows"
)

func TestAnEnrollmentIsWelcomedAtOnce(t *testing.T) {
	w := newWorld(t, monday)
	w.at(0, func() { w.handOver(w.event("enrollment.created", "course_id", "crs_go")) })
	w.until(time.Hour, first())

	equal(t, "mails", w.mails, []string{"10:00 welcome"})
	equal(t, "decisions", w.log(), []string{"10:00 welcome started", "10:00 welcome sent"})
	if w.decides != 1 { // the event; the outcome waits for what comes next
		t.Errorf("decided %d times, want once", w.decides)
	}
	if s := w.state(); len(s.Runs) != 0 || len(s.PendingDeliveries) != 0 {
		t.Errorf("%d runs and %d flights are left, want none", len(s.Runs), len(s.PendingDeliveries))
	}
}

func TestAFailedQuizGetsANudgeAfterTwoHours(t *testing.T) {
	w := newWorld(t, monday)
	w.at(0, func() { w.handOver(w.event("assessment.graded", "assessment_id", "a1")) })
	w.until(5*time.Hour, first())

	equal(t, "mails", w.mails, []string{"12:00 retry-encouragement"})
	equal(t, "decisions", w.log(), []string{"10:00 retry-after-failed-quiz started", "12:00 retry-after-failed-quiz sent"})
}

func TestWhoTriesAgainGetsNoNudge(t *testing.T) {
	w := newWorld(t, monday)
	w.at(0, func() { w.handOver(w.event("assessment.graded", "assessment_id", "a1")) })
	w.at(time.Hour+59*time.Minute, func() { w.handOver(w.event("assessment.retried", "assessment_id", "a1")) })
	w.until(48*time.Hour, first())

	equal(t, "mails", w.mails, nil)
	equal(t, "decisions", w.log(), []string{"10:00 retry-after-failed-quiz started", "11:59 retry-after-failed-quiz exited"})
}

func TestABurstOfSignalsIsDecidedTogetherAndInOrder(t *testing.T) {
	w := newWorld(t, monday)
	w.at(0, func() {
		for range 199 {
			ev := w.event("lesson.completed")
			w.env.SignalWorkflowSkippingWorkflowTask(workflows.SignalEvents, workflows.Batch{Learner: learner, Events: []engine.Event{ev}})
		}
		w.handOver(w.event("lesson.completed"))
	})
	var seen []uint64
	w.step = func(_ engine.Env, s engine.State, in []engine.Input, _ time.Time) engine.Result {
		for _, i := range in {
			seen = append(seen, i.Event.Seq)
			s.Seq = i.Event.Seq
		}
		return engine.Result{State: s}
	}
	w.until(time.Hour, first())

	if len(seen) != 200 || w.decides > 2 {
		t.Errorf("%d events in %d decisions, want 200 in at most 2", len(seen), w.decides)
	}
	for i, seq := range seen {
		if seq != uint64(i+1) {
			t.Fatalf("event %d came as number %d", seq, i+1)
		}
	}
}

func TestTheTimerIsLazy(t *testing.T) {
	const hour = time.Hour
	for _, tc := range []struct {
		name    string
		version int
		wakes   []time.Duration // what each decision wants, from its own instant; 0: nothing
		every   time.Duration   // between events
		want    []time.Duration
		gone    int // timers that were canceled
	}{
		{"one wake-up, one timer; then rest", 2, []time.Duration{2 * hour}, hour, []time.Duration{2 * hour, 24 * hour}, 0},
		{"a later wake-up keeps the timer, and sets one when that rings too early",
			2, []time.Duration{2 * hour, 3 * hour, 4 * hour}, hour / 2, []time.Duration{2 * hour, 3 * hour}, 0},
		{"an earlier wake-up comes beside it", 2, []time.Duration{9 * hour, hour}, hour, []time.Duration{9 * hour, hour}, 0},
		{"what a short wait displaces is not started again", 2, []time.Duration{0, hour}, hour, []time.Duration{24 * hour, hour}, 0},
		{"of five the latest gives way", 2, []time.Duration{20 * hour, 10 * hour, 5 * hour, 2 * hour, hour}, hour / 10,
			[]time.Duration{20 * hour, 10 * hour, 5 * hour, 2 * hour, hour}, 1},
		{"in the first version, an earlier one replaces it", 1, []time.Duration{9 * hour, hour}, hour, []time.Duration{9 * hour, hour, 24 * hour}, 1},
		{"nothing to wait for: it rests after a day", 2, []time.Duration{0}, hour, []time.Duration{24 * hour}, 0},
		{"longer than a day: it rests first", 2, []time.Duration{72 * hour}, hour, []time.Duration{24 * hour}, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t, monday)
			for i := range tc.wakes {
				w.at(time.Duration(i)*tc.every, func() { w.handOver(w.event("lesson.completed")) })
			}
			wakes := tc.wakes
			w.step = func(_ engine.Env, s engine.State, in []engine.Input, now time.Time) engine.Result {
				res := engine.Result{State: s}
				if len(wakes) > 0 && len(in) > 0 {
					if wakes[0] > 0 {
						res.WakeAt = now.Add(wakes[0])
					}
					wakes = wakes[1:]
				}
				return res
			}
			in := first()
			in.Version = tc.version
			canceled := 0
			gone := 0
			w.env.SetOnTimerCanceledListener(func(string) { canceled++ })
			w.at(4*time.Hour-time.Second, func() { gone = canceled })
			w.until(4*time.Hour, in)
			equal(t, "timers", w.timers, tc.want)
			if gone != tc.gone {
				t.Errorf("%d timers were canceled, want %d", gone, tc.gone)
			}
		})
	}
}

// TestATimerThatStayedRingsTooEarly: the one for resting was set before the nudge, which moved the rest by three hours.
func TestATimerThatStayedRingsTooEarly(t *testing.T) {
	w := newWorld(t, monday)
	w.at(0, func() { w.handOver(w.event("lesson.completed")) })
	w.at(time.Hour, func() { w.handOver(w.event("assessment.graded", "assessment_id", "a1")) })
	w.until(48*time.Hour, first())
	equal(t, "mails", w.mails, []string{"13:00 retry-encouragement"})
	equal(t, "timers", w.timers, []time.Duration{24 * time.Hour, 2 * time.Hour, 3 * time.Hour})
	if next := continued(t, w); !next.Resting {
		t.Error("the learner does not rest")
	}
}

func TestSignalsAroundContinueAsNewAreAllApplied(t *testing.T) {
	w := newWorld(t, monday)
	w.at(0, func() { w.handOver(w.event("lesson.completed")) })
	w.at(time.Hour, func() {
		w.env.SetContinueAsNewSuggested(true)
		for range 20 {
			ev := w.event("lesson.completed")
			w.env.SignalWorkflowSkippingWorkflowTask(workflows.SignalEvents, workflows.Batch{Learner: learner, Events: []engine.Event{ev}})
		}
		w.handOver(w.event("lesson.completed"))
	})
	applied := 0
	w.step = func(_ engine.Env, s engine.State, in []engine.Input, _ time.Time) engine.Result {
		for _, i := range in {
			if i.Event.Seq != s.Seq+1 {
				t.Errorf("event %d came after %d", i.Event.Seq, s.Seq)
			}
			s.Seq = i.Event.Seq
			applied++
		}
		return engine.Result{State: s, WakeAt: monday.Add(9 * time.Hour)}
	}
	w.until(2*time.Hour, first())
	next := continued(t, w)
	if applied != 22 || next.State.Seq != 22 {
		t.Errorf("applied %d, carried on with %d; want 22 and 22", applied, next.State.Seq)
	}
	if next.Resting || !next.Wake.Equal(monday.Add(9*time.Hour)) || next.Rest != 24*time.Hour {
		t.Errorf("the next run would rest: %v, wake at %v, rest after %v", next.Resting, next.Wake, next.Rest)
	}
}

func TestStoresAwayForAWhileLoseNothing(t *testing.T) {
	w := newWorld(t, monday)
	w.failReads = 12
	w.at(0, func() { w.handOver(w.event("enrollment.created", "course_id", "crs_go")) })
	w.at(time.Minute, func() { w.handOver(w.event("assessment.graded", "assessment_id", "a1")) })
	w.until(6*time.Hour, first())

	if len(w.mails) != 2 {
		t.Errorf("mails = %v, want the welcome and the encouragement", w.mails)
	}
	if s := w.state(); s.Seq != 2 {
		t.Errorf("applied up to %d, want 2", s.Seq)
	}
}

func TestSearchAttributesAreWrittenWhenTheyChange(t *testing.T) {
	w := newWorld(t, monday)
	if err := w.env.SetTypedSearchAttributesOnStart(temporal.NewSearchAttributes(workflows.SearchStage.ValueSet(workflows.StageAwake))); err != nil {
		t.Fatal(err)
	}
	var written []string
	w.env.OnUpsertTypedSearchAttributes(mock.Anything).Run(func(args mock.Arguments) {
		sa := args.Get(0).(temporal.SearchAttributes)
		stage, _ := sa.GetKeyword(workflows.SearchStage)
		rules, _ := sa.GetKeywordList(workflows.SearchRules)
		written = append(written, strings.TrimSpace(stage+" "+strings.Join(rules, ",")))
	}).Return(nil)
	w.at(0, func() { w.handOver(w.event("assessment.graded", "assessment_id", "a1")) })
	w.at(time.Hour, func() { w.handOver(w.event("assessment.graded", "assessment_id", "a2")) }) // the same rule
	w.until(48*time.Hour, first())
	equal(t, "written", written, []string{"retry-after-failed-quiz", "", "resting"})
}

func TestANewerRunIsHeldNotFailed(t *testing.T) {
	w := newWorld(t, monday)
	in := first()
	in.Version = workflows.InputVersion + 1
	w.until(time.Minute, in)
	if err := w.env.GetWorkflowError(); err == nil || !strings.Contains(err.Error(), "deploy the newer worker again") {
		t.Errorf("error = %v, want one that says what to do", err)
	}
}

// continued returns the input of the run that follows.
func continued(t *testing.T, w *world) workflows.Input {
	t.Helper()
	var next *workflow.ContinueAsNewError
	if err := w.env.GetWorkflowError(); !errors.As(err, &next) {
		t.Fatalf("the run ended with %v, want it to continue as new", err)
	}
	var in workflows.Input
	if err := converter.GetDefaultDataConverter().FromPayloads(next.Input, &in); err != nil {
		t.Fatal(err)
	}
	if next.WorkflowType.Name != workflows.LearnerWorkflow {
		t.Errorf("continues as %q", next.WorkflowType.Name)
	}
	return in
}
