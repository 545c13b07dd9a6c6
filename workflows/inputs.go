package workflows

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"homeroom/engine"
)

// What waits is decided in portions, so that no burst makes a history that Temporal refuses: a result is at most 2 MB, the completion of a workflow
// task 4 MB, a history 50 MB. The numbers below decide the course of a run: changing one takes a new [InputVersion].
const (
	// maxDecideInputs and maxDecideBytes bound what one Decide is given. A single larger input is given alone.
	maxDecideInputs = 1000
	maxDecideBytes  = 1 << 20
	// maxTaskBytes is how many bytes of results a workflow task may have recorded when one more Decide begins.
	maxTaskBytes = 1 << 20
	// smallResultBytes is about what a result takes whose size is not known.
	smallResultBytes = 16 << 10
	// maxCarriedBytes bounds what a new run is given of inputs, and again of unpublished decisions: about a quarter of what Temporal takes.
	maxCarriedBytes = 512 << 10
	// maxPublished bounds how many decisions one activity or Decide is asked to publish; decisionBytes is about what one takes.
	maxPublished  = 500
	decisionBytes = 512
)

// The pause after a failed Decide. After an error that may end without help Decide runs again every minute. After one that needs a person the pause doubles each time, up to an hour.
const (
	decidePause     = time.Minute
	maxDecidePause  = time.Hour
	troubleDetails  = "**Stuck**: "
	maxTroubleBytes = 1000
)

// firstInputs returns the inputs that the next Decide is given: those that have waited longest.
func (l *learner) firstInputs() []engine.Input {
	if l.Version < versionBoundedDecides {
		return l.inputs
	}
	size := 0
	for i := range l.inputs {
		size += inputBytes(&l.inputs[i])
		if i == maxDecideInputs || i > 0 && size > maxDecideBytes {
			return l.inputs[:i]
		}
	}
	return l.inputs
}

// markTaken takes in that Decide succeeded: it removes the inputs that were decided, out of those that Decide was given, and adds what the result takes to the
// bytes that the completion of the workflow task carries.
func (l *learner) markTaken(res DecideResult, given int) {
	taken := given
	if res.Taken > 0 {
		taken = min(res.Taken, given)
	}
	l.inputs = l.inputs[taken:]
	l.recordedBytes += max(res.Size, l.smallResult())
	if len(res.Effects) > 0 { // the activities that it starts are given parts of it once more
		l.recordedBytes += res.Size
	}
	l.decided = true
	l.failures = 0
}

// smallResult is how many bytes are assumed of a result whose size is not known.
func (l *learner) smallResult() int {
	if l.Version < versionBoundedDecides {
		return 0
	}
	return smallResultBytes
}

// endLargeTask ends the workflow task if its completion would become too large to carry one more result. A timer is what ends it.
func (l *learner) endLargeTask(ctx workflow.Context) error {
	if l.decidedAtLength != workflow.GetInfo(ctx).GetCurrentHistoryLength() {
		l.recordedBytes = 0
	}
	if l.recordedBytes <= maxTaskBytes {
		return nil
	}
	l.recordedBytes = 0
	return workflow.Sleep(ctx, minSleep)
}

// shouldCarryOver reports whether the run is to continue as new although inputs wait: its history is long, deciding fails or more waits than one Decide
// takes, and what waits is little enough for the next run's input. A run asks Decide at least once, so that every run makes progress.
func (l *learner) shouldCarryOver(ctx workflow.Context) bool {
	if l.Version < versionBoundedDecides || l.woken {
		return false
	}
	if l.failures == 0 && !(l.decided && len(l.inputs) > maxDecideInputs) {
		return false
	}
	if !workflow.GetInfo(ctx).GetContinueAsNewSuggested() || !l.nothingUnderWay(ctx) || !l.fitsNextRun() {
		return false
	}
	size := 0
	for i := range l.inputs {
		size += inputBytes(&l.inputs[i])
	}
	return size <= maxCarriedBytes
}

