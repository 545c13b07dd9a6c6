package engine_test

import (
	"fmt"
	"testing"
	"time"

	"homeroom/engine"
)

// TestManyRunsOfOneRuleDoNotMakeAnotherForget: hundreds of quizzes later, welcome is still said once only.
func TestManyRunsOfOneRuleDoNotMakeAnotherForget(t *testing.T) {
	h := newHost(t)
	h.use("welcome", "retry")
	at := start
	enroll := func(id string) {
		h.handOver(&engine.Event{ID: id, Name: "enrollment.created", Learner: "u1", Time: at, Properties: map[string]any{"course_id": "go"}}, at)
	}
	enroll("first")
	for i := range 400 {
		at = at.Add(time.Hour)
		h.handOver(&engine.Event{
			ID:         fmt.Sprintf("q%d", i),
			Name:       "assessment.graded",
			Learner:    "u1",
			Time:       at,
			Properties: map[string]any{"assessment_id": fmt.Sprintf("quiz-%d", i), "passed": false},
		}, at)
		h.runTo(at.Add(time.Minute))
	}
	enroll("second")
	welcomes := 0
	for _, d := range h.decisions {
		if d.Kind == engine.KindSent && d.Message == "welcome" {
			welcomes++
		}
	}
	if welcomes != 1 {
		t.Errorf("welcome was sent %d times, want once", welcomes)
	}
}

// TestManySilencesAtOnceEnd: more courses fall silent at one instant than can be remembered; each is spoken of once.
func TestManySilencesAtOnceEnd(t *testing.T) {
	h := newHost(t)
	h.use("silent-once", "silent")
	for i := range 100 {
		h.handOver(&engine.Event{
			ID:         fmt.Sprintf("e%d", i),
			Name:       "enrollment.created",
			Learner:    "u1",
			Time:       start,
			Properties: map[string]any{"course_id": fmt.Sprintf("course-%03d", i)},
		}, start)
	}
	h.runTo(start.AddDate(0, 2, 0)) // fails if the learner wakes without end
	sent := map[string]int{}
	for _, d := range h.decisions {
		if d.Kind == engine.KindSent {
			sent[d.Send]++
		}
	}
	for send, n := range sent {
		if n > 1 {
			t.Errorf("send %s went %d times", send, n)
		}
	}
	if len(sent) < 100 {
		t.Errorf("%d messages went, want one for each of 100 courses at least", len(sent))
	}
}

// TestHugeTriggersStayBounded: events with large properties cannot make a state that no store takes.
func TestHugeTriggersStayBounded(t *testing.T) {
	h := newHost(t)
	h.use("retry")
	huge := make([]byte, 60<<10)
	for i := range huge {
		huge[i] = '<' // six bytes each in JSON
	}
	for i := range 100 {
		h.handOver(&engine.Event{
			ID:         fmt.Sprintf("e%d", i),
			Name:       "assessment.graded",
			Learner:    "u1",
			Time:       start,
			Properties: map[string]any{"assessment_id": fmt.Sprintf("quiz-%d", i), "passed": false, "comment": string(huge)},
		}, start)
	}
	if n := len(h.state.Runs); n != 1 {
		t.Errorf("%d runs hold 360 KB each, want 1 and the rest skipped", n)
	}
	last := h.decisions[len(h.decisions)-1]
	if last.Reason != engine.ReasonTooManyRuns {
		t.Errorf("the last event led to %s:%s, want too_many_runs", last.Kind, last.Reason)
	}
}

// TestAStepKeepsNoMapOfItsInputs: hosts read the next event into the map of the last one.
func TestAStepKeepsNoMapOfItsInputs(t *testing.T) {
	h := newHost(t)
	h.use("retry")
	ev := engine.Event{ID: "e1", Name: "assessment.graded", Learner: "u1", Time: start, Properties: map[string]any{"assessment_id": "q1", "passed": false}}
	h.handOver(&ev, start)
	clear(ev.Properties)
	if len(h.state.Runs) != 1 || h.state.Runs[0].Trigger.Properties["assessment_id"] != "q1" {
		t.Errorf("the run that the event started: %+v", h.state.Runs)
	}
}
