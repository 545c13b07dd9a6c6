package store

import "time"

// DraftSchedule says when a draft is put in force by itself, or why it was not.
type DraftSchedule struct {
	At   time.Time `json:"at"`
	Zone string    `json:"zone"` // the IANA zone in which somebody said it
	By   string    `json:"by"`
	// MadeAt is when somebody said it.
	MadeAt time.Time `json:"made_at"`
	Hash   string    `json:"hash"` // of the content that is put in force, and of no other
	// Number is the publication that was in force then: after any other it is not put in force. 0: an older version did not note it.
	Number    int    `json:"number,omitempty"`
	Note      string `json:"note,omitempty"`
	RunPolicy string `json:"in_flight,omitempty"` // what becomes of live runs
	// WithoutApproval and Untested publish although approvals are missing and although rule tests fail.
	WithoutApproval bool `json:"without_approval,omitempty"`
	Untested        bool `json:"untested,omitempty"`
	// Claimed is when a process last began to put it in force; zero: none has.
	Claimed time.Time `json:"claimed,omitzero"`
	Problem string    `json:"problem,omitempty"` // why that did not come about; it is tried again
	// Ended is when it was cancelled; zero: it waits.
	Ended time.Time `json:"ended,omitzero"`
	Why   string    `json:"why,omitempty"` // it was cancelled, as a sentence without a full stop
}

// Waits reports whether the publication is still to come. It may be called on nil: then none is scheduled.
func (s *DraftSchedule) Waits() bool { return s != nil && s.Ended.IsZero() }
