package engine

import (
	"cmp"
	"encoding/binary"
	"slices"
	"time"
)

// EventAliased says that the learner was known under another id until now: a lead who signed up. KeyPrevious names that id. A host merges what is known of the
// other id into the learner's records, and gives the event what the other id's workflow remembered, as Absorbed.
const (
	EventAliased = "user.aliased"
	KeyPrevious  = "previous_id"
)

// EventMerged wakes the workflow of a learner whose records were merged into another's. No publisher has it.
const EventMerged = "homeroom.merged"

// PreviousOf returns the id that an EventAliased names; empty: the event is another one, or it names the learner's own id.
func PreviousOf(ev *Event) string {
	if ev.Name != EventAliased {
		return ""
	}
	previous, _ := ev.Text(KeyPrevious)
	if previous == ev.Learner {
		return ""
	}
	return previous
}

// Memory is what one learner takes over from the state of another that is the same person: what keeps a message from going out twice. Runs are not among it:
// they end, because they were decided for by the holdouts of the other id.
type Memory struct {
	Learner            string        `json:"learner"` // the other id
	Seen               []byte        `json:"seen,omitempty"`
	PastRuns           PastRuns      `json:"starts,omitempty"`
	PastSends          []PastSend    `json:"sends,omitempty"`
	BackOffCountsAfter time.Time     `json:"forgiven,omitzero"`
	Suppressions       []Suppression `json:"suppressions,omitempty"`
	Arms               []PickedArm   `json:"arms,omitempty"`
	Heard              []Event       `json:"heard,omitempty"`
}

// MemoryOf returns what another learner takes over from a state; nil: there is nothing.
func MemoryOf(st *State) *Memory {
	m := Memory{
		Learner:            st.Learner,
		Seen:               st.Seen,
		PastRuns:           st.PastRuns,
		PastSends:          st.PastSends,
		BackOffCountsAfter: st.BackOffCountsAfter,
		Suppressions:       st.Suppressions,
		Arms:               st.Arms,
		Heard:              st.Heard,
	}
	if len(m.Seen)+len(m.PastRuns)+len(m.PastSends)+len(m.Suppressions)+len(m.Arms)+len(m.Heard) == 0 && m.BackOffCountsAfter.IsZero() {
		return nil
	}
	return &m
}

// absorbMemory takes over what another id's workflow remembered. Done twice it changes nothing more, and the order of two of them makes no difference to what counts.
func (s *stepper) absorbMemory(m *Memory) {
	s.absorbSeen(m.Seen)
	for _, past := range slices.Backward(m.PastRuns) { // each goes before all others, and the oldest is to be first
		s.absorbPastRun(past)
	}
	for _, sent := range m.PastSends {
		i, _ := slices.BinarySearchFunc(s.st.PastSends, sent, comparePastSends)
		if !slices.ContainsFunc(s.st.PastSends, func(own PastSend) bool { return own.ID == sent.ID }) {
			s.st.PastSends = slices.Insert(s.st.PastSends, i, sent)
		}
	}
	s.st.BackOffCountsAfter = later(s.st.BackOffCountsAfter, m.BackOffCountsAfter)
	for _, suppression := range m.Suppressions {
		s.suppressTopic(suppression)
	}
	for _, arm := range m.Arms {
		own := func(a PickedArm) bool { return a.Rule == arm.Rule && a.Split == arm.Split }
		if !slices.ContainsFunc(s.st.Arms, own) {
			s.st.Arms = append(s.st.Arms, arm)
		}
	}
	for i := range m.Heard {
		if !slices.ContainsFunc(s.st.Heard, func(own Event) bool { return own.ID == m.Heard[i].ID }) {
			s.st.Heard = append(s.st.Heard, m.Heard[i])
		}
	}
	slices.SortStableFunc(s.st.Heard, func(a, b Event) int { return a.Time.Compare(b.Time) })
	s.st.Heard = keepLast(s.st.Heard, maxHeard)
}

