package workflows_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"homeroom/activities"
	"homeroom/engine"
	"homeroom/workflows"
)

// TestAnAcceptedMessageIsDecidedWithWhatComesNext: that a message was accepted costs no decision of its own, and whoever looks sees it all the same.
func TestAnAcceptedMessageIsDecidedWithWhatComesNext(t *testing.T) {
	w := newWorld(t, monday)
	var given [][]string
	w.step = func(env engine.Env, s engine.State, in []engine.Input, now time.Time) engine.Result {
		var kinds []string
		for _, one := range in {
			if one.Outcome != nil {
				kinds = append(kinds, "outcome")
			} else {
				kinds = append(kinds, one.Event.Name)
			}
		}
		given = append(given, kinds)
		return engine.Step(env, s, in, now)
	}
	w.at(0, func() { w.handOver(w.event("enrollment.created", "course_id", "crs_go")) })
	w.at(time.Hour, func() {
		equal(t, "decisions", w.log(), []string{"10:00 welcome started", "10:00 welcome sent"})
		if s := w.state(); len(s.Runs)+len(s.PendingDeliveries) != 0 || len(s.PastSends) != 1 {
			t.Errorf("an hour later: %d runs, %d deliveries, %d past sends; want 0, 0, 1", len(s.Runs), len(s.PendingDeliveries), len(s.PastSends))
		}
	})
	w.at(2*time.Hour, func() { w.handOver(w.event("lesson.completed")) })
	w.until(3*time.Hour, first())
	if len(given) != 2 || strings.Join(given[1], " ") != "outcome lesson.completed" {
		t.Errorf("decided on %v, want the enrollment, then the outcome with the lesson", given)
	}
	equal(t, "decisions in the end", w.log(), []string{"10:00 welcome started", "10:00 welcome sent"})
}

// TestTheDetailsSayThatAMessageWasAccepted: before the next decision, for an operator who looks at night.
func TestTheDetailsSayThatAMessageWasAccepted(t *testing.T) {
	w := newWorld(t, monday)
	var answer workflows.DecideResult
	w.decided = func(res workflows.DecideResult) { answer = res }
	w.at(0, func() { w.handOver(w.event("enrollment.created", "course_id", "crs_go")) })
	w.until(time.Hour, first())
	if len(answer.MayWait) != 1 || answer.Accepted == nil {
		t.Fatalf("may wait: %v, accepted: %v; want one send, and how things stand then", answer.MayWait, answer.Accepted)
	}
	if !strings.Contains(answer.Card.Details, "is delivering *welcome*") || strings.Contains(answer.Accepted.Details, "is delivering") ||
		!strings.Contains(answer.Accepted.Details, "welcome") {
		t.Errorf("details while it is under way:\n%s\nonce it is accepted:\n%s", answer.Card.Details, answer.Accepted.Details)
	}
}

// TestAMessageThatIsNotAcceptedIsDecidedAtOnce: what failed, or is uncertain, ends a run, or is tried again.
func TestAMessageThatIsNotAcceptedIsDecidedAtOnce(t *testing.T) {
	for _, status := range []engine.OutcomeStatus{engine.OutcomeFailed, engine.OutcomeUncertain, engine.OutcomeSuppressed} {
		t.Run(string(status), func(t *testing.T) {
			w := newWorld(t, monday)
			w.provider = func(_ context.Context, send engine.Send) (engine.Outcome, error) {
				return engine.Outcome{SendID: send.ID, Status: status}, nil
			}
			w.at(0, func() { w.handOver(w.event("enrollment.created", "course_id", "crs_go")) })
			w.until(time.Hour, first())
			if w.decides != 2 {
				t.Errorf("decided %d times, want twice: the event, then the outcome", w.decides)
			}
		})
	}
}

