package workflows_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/temporal"

	"homeroom/engine"
)

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
