package admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/catalog"
	"homeroom/deadletters"
	"homeroom/engine"
	"homeroom/internal/narrate"
	"homeroom/profile"
	"homeroom/store"
	"homeroom/subjects"
)

// EventsStatus says which events have arrived, and what is still missing for the rules in force.
type EventsStatus struct {
	Since time.Time `json:"since,omitzero"` // events that were stored earlier are not counted; zero: all are
	Until time.Time `json:"until"`
	Read  int       `json:"read"` // events
	// Complete reports whether every event that starts a rule in force has been seen.
	Complete bool        `json:"complete"`
	Events   []EventSeen `json:"events"` // those of the catalog, by name
	// Unknown are names under which bodies arrived that are no events, with how many dead letters there are of each; the most frequent first.
	Unknown []NameCount `json:"unknown"`
}

// EventSeen is an event of the catalog.
type EventSeen struct {
	Event  string    `json:"event"`
	Seen   int       `json:"seen"`
	Last   time.Time `json:"last,omitzero"`    // when the last one happened
	Starts []string  `json:"starts,omitempty"` // the rules in force that it starts
	Heard  []string  `json:"heard,omitempty"`  // the rules in force that listen for it otherwise
	// Missing are the declared properties that none of them had.
	Missing []string `json:"missing,omitempty"`
	// Refused counts dead letters of this name by reason.
	Refused map[string]int `json:"refused,omitempty"`
	Remarks []RemarkCount  `json:"remarks,omitempty"`
}

// RemarkCount is something of an event that cannot be used although the event counts.
type RemarkCount struct {
	Remark string    `json:"remark"`
	Count  int       `json:"count"`
	Last   time.Time `json:"last"` // stored
	// Learner and ID are those of the last event with it.
	Learner string `json:"learner"`
	ID      string `json:"id"`
}

// EventRemarks are what cannot be used of events that count.
type EventRemarks struct {
	Read    int           `json:"read"` // events
	Remarks []EventRemark `json:"remarks"`
}

// EventRemark is a remark about an event.
type EventRemark struct {
	Event string `json:"event"`
	RemarkCount
}

// ListRemarks returns the remarks about all events.
func (s *EventsStatus) ListRemarks() EventRemarks {
	list := EventRemarks{Read: s.Read, Remarks: []EventRemark{}}
	for _, e := range s.Events {
		for _, r := range e.Remarks {
			list.Remarks = append(list.Remarks, EventRemark{Event: e.Event, RemarkCount: r})
		}
	}
	return list
}

// NameCount is a name that is no event.
type NameCount struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
}

// Waiting returns the events that start a rule in force and have not been seen.
func (s *EventsStatus) Waiting() []EventSeen {
	waiting := []EventSeen{}
	for _, e := range s.Events {
		if len(e.Starts) > 0 && e.Seen == 0 {
			waiting = append(waiting, e)
		}
	}
	return waiting
}

// Verdict answers in a sentence whether the integration is complete.
func (s *EventsStatus) Verdict() string {
	needed := 0
	for _, e := range s.Events {
		if len(e.Starts) > 0 {
			needed++
		}
	}
	waiting := len(s.Waiting())
	switch {
	case needed == 0:
		return "No rule in force starts from an event, so that none is needed yet."
	case waiting == 0:
		return fmt.Sprintf("Complete: every event that starts a rule in force has been seen, %d in all.", needed)
	}
	return fmt.Sprintf("Not complete: %d of the %s from which rules in force start have been seen.", needed-waiting, narrate.Count(needed, "event"))
}

// WithoutLearners returns the status without the ids of learners and of their events, for people who may not look learners up.
func (s *EventsStatus) WithoutLearners() EventsStatus {
	hidden := *s
	hidden.Events = slices.Clone(s.Events)
	for n := range hidden.Events {
		remarks := slices.Clone(hidden.Events[n].Remarks)
		for m := range remarks {
			remarks[m].Learner = ""
			remarks[m].ID = ""
		}
		hidden.Events[n].Remarks = remarks
	}
	return hidden
}

// EventsStatusOptions say what is read.
type EventsStatusOptions struct {
	Since  time.Time // zero: everything
	OnRead func(done, total int64)
}

// maxRemarks bounds the remarks that are kept of one event: publishers can make up any number of names.
const maxRemarks = 50

// eventTally counts the events of one name.
type eventTally struct {
	seen       int
	last       time.Time
	properties map[string]int
	remarks    map[string]*RemarkCount
}

