package engine_test

import (
	"testing"
	"time"

	"homeroom/engine"
)

// What was applied is known by its sequence and by when it was stored: a stream that went back to older files gives sequences out again.
func TestASequenceCountsOnlyWithItsTime(t *testing.T) {
	at := func(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }
	event := func(id string, seq uint64, storedAt time.Time) engine.Event {
		return engine.Event{ID: id, Name: "course.purchased", Learner: "u1", Time: storedAt, Seq: seq, StoredAt: storedAt, Stream: 7, Properties: map[string]any{}}
	}
	last := event("last", 10, at(10))
	for _, tc := range []struct {
		name    string
		before  func(*engine.State)
		ev      engine.Event
		applied bool
	}{
		{"the next one", nil, event("a", 11, at(11)), true},
		{"the same again", nil, last, false},
		{"an older one again", nil, event("b", 5, at(5)), false},
		{"an old sequence with a later time: the stream went back", nil, event("c", 5, at(11)), true},
		{"the last sequence with a later time", nil, event("d", 10, at(11)), true},
		{"an event that was applied, published again after that", nil, event("last", 5, at(11)), false},
		{"a state of an older version does not know the time", func(s *engine.State) { s.SeqAt = time.Time{} }, event("e", 5, at(11)), false},
		{"another stream", nil, engine.Event{ID: "f", Name: "course.purchased", Learner: "u1", Time: at(11), Seq: 1, StoredAt: at(11), Stream: 8}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHost(t)
			h.use("receipt")
			h.handOver(&last, at(10))
			if tc.before != nil {
				tc.before(&h.state)
			}
			before := len(h.decisions)
			h.handOver(&tc.ev, at(12))
			if got := len(h.decisions) > before; got != tc.applied {
				t.Errorf("applied: %v, want %v", got, tc.applied)
			}
			if tc.applied && h.state.Seq != tc.ev.Seq {
				t.Errorf("the state counts from %d, want %d", h.state.Seq, tc.ev.Seq)
			}
		})
	}
}

func TestFindRewind(t *testing.T) {
	at := func(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }
	event := func(seq uint64, minutes int) engine.Input {
		return engine.Input{Event: &engine.Event{Seq: seq, StoredAt: at(minutes), Stream: 7}}
	}
	state := engine.State{Stream: 7, Seq: 10, SeqAt: at(10)}
	found := engine.Rewind{From: 10, FromAt: at(10), To: 5, At: at(11)}
	for _, tc := range []struct {
		name   string
		state  engine.State
		inputs []engine.Input
		want   engine.Rewind
	}{
		{"nothing", state, nil, engine.Rewind{}},
		{"an outcome", state, []engine.Input{{Outcome: &engine.Outcome{}}}, engine.Rewind{}},
		{"the next one", state, []engine.Input{event(11, 11)}, engine.Rewind{}},
		{"one that was applied", state, []engine.Input{event(5, 5)}, engine.Rewind{}},
		{"an old sequence with a later time", state, []engine.Input{event(5, 11)}, found},
		{"the same after a repeat", state, []engine.Input{event(9, 9), event(5, 11), event(6, 12)}, found},
		{"after a new one", state, []engine.Input{event(20, 20), event(12, 21)}, engine.Rewind{From: 20, FromAt: at(20), To: 12, At: at(21)}},
		{"a state of an older version", engine.State{Stream: 7, Seq: 10}, []engine.Input{event(5, 11)}, engine.Rewind{}},
		{"another stream", engine.State{Stream: 6, Seq: 10, SeqAt: at(10)}, []engine.Input{event(5, 11)}, engine.Rewind{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, seen := engine.FindRewind(&tc.state, tc.inputs)
			if got != tc.want || seen != (tc.want != engine.Rewind{}) {
				t.Errorf("got %+v, %v; want %+v", got, seen, tc.want)
			}
		})
	}
}