// TestAnAcceptedMessageOfWhichNobodyHeardIsDecidedAtOnce: the stream of decisions was away when the message went out.
func TestAnAcceptedMessageOfWhichNobodyHeardIsDecidedAtOnce(t *testing.T) {
	w := newWorld(t, monday)
	w.deaf = true
	w.at(0, func() { w.handOver(w.event("enrollment.created", "course_id", "crs_go")) })
	w.at(time.Minute, func() { w.deafen(false) })
	w.until(time.Hour, first())
	if w.decides != 2 {
		t.Errorf("decided %d times, want twice", w.decides)
	}
	equal(t, "decisions", w.log(), []string{"10:00 welcome started", "10:00 welcome sent"})
}

// TestAnOutcomeThatWaitsIsDecidedBeforeTheRunEnds: the next run begins with nothing under way, and rests no later for it.
func TestAnOutcomeThatWaitsIsDecidedBeforeTheRunEnds(t *testing.T) {
	w := newWorld(t, monday)
	w.at(0, func() { w.handOver(w.event("enrollment.created", "course_id", "crs_go")) })
	w.until(25*time.Hour, first())
	next := continued(t, w)
	if len(next.State.PendingDeliveries)+len(next.State.Runs)+len(next.Undecided) != 0 || !next.Resting {
		t.Errorf("continued with %d deliveries, %d runs and %d undecided inputs, resting: %v; want none, and true", len(next.State.PendingDeliveries),
			len(next.State.Runs), len(next.Undecided), next.Resting)
	}
	equal(t, "decisions", w.log(), []string{"10:00 welcome started", "10:00 welcome sent"})
}

// TestWhoGotAMessageRetiresInTime, also where nobody rests.
func TestWhoGotAMessageRetiresInTime(t *testing.T) {
	kept := &shelf{}
	w := newWorld(t, monday, retiring(kept, 3*day), func(_ *world, o *activities.Options) { o.RestAfter = -1 })
	w.at(0, func() { w.handOver(w.event("enrollment.created", "course_id", "crs_go")) })
	w.until(4*day, first())
	if got := w.ended(); got != "retired" {
		t.Fatalf("the run ended as %q, want retired", got)
	}
	if s := kept.kept[learner]; len(s.PendingDeliveries)+len(s.Runs) != 0 || s.Seq != 1 {
		t.Errorf("kept %d deliveries and %d runs, of event %d; want 0, 0, of event 1", len(s.PendingDeliveries), len(s.Runs), s.Seq)
	}
}

// TestARunThatIsWokenAnywayRestsThen: it needs no timer to rest, and the look that finds nothing to do is the occasion.
func TestARunThatIsWokenAnywayRestsThen(t *testing.T) {
	w := newWorld(t, monday)
	w.step = func(_ engine.Env, s engine.State, in []engine.Input, now time.Time) engine.Result {
		s.Seq++
		if len(in) > 0 {
			return engine.Result{State: s, WakeAt: now.Add(4 * day)}
		}
		return engine.Result{State: s, WakeAt: now.Add(30 * day)}
	}
	w.at(0, func() { w.handOver(w.event("lesson.completed")) })
	w.until(5*day, first())
	if next := continued(t, w); !next.Resting || next.State.Seq != 2 {
		t.Errorf("resting: %v, after %d decisions; want true, after 2", next.Resting, next.State.Seq)
	}
	if len(w.timers) != 1 || w.timers[0] != 4*day {
		t.Errorf("timers: %v, want one of four days", w.timers)
	}
}

// TestARunThatIsWokenSoonAfterAnEventDoesNotRest: it was not left alone for long enough.
func TestARunThatIsWokenSoonAfterAnEventDoesNotRest(t *testing.T) {
	w := newWorld(t, monday)
	w.step = func(_ engine.Env, s engine.State, in []engine.Input, now time.Time) engine.Result {
		if len(in) > 0 {
			return engine.Result{State: s, WakeAt: now.Add(2 * time.Hour)}
		}
		return engine.Result{State: s, WakeAt: now.Add(2 * day)}
	}
	w.at(0, func() { w.handOver(w.event("lesson.completed")) })
	w.until(day, first())
	if got := w.ended(); got != "canceled" {
		t.Errorf("the run ended as %q within a day, want it to wait on", got)
	}
}
