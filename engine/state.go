package engine

import "time"

// StateVersion is the version that this code writes.
const StateVersion = 1

// State is everything Homeroom remembers of one learner between steps: plain data, bounded, JSON. It is the input and
// output of Step and the payload of a resting workflow; it carries no personal data.
type State struct {
	Version int    `json:"v"`
	Learner string `json:"learner"`
	// Clock is the learner's clock: the instant up to which the learner's story has been told. It only moves forward.
	Clock time.Time `json:"clock,omitzero"`
	// Seq is the stream sequence of the last event applied; a redelivered event is at or below it.
	Seq uint64 `json:"seq,omitempty"`
	// Seen is a ring of hashes of event ids, eight bytes each and newest last, to recognise a publisher's repeats.
	Seen []byte `json:"seen,omitempty"`
	// Runs are the live runs, oldest first, and finished ones whose last delivery is still out.
	Runs []Run `json:"runs,omitempty"`
	// Past remembers, per rule and scope (hashed), when a run last started; for `again` and for re-arming. Oldest first.
	Past []Past `json:"past,omitempty"`
	// Sends are the messages of the longest cap window, oldest first.
	Sends []SendMark `json:"sends,omitempty"`
	// Flights are the deliveries that are out.
	Flights []Flight `json:"flights,omitempty"`
	// Recent are the last decisions, newest last, for people who look.
	Recent []Decision `json:"recent,omitempty"`
}

// Run is one learner walking through one rule.
type Run struct {
	ID       string    `json:"id"`
	Rule     string    `json:"rule"`
	Revision string    `json:"revision"`
	Scope    string    `json:"scope,omitempty"`
	Course   string    `json:"course,omitempty"`
	Trigger  Event     `json:"trigger"`
	Started  time.Time `json:"started"`
	PC       int       `json:"pc"`
	// Due is when the run acts next; a wait_for's timeout counts. Zero: nothing is due, a delivery is awaited.
	Due time.Time `json:"due,omitzero"`
	// FirstDue is when the present send was due at first; patience counts from here. Zero: not at a send.
	FirstDue time.Time `json:"first_due,omitzero"`
	// Waiting tells that PC is a wait whose time is running.
	Waiting bool `json:"waiting,omitempty"`
	// Behind tells that the wait for the stream has been noted in the decision log.
	Behind bool `json:"behind,omitempty"`
	// Armed is the last activity that an inactivity run started from.
	Armed time.Time `json:"armed,omitzero"`
	// Over tells that the last step is done and only a delivery is still out.
	Over bool `json:"over,omitempty"`
}

// Past is one remembered start.
type Past struct {
	Key     uint64 `json:"k"`           // hash of rule and scope
	Started int64  `json:"s,omitempty"` // unix milliseconds of the last start; 0: it was armed but never started
	Armed   int64  `json:"a,omitempty"` // unix milliseconds of the activity that armed it last
}

// SendMark is a message that went, or is on its way.
type SendMark struct {
	ID      string    `json:"id"`
	Message string    `json:"message"`
	Topic   string    `json:"topic,omitempty"`
	At      time.Time `json:"at"`
	NoSlot  bool      `json:"no_slot,omitempty"` // transactional: counts in no cap
}

// Flight is a delivery that is out: its send, and where its run would return to if the provider says "later".
type Flight struct {
	Send     Send      `json:"send"`
	PC       int       `json:"pc"`
	FirstDue time.Time `json:"first_due"`
	// Left is the reason why the learner has left the run meanwhile; empty: they have not.
	Left Reason `json:"left,omitempty"`
}
