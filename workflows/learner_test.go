package workflows_test

import (
	"context"
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
	if w.decides != 2 { // the event and the outcome
		t.Errorf("decided %d times, want 2", w.decides)
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

func TestRestingAndWaking(t *testing.T) {
	w := newWorld(t, monday)
	friday := monday.Add(4 * 24 * time.Hour)
	w.at(0, func() { w.handOver(w.event("lesson.completed")) })
	w.step = func(_ engine.Env, s engine.State, _ []engine.Input, _ time.Time) engine.Result {
		s.Seq = 1
		return engine.Result{State: s, WakeAt: friday}
	}
	w.until(48*time.Hour, first())
	resting := continued(t, w)
	if !resting.Resting || !resting.Wake.Equal(friday) || resting.State.Seq != 1 || w.decides != 1 {
		t.Fatalf("after a day: resting %v, wake %v, seq %d, %d decisions; want true, %v, 1, 1", resting.Resting, resting.Wake, resting.State.Seq, w.decides, friday)
	}

	// The compact run: nothing but a timer, until it rings.
	w = newWorld(t, monday.Add(24*time.Hour))
	var woke time.Time
	w.step = func(env engine.Env, s engine.State, in []engine.Input, now time.Time) engine.Result {
		woke = now
		return engine.Result{State: s}
	}
	w.at(3*24*time.Hour-time.Minute, func() {
		if w.decides != 0 || len(w.timers) != 1 {
			t.Errorf("while resting: %d decisions, %d timers; want 0, 1", w.decides, len(w.timers))
		}
	})
	w.until(3*24*time.Hour+time.Hour, resting)
	if !woke.Equal(friday) {
		t.Errorf("woke at %v, want %v", woke, friday)
	}
}

func TestAnEventWakesARestingLearner(t *testing.T) {
	w := newWorld(t, monday)
	in := first()
	in.Resting = true
	w.at(100*24*time.Hour, func() { w.handOver(w.event("enrollment.created", "course_id", "crs_go")) })
	w.until(101*24*time.Hour, in)
	equal(t, "mails", w.mails, []string{"10:00 welcome"})
}

// TestANewerTriggerRestartsARestingLearnersRun: the run of a rule with again: restart begins anew, though its learner sleeps.
func TestANewerTriggerRestartsARestingLearnersRun(t *testing.T) {
	w := newWorld(t, monday)
	w.at(0, func() { w.handOver(w.event("assignment.due_set", "assignment_id", "a1")) })
	w.until(48*time.Hour, first())
	resting := continued(t, w)
	if !resting.Resting || !resting.Wake.Equal(monday.Add(10*24*time.Hour)) {
		t.Fatalf("after a day: resting %v, wake %v; want true and 10 days later", resting.Resting, resting.Wake)
	}
	w = newWorld(t, monday.Add(5*24*time.Hour))
	w.at(time.Minute, func() {
		ev := w.event("assignment.due_set", "assignment_id", "a1")
		ev.ID = "moved"
		ev.Seq = resting.State.Seq + 1
		w.handOver(ev)
	})
	w.until(11*24*time.Hour, resting)
	equal(t, "decisions", w.log(), []string{"10:01 due-date exited", "10:01 due-date started"})
	moved := monday.Add(5*24*time.Hour + time.Minute)
	if next := continued(t, w); !next.Resting || !next.Wake.Equal(moved.Add(10*24*time.Hour)) {
		t.Errorf("then: resting %v, wake %v; want true and 10 days after %v", next.Resting, next.Wake, moved)
	}
}

// TestTheZoneBecomesKnownWhileALearnerSleeps: the run waits for Friday at 9:30, in a zone that is not known; the learner rests. Once the zone is known, the workflow wakes
// when it is 9:30 there, and not before.
func TestTheZoneBecomesKnownWhileALearnerSleeps(t *testing.T) {
	friday := time.Date(2026, 3, 6, 9, 30, 0, 0, time.UTC)
	w := newWorld(t, monday)
	w.zone = ""
	w.at(0, func() { w.handOver(w.event("user.signed_up")) })
	w.until(48*time.Hour, first())
	resting := continued(t, w)
	if !resting.Resting || !resting.Wake.Equal(friday) {
		t.Fatalf("resting %v, wake %v; want true and %v", resting.Resting, resting.Wake, friday)
	}
	for _, c := range []struct {
		zone, mail string
	}{
		{"Asia/Tokyo", "00:30 friday"},
		{"America/New_York", "14:30 friday"},
		{"", "09:30 friday"},
	} {
		w = newWorld(t, monday.AddDate(0, 0, 2))
		w.zone = c.zone
		w.at(time.Minute, func() {
			ev := w.event("profile.updated")
			ev.ID = "zone"
			ev.Seq = resting.State.Seq + 1
			w.handOver(ev)
		})
		in := resting
		for w.until(5*24*time.Hour, in); len(w.mails) == 0; w.until(5*24*time.Hour, in) {
			in = continued(t, w)
			if !in.Resting || in.Wake.After(friday.AddDate(0, 0, 1)) {
				t.Fatalf("%s: resting %v, wake %v", c.zone, in.Resting, in.Wake)
			}
			w = newWorld(t, in.Wake)
			w.zone = c.zone
		}
		equal(t, "mails in "+c.zone, w.mails, []string{c.mail})
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

func TestNoContinueAsNewWhileADeliveryIsOut(t *testing.T) {
	w := newWorld(t, monday)
	w.at(0, func() {
		w.env.SetContinueAsNewSuggested(true)
		w.handOver(w.event("enrollment.created", "course_id", "crs_go"))
	})
	w.until(time.Hour, first())
	next := continued(t, w)
	if len(next.State.PendingDeliveries) != 0 {
		t.Errorf("continued with %d deliveries out, want none", len(next.State.PendingDeliveries))
	}
	equal(t, "mails", w.mails, []string{"10:00 welcome"})
}

// leaves lets a learner leave while their welcome is out, in such a way that Temporal answers for the delivery.
func leaves(t *testing.T) *world {
	w := newWorld(t, monday)
	over := make(chan struct{})
	w.provider = func(_ context.Context, send engine.Send) (engine.Outcome, error) {
		w.handOver(w.event("enrollment.cancelled", "course_id", "crs_go"))
		<-over // the test environment answers for a canceled activity
		return engine.Outcome{}, errors.New("given up")
	}
	w.step = func(env engine.Env, s engine.State, in []engine.Input, now time.Time) engine.Result {
		res := engine.Step(env, s, in, now)
		if in[0].Outcome != nil {
			close(over)
		}
		for _, f := range res.State.PendingDeliveries {
			if f.ExitReason != "" { // the engine itself asks for this when the delivery has been out for a while
				res.Effects = append(res.Effects, engine.Effect{Kind: engine.EffectCancel, Send: f.Send})
			}
		}
		return res
	}
	w.at(0, func() { w.handOver(w.event("enrollment.created", "course_id", "crs_go")) })
	return w
}

// TestADeliveryThatWasGivenUpMayHaveGoneOut: an attempt before called the provider, and the ledger knows.
func TestADeliveryThatWasGivenUpMayHaveGoneOut(t *testing.T) {
	for _, status := range []engine.OutcomeStatus{engine.OutcomeAccepted, engine.OutcomeUncertain} {
		t.Run(string(status), func(t *testing.T) {
			w := leaves(t)
			asked := 0
			w.ledger = func(send engine.Send) (engine.Outcome, error) {
				if asked++; asked == 1 {
					return engine.Outcome{}, errors.New("the ledger is away")
				}
				return engine.Outcome{SendID: send.ID, Status: status}, nil
			}
			w.until(time.Hour, first())
			s := w.state()
			if asked != 2 || len(s.Runs)+len(s.PendingDeliveries) != 0 {
				t.Errorf("the ledger was asked %d times; %d runs and %d flights are left; want 2, none and none", asked, len(s.Runs), len(s.PendingDeliveries))
			}
			kind := map[engine.OutcomeStatus]string{engine.OutcomeAccepted: "welcome sent", engine.OutcomeUncertain: "welcome uncertain"}[status]
			if log := strings.Join(w.log(), "\n"); !strings.Contains(log, kind) {
				t.Errorf("decisions:\n%s", log)
			}
		})
	}
}

func TestLeavingGivesUpADeliveryThatHasNotBegun(t *testing.T) {
	w := leaves(t)
	w.until(time.Hour, first())

	s := w.state()
	if len(s.Runs)+len(s.PendingDeliveries)+len(s.PastSends) != 0 || w.gaveUp != 1 {
		t.Errorf("%d runs, %d flights, %d sends are left, want none; the ledger was asked %d times, want once", len(s.Runs), len(s.PendingDeliveries), len(s.PastSends), w.gaveUp)
	}
	log := strings.Join(w.log(), "\n")
	if strings.Contains(log, "sent") || !strings.Contains(log, "welcome skipped") && !strings.Contains(log, "welcome exited") {
		t.Errorf("decisions:\n%s", log)
	}
}

func TestEventsAreHeardWhileADeliveryIsOut(t *testing.T) {
	w := newWorld(t, monday)
	heard := make(chan struct{})
	w.step = func(env engine.Env, s engine.State, in []engine.Input, now time.Time) engine.Result {
		res := engine.Step(env, s, in, now)
		if res.State.Seq == 2 && len(res.State.PendingDeliveries) == 1 {
			close(heard)
		}
		return res
	}
	w.provider = func(_ context.Context, send engine.Send) (engine.Outcome, error) {
		w.handOver(w.event("assessment.graded", "assessment_id", "a1"))
		<-heard
		return engine.Outcome{SendID: send.ID, Status: engine.OutcomeAccepted}, nil
	}
	w.at(0, func() { w.handOver(w.event("enrollment.created", "course_id", "crs_go")) })
	w.until(time.Hour, first())
	if s := w.state(); s.Seq != 2 || len(s.Runs) != 1 {
		t.Errorf("state: seq %d, %d runs; want 2 and 1", s.Seq, len(s.Runs))
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

func TestADeliveryWithoutAnAnswerIsAskedForAgain(t *testing.T) {
	w := newWorld(t, monday)
	tries := 0
	w.provider = func(_ context.Context, send engine.Send) (engine.Outcome, error) {
		if tries++; tries == 1 {
			return engine.Outcome{}, temporal.NewNonRetryableApplicationError("the worker lost its mind", "broken", nil)
		}
		return engine.Outcome{SendID: send.ID, Status: engine.OutcomeAccepted}, nil
	}
	w.at(0, func() { w.handOver(w.event("enrollment.created", "course_id", "crs_go")) })
	w.until(time.Hour, first())
	if log := w.log(); len(log) == 0 || !strings.HasSuffix(log[len(log)-1], "welcome sent") {
		t.Errorf("decisions = %v, want the last to be sent", log)
	}
	if tries != 2 {
		t.Errorf("asked the provider %d times, want 2", tries)
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
