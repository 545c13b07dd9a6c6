// Package setaside holds the record of a learner who is set aside. The triggers write it, the store keeps it. It knows nothing of either.
package setaside

import "time"

// Record says that a learner is set aside: their events could not be handed over for so long that they wait in the stream HOMEROOM_SET_ASIDE, where
// they hold nobody else up. All instants are in Homeroom's time.
type Record struct {
	Learner   string    `json:"learner"`
	Partition int       `json:"partition"`
	Since     time.Time `json:"since"`
	Step      string    `json:"step,omitempty"`  // what failed
	Error     string    `json:"error,omitempty"` // of the last try
	Attempts  int       `json:"attempts"`        // tries since the learner was set aside, or since the last that handed something over
	Next      time.Time `json:"next"`            // when it is tried again; in the past: at once
	First     uint64    `json:"first_sequence"`  // in LEARNING; no event before it waits, and its own event may have been handed over
	FirstAt   time.Time `json:"first_stored_at"` // when that event was stored; zero: not known

	Revision uint64 `json:"-"` // of the record in the store
}
