package engine

import (
	"fmt"
	"time"
)

// ReadableState is a state for people to read: what is packed in a [State] because there is much of it is written out. Nothing reads it back.
type ReadableState struct {
	State
	// RememberedEvents is how many ids of events are remembered, to recognize repeats.
	RememberedEvents int             `json:"seen,omitempty"`
	Starts           []ReadableStart `json:"starts,omitempty"`
}

// ReadableStart is a [PastRun].
type ReadableStart struct {
	Key     string    `json:"key"` // hash of rule and scope, in hex
	Started time.Time `json:"started,omitzero"`
	Armed   time.Time `json:"armed,omitzero"`
	PutOff  bool      `json:"put_off,omitempty"` // the silence since Armed waits until the rule may start again
}

// Readable returns the state for people.
func (s State) Readable() ReadableState {
	r := ReadableState{State: s, RememberedEvents: len(s.Seen) / 8}
	for _, past := range s.PastRuns {
		start := ReadableStart{Key: fmt.Sprintf("%016x", past.Key), PutOff: past.Armed < 0}
		if past.Started != 0 {
			start.Started = time.UnixMilli(past.Started).UTC()
		}
		if armed := max(past.Armed, -past.Armed); armed != 0 {
			start.Armed = time.UnixMilli(armed).UTC()
		}
		r.Starts = append(r.Starts, start)
	}
	return r
}