// fitsNextRun reports whether the unpublished decisions are few enough for the next run's input.
func (l *learner) fitsNextRun() bool {
	return len(l.Unpublished)*decisionBytes <= maxCarriedBytes
}

// onDecideFailed shows in the Temporal UI why the learner's inputs cannot be decided, sets the stage to failing so that the learner can be searched for, and waits until it is time to ask
// again. It returns an error if the workflow is canceled or the search attributes cannot be written.
func (l *learner) onDecideFailed(ctx workflow.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	l.failures++
	pause := decidePause
	var cause *temporal.ApplicationError
	if errors.As(err, &cause) && cause.NonRetryable() {
		pause = min(decidePause<<min(l.failures-1, 10), maxDecidePause)
	}
	text := fmt.Sprintf("%s%s waiting, and deciding fails: %v", troubleDetails, countNoun(len(l.inputs), "input"), err)
	workflow.SetCurrentDetails(ctx, strings.ToValidUTF8(text[:min(len(text), maxTroubleBytes)], "")+"\n\n"+l.Card.Details)
	workflow.GetLogger(ctx).Error("Deciding failed; asking again later. If it goes on, the cause needs a person.", "learner", l.Learner, "inputs", len(l.inputs),
		"again_in", pause, "error", err)
	if l.Version < versionBoundedDecides {
		return workflow.Sleep(ctx, pause)
	}
	if l.Version >= versionShowsFailure {
		if err := l.upsertAttributes(ctx, attributes{StageFailing, l.shownAttributes.courses, l.shownAttributes.rules}); err != nil {
			return err
		}
	}
	// A signal may bring what helps: other rules.
	_, err = workflow.AwaitWithTimeout(ctx, pause, func() bool { return l.signals.Len() > 0 })
	return err
}

// FailureOf returns why deciding fails, out of a workflow's current details; empty: they tell of no failure.
func FailureOf(details string) string {
	failure, ok := strings.CutPrefix(details, troubleDetails)
	if !ok {
		return ""
	}
	failure, _, _ = strings.Cut(failure, "\n\n")
	return strings.Join(strings.Fields(failure), " ")
}

// firstStoredAt returns when the first event among the inputs was stored; zero: there is none.
func firstStoredAt(inputs []engine.Input) time.Time {
	for i := range inputs {
		if inputs[i].Event != nil {
			return inputs[i].Event.StoredAt
		}
	}
	return time.Time{}
}

// inputBytes is about how many bytes of JSON an input takes. It is counted here, from lengths only, so that a change of how things are written does not
// change the course of a recorded run.
func inputBytes(in *engine.Input) int {
	switch {
	case in.Event != nil:
		return 200 + 2*(len(in.Event.ID)+len(in.Event.Name)+len(in.Event.Learner)) + valueBytes(map[string]any(in.Event.Properties)) + absorbedBytes(in.Event)
	case in.Outcome != nil:
		return 300 + 2*len(in.Outcome.Detail)
	default:
		return 300
	}
}

// absorbedBytes is about how many bytes the memory of another id takes that an event brings; its lists are bounded.
func absorbedBytes(ev *engine.Event) int {
	if ev.Absorbed == nil {
		return 0
	}
	return 48 << 10
}

// valueBytes is about how many bytes a JSON value takes; every other byte of a text may need an escape.
func valueBytes(v any) int {
	const frame = 8
	switch v := v.(type) {
	case string:
		return frame + len(v) + len(v)/2
	case []any:
		n := frame
		for _, e := range v {
			n += valueBytes(e)
		}
		return n
	case map[string]any:
		n := frame
		//workflowcheck:ignore A sum does not depend on the order.
		for key, e := range v {
			n += frame + len(key) + valueBytes(e)
		}
		return n
	default:
		return 3 * frame
	}
}