// EventsStatus reads the events that were stored since a time, and compares them with the catalog and the rules in force. Without rules in force nothing is needed.
func (i *Installation) EventsStatus(ctx context.Context, o EventsStatusOptions) (EventsStatus, error) {
	status := EventsStatus{Since: o.Since, Until: i.opts.Now().UTC(), Complete: true, Events: []EventSeen{}, Unknown: []NameCount{}}
	needed := map[string]engine.EventNeed{}
	academy, err := i.CurrentAcademy(ctx)
	var known *catalog.Catalog
	switch {
	case err == nil:
		known = academy.Catalog
		needed = academy.Ruleset.EventsNeeded()
	case errors.Is(err, ErrNoRules):
		if known, err = catalog.Default(); err != nil {
			return status, err
		}
	default:
		return status, err
	}
	tallies, read, err := i.tallyEvents(ctx, known, o)
	if err != nil {
		return status, err
	}
	status.Read = read
	dead, err := i.deadLetters().List(ctx, deadletters.ListOptions{Selection: deadletters.Selection{Since: i.storedSince(o.Since)}})
	if err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return status, err
	}
	refused := refusedByEvent(&dead)
	for _, kind := range known.Events() {
		seen := describeSeen(kind, tallies[kind.Name])
		seen.Starts = needed[kind.Name].Starts
		seen.Heard = needed[kind.Name].Heard
		seen.Refused = refused[kind.Name]
		delete(refused, kind.Name)
		if len(seen.Starts) > 0 && seen.Seen == 0 {
			status.Complete = false
		}
		status.Events = append(status.Events, seen)
	}
	slices.SortFunc(status.Events, func(a, b EventSeen) int { return cmp.Compare(a.Event, b.Event) })
	for _, name := range slices.Sorted(maps.Keys(refused)) {
		n := 0
		for _, count := range refused[name] {
			n += count
		}
		status.Unknown = append(status.Unknown, NameCount{Name: name, Count: n})
	}
	slices.SortStableFunc(status.Unknown, func(a, b NameCount) int { return b.Count - a.Count })
	return status, nil
}

// tallyEvents reads the stored events and counts them by name.
func (i *Installation) tallyEvents(ctx context.Context, known *catalog.Catalog, o EventsStatusOptions) (tallies map[string]*eventTally, read int, err error) {
	tallies = map[string]*eventTally{}
	reader := i.newReader(o.Since, o.OnRead)
	err = reader.Read(ctx, subjects.Stream, []string{subjects.AllPublished}, func(m store.Message) error {
		_, learner, name, err := subjects.ParseStored(m.Subject)
		if err != nil {
			return nil //nolint:nilerr // it is a dead letter
		}
		d := decodeAs(known, learner, m)
		if d == nil && learner == subjects.NoLearner && known.CheckWithoutLearner(name, m.Header, m.Data, m.StoredAt) == nil {
			d = &catalog.Decoded{Event: engine.Event{Name: name, Learner: learner, Time: m.StoredAt}} // nothing of its body is needed
		}
		if d == nil {
			return nil
		}
		read++
		tally := tallies[d.Event.Name]
		if tally == nil {
			tally = &eventTally{properties: map[string]int{}, remarks: map[string]*RemarkCount{}}
			tallies[d.Event.Name] = tally
		}
		tally.countEvent(known, d, m.StoredAt)
		return nil
	})
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		err = nil
	}
	return tallies, read, err
}

// countEvent counts an event.
func (t *eventTally) countEvent(known *catalog.Catalog, d *catalog.Decoded, stored time.Time) {
	t.seen++
	if d.Event.Time.After(t.last) {
		t.last = d.Event.Time
	}
	kind, _ := known.Event(d.Event.Name)
	for _, p := range kind.Properties {
		if d.Event.Properties[p.Name] != nil {
			t.properties[p.Name]++
		}
	}
	for _, remark := range append(profile.Remarks(d.Traits), known.PropertyRemarks(&d.Event)...) {
		counted := t.remarks[remark]
		if counted == nil {
			if len(t.remarks) == maxRemarks {
				continue
			}
			counted = &RemarkCount{Remark: remark}
			t.remarks[remark] = counted
		}
		counted.Count++
		counted.Last = stored.UTC()
		counted.Learner = d.Event.Learner
		counted.ID = d.Event.ID
	}
}

// describeSeen says what was seen of an event; tally may be nil.
func describeSeen(kind *catalog.Event, tally *eventTally) EventSeen {
	seen := EventSeen{Event: kind.Name}
	if tally == nil {
		return seen
	}
	seen.Seen = tally.seen
	seen.Last = tally.last.UTC()
	for _, p := range kind.Properties {
		if tally.properties[p.Name] == 0 {
			seen.Missing = append(seen.Missing, p.Name)
		}
	}
	for _, remark := range slices.Sorted(maps.Keys(tally.remarks)) {
		seen.Remarks = append(seen.Remarks, *tally.remarks[remark])
	}
	slices.SortStableFunc(seen.Remarks, func(a, b RemarkCount) int { return b.Count - a.Count })
	return seen
}

// refusedByEvent counts dead letters by the name under which they came, and by reason.
func refusedByEvent(dead *deadletters.Summary) map[string]map[string]int {
	refused := map[string]map[string]int{}
	for _, reason := range dead.Reasons {
		for name, n := range reason.Events {
			if refused[name] == nil {
				refused[name] = map[string]int{}
			}
			refused[name][reason.Reason] += n
		}
	}
	return refused
}