// maxOvertaken bounds Overtaken. Without workers, events may wait for long before a merge; a learner with more has been without one for days.
const maxOvertaken = 4096

// noteOvertaken notes an event that came to be decided after the learner was merged, unless it was applied before. The copy of a broadcast has no sequence: the id that
// stays gets its own.
func (s *stepper) noteOvertaken(ev *Event) {
	if ev.Name == EventMerged {
		s.st.MergeHeard = true
		return
	}
	applied := ev.Stream <= s.st.Stream && ev.Seq <= s.st.Seq && !s.storedLater(ev) || ringHas(s.st.Seen, hash64(fnvBasis, ev.ID))
	if ev.Seq == 0 || applied || len(s.st.Overtaken) >= maxOvertaken || slices.Contains(s.st.Overtaken, ev.Seq) {
		return
	}
	s.st.Overtaken = append(s.st.Overtaken, ev.Seq)
}

// comparePastSends orders messages by time, and those of one instant, such as the end of a night, by their ids.
func comparePastSends(a, b PastSend) int {
	return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID))
}

// absorbSeen puts the ids of events that the other id had before the learner's own: an event that was handed over under both ids counts once.
func (s *stepper) absorbSeen(seen []byte) {
	own := s.st.Seen
	s.st.Seen = nil
	for i := 0; i+8 <= len(seen); i += 8 {
		if !ringHas(own, binary.BigEndian.Uint64(seen[i:])) {
			s.st.Seen = append(s.st.Seen, seen[i:i+8]...)
		}
	}
	s.st.Seen = append(s.st.Seen, own...)
	if extra := len(s.st.Seen) - maxSeen*8; extra > 0 {
		s.st.Seen = slices.Clone(s.st.Seen[extra:])
	}
}

// absorbPastRun takes over when a rule last started. It goes before what the learner's own runs left, unless that is older.
func (s *stepper) absorbPastRun(past PastRun) {
	i := slices.IndexFunc(s.st.PastRuns, func(own PastRun) bool { return own.Key == past.Key })
	if i < 0 {
		s.st.PastRuns = slices.Insert(s.st.PastRuns, 0, past)
		return
	}
	own := &s.st.PastRuns[i]
	own.Started = max(own.Started, past.Started)
	if max(past.Armed, -past.Armed) > max(own.Armed, -own.Armed) {
		own.Armed = past.Armed
	}
}

// endMerged ends everything that is under way for a learner whose records were merged into another's, once. It reports whether they were.
func (s *stepper) endMerged() bool {
	into := s.env.Standing.MergedInto
	if into == "" && s.st.MergedInto == "" {
		return false
	}
	if s.st.MergedInto == "" {
		s.st.MergedInto = into
	}
	at := later(s.st.Clock, s.now)
	ids := make([]string, 0, len(s.st.Runs))
	for i := range s.st.Runs {
		ids = append(ids, s.st.Runs[i].ID)
	}
	for _, id := range ids {
		if run := s.runByID(id); !run.Ended {
			s.exitRun(run, at, ReasonMerged, "the learner goes on as "+s.st.MergedInto, s.st.MergedInto)
		}
		if s.runByID(id) != nil && s.pendingOfRun(id) < 0 { // nobody watches for its goal any more
			s.removeRun(id)
		}
	}
	return true
}

// takeOutcomes takes in how the deliveries of a merged learner ended, and notes the events that were handed over just before. Nothing else is decided for them any more.
func (s *stepper) takeOutcomes(inputs []Input) Decided {
	for _, in := range inputs {
		switch {
		case in.Outcome != nil:
			s.applyOutcome(in.Outcome)
		case in.Event != nil:
			s.noteOvertaken(in.Event)
		}
	}
	s.st.PendingDeliveries = slices.DeleteFunc(s.st.PendingDeliveries, func(f PendingDelivery) bool { return !f.SettleAt.IsZero() })
	s.endMerged() // a delivery that is to be tried again has brought its run back
	s.keepRecent()
	return Decided{Effects: s.effects, Decisions: s.decisions}
}
