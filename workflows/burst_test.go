package workflows_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/temporal"

	"homeroom/engine"
	"homeroom/workflows"
)

// signalBurst hands over count events in signals of each events, without a workflow task in between.
func (w *world) signalBurst(count, each int) {
	for done := 0; done < count; {
		var events []engine.Event
		for len(events) < each && done < count {
			events = append(events, w.event("lesson.completed"))
			done++
		}
		batch := workflows.Batch{Learner: learner, Partition: 3, Events: events}
		if done < count {
			w.env.SignalWorkflowSkippingWorkflowTask(workflows.SignalEvents, batch)
		} else {
			w.env.SignalWorkflow(workflows.SignalEvents, batch)
		}
	}
}

// noteOrder makes the engine's step one that only notes in which order events arrive, with decisions of this size for each.
func (w *world) noteOrder(bytes int) *[]int {
	var portions []int
	w.step = func(_ engine.Env, s engine.State, in []engine.Input, _ time.Time) engine.Result {
		res := engine.Result{State: s}
		for _, i := range in {
			if i.Event.Seq != res.State.Seq+1 {
				w.t.Errorf("event %d came after %d", i.Event.Seq, res.State.Seq)
			}
			res.State.Seq = i.Event.Seq
			if bytes > 0 {
				res.Decisions = append(res.Decisions, engine.Decision{ID: i.Event.ID, Kind: engine.KindWithheld, Detail: strings.Repeat("x", bytes)})
			}
		}
		portions = append(portions, len(in))
		return res
	}
	return &portions
}

func TestABurstIsDecidedInPortions(t *testing.T) {
	w := newWorld(t, monday)
	portions := w.noteOrder(0)
	w.at(0, func() { w.signalBurst(5000, 100) })
	w.until(time.Hour, first())
	equal(t, "inputs of each decision", *portions, []int{1000, 1000, 1000, 1000, 1000})
	if s := w.state(); s.Seq != 5000 {
		t.Errorf("applied up to %d, want 5000", s.Seq)
	}
}

func TestLargeInputsAreDecidedInSmallerPortions(t *testing.T) {
	w := newWorld(t, monday)
	portions := w.noteOrder(0)
	w.at(0, func() {
		var events []engine.Event
		for range 4 {
			events = append(events, w.event("lesson.completed", "text", strings.Repeat("x", 300_000)))
		}
		w.handOver(events...)
	})
	w.until(time.Hour, first())
	equal(t, "inputs of each decision", *portions, []int{2, 2})
}

// TestResultsThatAreTooLargeAreSplit: 4,000 decisions of a kilobyte would be a result of 4 MB, which failed for ever.
func TestResultsThatAreTooLargeAreSplit(t *testing.T) {
	w := newWorld(t, monday)
	w.noteOrder(1000)
	w.at(0, func() { w.signalBurst(4000, 500) })
	w.until(time.Hour, first())
	if s := w.state(); s.Seq != 4000 {
		t.Fatalf("applied up to %d, want 4000", s.Seq)
	}
	published := map[string]bool{}
	for _, d := range w.decisions {
		published[d.ID] = true
	}
	if len(published) != 4000 {
		t.Errorf("%d decisions were published, want 4000", len(published))
	}
	// About 4 MB of results: a workflow task ends after each megabyte.
	ends := 0
	for _, d := range w.timers {
		if d == time.Millisecond {
			ends++
		}
	}
	if ends < 3 || ends > 5 {
		t.Errorf("%d workflow tasks were ended, want about 4", ends)
	}
}

// TestALongRunCarriesOverWhatWaits: the run continues as new in the middle of a burst, and the next one goes on in order.
func TestALongRunCarriesOverWhatWaits(t *testing.T) {
	w := newWorld(t, monday)
	w.noteOrder(0)
	w.at(0, func() {
		w.env.SetContinueAsNewSuggested(true)
		w.signalBurst(2500, 500)
	})
	w.until(time.Hour, first())
	next := continued(t, w)
	seq := int(next.State.Seq)
	if seq != 1000 || len(next.Undecided) != 1500 {
		t.Fatalf("applied up to %d, carried over %d; want 1000 and 1500", seq, len(next.Undecided))
	}

	w2 := newWorld(t, monday)
	w2.seq = w.seq
	w2.noteOrder(0)
	w2.at(time.Minute, func() { w2.signalBurst(10, 5) })
	w2.until(time.Hour, next)
	if s := w2.state(); s.Seq != 2510 {
		t.Errorf("applied up to %d, want 2510", s.Seq)
	}
}

// TestTooMuchIsNotCarriedOver: what would not fit into the next run's input is decided first.
func TestTooMuchIsNotCarriedOver(t *testing.T) {
	w := newWorld(t, monday)
	w.noteOrder(0)
	w.at(0, func() {
		w.env.SetContinueAsNewSuggested(true)
		w.signalBurst(10_000, 500)
	})
	w.until(time.Hour, first())
	next := continued(t, w)
	if seq := int(next.State.Seq); seq+len(next.Undecided) != 10_000 || len(next.Undecided) > 2000 {
		t.Errorf("applied up to %d, carried over %d", seq, len(next.Undecided))
	}
}

// TestAnInputThatCannotBeDecidedIsShown: it is asked for ever less often, and at once when a signal arrives; nothing is lost.
func TestAnInputThatCannotBeDecidedIsShown(t *testing.T) {
	w := newWorld(t, monday)
	broken := true
	var stages []string
	w.env.OnUpsertTypedSearchAttributes(mock.Anything).Run(func(args mock.Arguments) {
		sa := args.Get(0).(temporal.SearchAttributes)
		if stage, set := sa.GetKeyword(workflows.SearchStage); set {
			stages = append(stages, stage)
		}
	}).Return(nil)
	w.decideError = func() error {
		if broken {
			return temporal.NewNonRetryableApplicationError("the rules read 3 MB", "TooLarge", nil)
		}
		return nil
	}
	w.noteOrder(0)
	w.at(0, func() { w.handOver(w.event("lesson.completed")) })
	w.at(23*time.Hour, func() {
		if w.tries < 10 || w.tries > 40 {
			t.Errorf("asked %d times in 23 hours, want about 28", w.tries)
		}
		broken = false
		w.handOver(w.event("lesson.completed"))
	})
	w.at(23*time.Hour+time.Minute, func() {
		if s := w.state(); s.Seq != 2 {
			t.Errorf("a minute after a signal: applied up to %d, want 2", s.Seq)
		}
	})
	w.until(24*time.Hour, first())
	equal(t, "the stages that are shown", stages, []string{workflows.StageFailing, workflows.StageAwake})
}
