package profile

import (
	"time"

	"homeroom/engine"
)

// Statement is what one event says of a learner as a person. Triggers, the import, and the simulator read it by [StatementOf], so that an event does the same to a
// person in each.
type Statement struct {
	Traits   map[string]any
	Feedback Feedback
	At       time.Time // when it was said
}

// StatementOf reads an event and the traits that it carried. It counts as said when the event happened, but never after it arrived: a publisher's clock that is
// ahead must not make what comes next old.
func StatementOf(ev *engine.Event, traits map[string]any, arrival time.Time) Statement {
	at := ev.Time
	if at.After(arrival) {
		at = arrival
	}
	return Statement{
		Traits:   statedTraits(ev, traits),
		Feedback: FeedbackOf(ev.Name, ev.Properties),
		At:       at,
	}
}

// IsEmpty reports whether the event says nothing of a person.
func (s Statement) IsEmpty() bool { return len(s.Traits) == 0 && s.Feedback == Feedback{} }

// Update is what is written to a profile at once: feedback, if there is any, and then traits. Feedback comes first because the mail went to the address that was
// known until then.
type Update struct {
	Feedback Feedback
	At       time.Time   // of the feedback
	Traits   []Statement // those with traits, in order; the one with the feedback may be the first
	Upto     int         // how many of the statements are done with this update
}

// Updates groups a learner's statements, in order, into as few updates as keep their order.
func Updates(statements []Statement) []Update {
	var updates []Update
	for i, s := range statements {
		if s.Feedback != (Feedback{}) || len(updates) == 0 && len(s.Traits) > 0 {
			update := Update{Feedback: s.Feedback}
			if s.Feedback != (Feedback{}) {
				update.At = s.At
			}
			updates = append(updates, update)
		}
		if len(updates) == 0 {
			continue
		}
		last := &updates[len(updates)-1]
		if len(s.Traits) > 0 {
			last.Traits = append(last.Traits, s)
		}
		last.Upto = i + 1
	}
	return updates
}
