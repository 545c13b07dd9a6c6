package engine_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"homeroom/engine"
)

// playAnswer plays a story in which an answer comes in the wait before it is waited for, storing the state as JSON after every step.
func playAnswer(t *testing.T, properties map[string]any) *host {
	t.Helper()
	h := newHost(t)
	h.use("nps")
	store := func() {
		raw, err := json.Marshal(h.state)
		if err != nil {
			t.Fatal(err)
		}
		h.state = engine.State{}
		if err := json.Unmarshal(raw, &h.state); err != nil {
			t.Fatal(err)
		}
	}
	for i, ev := range []engine.Event{
		{Name: "course.completed", Properties: map[string]any{"course_id": "go"}},
		{Name: "nps.answered", Properties: properties},
	} {
		ev.ID = ev.Name
		ev.Learner = "u1"
		ev.Time = start.Add(time.Duration(i) * day)
		h.handOver(&ev, ev.Time)
		store()
	}
	h.runTo(start.Add(2 * day))
	store()
	return h
}

func TestAwaitedEventIsKept(t *testing.T) {
	h := playAnswer(t, map[string]any{"course_id": "go", "score": 9.0, "source": "app", "comment": nil})
	want := []engine.AwaitedEvent{{
		Name: "answer",
		Step: "3",
		Event: engine.Event{
			ID:         "nps.answered",
			Name:       "nps.answered",
			Time:       start.Add(day),
			Properties: map[string]any{"score": 9.0},
		},
	}}
	if diff := cmp.Diff(want, h.state.Runs[0].Awaited); diff != "" {
		t.Errorf("kept, of what nobody reads too (-want +got):\n%s", diff)
	}
	if n := len(h.state.Runs[0].AwaitedAhead); n > 0 {
		t.Errorf("%d events are kept for a step that the run has passed", n)
	}
	h.runTo(start.Add(4 * day))
	if !strings.Contains(h.out.String(), "sent nps [course_id=go] promoter") {
		t.Errorf("the answer was not read:\n%s", h.out.String())
	}
}

// TestAwaitedEventIsBounded: what is too large is left out, and the small properties stay.
func TestAwaitedEventIsBounded(t *testing.T) {
	h := playAnswer(t, map[string]any{"course_id": "go", "score": 9.0, "comment": strings.Repeat("x", 5000)})
	if diff := cmp.Diff(map[string]any{"score": 9.0}, h.state.Runs[0].Awaited[0].Event.Properties); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
}

// TestAwaitedEventReachesTheMessage: a send carries what the run has waited for.
func TestAwaitedEventReachesTheMessage(t *testing.T) {
	h := playAnswer(t, map[string]any{"course_id": "go", "score": 9.0})
	r := engine.Step(h.env, h.state, nil, start.Add(3*day))
	if len(r.Effects) != 1 || len(r.Effects[0].Send.Awaited) != 1 {
		t.Fatalf("effects are %+v, want one send with one awaited event", r.Effects)
	}
	send := r.Effects[0].Send
	if got, _ := send.Awaited[0].Event.Number("score"); got != 9 || send.Vars["score"] != 9.0 {
		t.Errorf("the send carries %+v with %v, want a score of 9", send.Awaited, send.Vars)
	}
}

// TestStateWithoutAwaitedEvents: a run of an older version was answered before its step had a name. It goes on without the answer.
func TestStateWithoutAwaitedEvents(t *testing.T) {
	h := playAnswer(t, map[string]any{"course_id": "go", "score": 9.0})
	h.state.Runs[0].Awaited = nil
	h.runTo(start.Add(4 * day))
	if !strings.Contains(h.out.String(), "sent nps [course_id=go] nobody-knows") {
		t.Errorf("it does not go on:\n%s", h.out.String())
	}
}
