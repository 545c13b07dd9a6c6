package engine

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// StateVersion is the version that this code writes.
const StateVersion = 1

// State is everything Homeroom remembers of one learner between steps: plain data, bounded, JSON. It is the input and
// output of Step and the payload of a resting workflow; it carries no personal data.
type State struct {
	Version int    `json:"v"`
	Learner string `json:"learner"`
	// Clock is the learner's clock: everything due up to this instant has been decided. It only moves forward.
	Clock time.Time `json:"clock,omitzero"`
	// Seq is the stream sequence of the last event applied, and SeqAt is when the stream stored it. A redelivered event is at or below Seq and was
	// stored no later than SeqAt: an event with an old sequence and a later time was stored after the stream had gone back.
	Seq   uint64    `json:"seq,omitempty"`
	SeqAt time.Time `json:"seq_at,omitzero"`
	// Stream is the stream that Seq counts in; see [Event].
	Stream int64 `json:"stream,omitempty"`
	// Seen is a ring of hashes of event ids, eight bytes each and newest last, to recognise a publisher's repeats.
	Seen []byte `json:"seen,omitempty"`
	// Runs are the live runs, oldest first, and finished ones whose last delivery is still out.
	Runs []Run `json:"runs,omitempty"`
	// PastRuns remembers, per rule and scope (hashed), when a run last started; for `again` and for re-arming. Oldest first.
	PastRuns PastRuns `json:"starts,omitempty"`
	// PastSends are the messages of the longest cap window, oldest first.
	PastSends []PastSend `json:"sends,omitempty"`
	// BackOffCountsAfter is the last message that was ignored when a back-off ended: back-off counts anew after it.
	BackOffCountsAfter time.Time `json:"forgiven,omitzero"`
	// PendingDeliveries are the deliveries that are out.
	PendingDeliveries []PendingDelivery `json:"flights,omitempty"`
	// Suppressions are what suppress steps stopped and that is not over, by topic.
	Suppressions []Suppression `json:"suppressions,omitempty"`
	// ChangedTraits are the traits that rules changed within the last day, the last one last.
	ChangedTraits []ChangedTrait `json:"changed_traits,omitempty"`
	// Arms are the arms of adaptive splits that the learner has, oldest first.
	Arms []PickedArm `json:"arms,omitempty"`
	// Heard are the last events that an until or a wait of a rule names: a trigger that happened before them may arrive after them.
	Heard []Event `json:"heard,omitempty"`
	// MergedInto is the id under which the learner goes on; empty: this one.
	MergedInto string `json:"merged_into,omitempty"`
	// MergeHeard reports that an EventMerged came: whatever was handed over before the learner was merged has been decided, or is in Overtaken.
	MergeHeard bool `json:"merge_heard,omitempty"`
	// Overtaken are the stream sequences of events that were handed over before the learner was merged and came to be decided after that, at most maxOvertaken. They
	// are published again under the id that stays, which decides them.
	Overtaken []uint64 `json:"overtaken,omitempty"`
	// Recent are the last decisions, newest last, for people who look.
	Recent []Decision `json:"recent,omitempty"`
}

// ownLists copies what a step changes in place; Recent is made anew, and to add to Seen copies it.
func (s *State) ownLists() {
	s.Seen = slices.Clip(s.Seen)
	s.Runs = slices.Clone(s.Runs)
	s.PastRuns = slices.Clone(s.PastRuns)
	s.PastSends = slices.Clone(s.PastSends)
	s.PendingDeliveries = slices.Clone(s.PendingDeliveries)
	s.Heard = slices.Clone(s.Heard)
	s.Arms = slices.Clone(s.Arms)
	s.Suppressions = slices.Clone(s.Suppressions)
	s.ChangedTraits = slices.Clone(s.ChangedTraits)
	s.Overtaken = slices.Clone(s.Overtaken)
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
	// Waiting reports that PC is a wait whose time is running.
	Waiting bool `json:"waiting,omitempty"`
	// WaitSince is when a wait until a timestamp began: the timestamp is read as of then. Zero: no such wait, or one of an older version.
	WaitSince time.Time `json:"wait_since,omitzero"`
	// UsualOf is when the session began by which the last wait for the usual hour goes. Zero: no such wait, or no activity was known.
	UsualOf time.Time `json:"usual_of,omitzero"`
	// KeepsEnd reports that the run was migrated to another wait, and keeps the end of the one before.
	KeepsEnd bool `json:"keeps_end,omitempty"`
	// StreamSince is the first step in which the run was due and waited for the stream. Zero: it does not wait, or did so in an older version.
	StreamSince time.Time `json:"stream_since,omitzero"`
	// Behind reports that the wait for the stream has been noted in the decision log.
	Behind bool `json:"behind,omitempty"`
	// Armed is the last activity that an inactivity run started from.
	Armed time.Time `json:"armed,omitzero"`
	// Ended reports that the run has ended, and that only a delivery is still out or the goal is still watched for.
	Ended bool `json:"over,omitempty"`
	// Exposed is when the run's first message went, or would have gone. Zero: none yet.
	Exposed time.Time `json:"exposed,omitzero"`
	// Assigned is when the run took its first split: the goal is watched for from then on, in every arm alike. Zero: it has taken none.
	Assigned time.Time `json:"assigned,omitzero"`
	// ForNight reports that the run stands at a send that was put off to the end of quiet hours.
	ForNight bool `json:"for_night,omitempty"`
	// Paused reports that the run stands at a send of a paused rule.
	Paused bool `json:"held,omitempty"`
	// Answered are the ids of wait_for steps that an event has answered before the run reached them.
	Answered []string `json:"answered,omitempty"`
	// Awaited are the events of the wait_for steps with a name that the run has passed, and AwaitedAhead those that answered one which it has not
	// reached yet. Runs of older versions have none.
	Awaited      []AwaitedEvent `json:"awaited,omitempty"`
	AwaitedAhead []AwaitedEvent `json:"awaited_ahead,omitempty"`
	// Arm is "split=arm" of the last split the run took.
	Arm string `json:"arm,omitempty"`
}

// PastRun remembers when a rule last started for one scope.
type PastRun struct {
	Key     uint64 // hash of rule and scope
	Started int64  // unix milliseconds of the last start; 0: it was armed but never started
	// Armed is the activity that armed it last, in unix milliseconds; below zero: the silence since that activity is put off until the rule may
	// start again.
	Armed int64
}

// PastRuns are packed as JSON: base64 of 24 bytes each, because there are many and nobody reads them.
type PastRuns []PastRun

// MarshalJSON implements json.Marshaler.
func (p PastRuns) MarshalJSON() ([]byte, error) {
	packed := make([]byte, 0, 24*len(p))
	for _, past := range p {
		for _, v := range []uint64{past.Key, uint64(past.Started), uint64(past.Armed)} {
			packed = binary.BigEndian.AppendUint64(packed, v)
		}
	}
	return json.Marshal(packed)
}

// UnmarshalJSON implements json.Unmarshaler.
func (p *PastRuns) UnmarshalJSON(raw []byte) error {
	var packed []byte
	if err := json.Unmarshal(raw, &packed); err != nil {
		return fmt.Errorf("the remembered starts of a state are damaged: %w", err)
	}
	if len(packed)%24 != 0 {
		return fmt.Errorf("the remembered starts of a state are damaged: %d bytes are no multiple of %d", len(packed), 24)
	}
	*p = nil
	for ; len(packed) > 0; packed = packed[24:] {
		*p = append(*p, PastRun{
			Key:     binary.BigEndian.Uint64(packed),
			Started: int64(binary.BigEndian.Uint64(packed[8:])),
			Armed:   int64(binary.BigEndian.Uint64(packed[16:])),
		})
	}
	return nil
}

// PastSend is a message that was sent or withheld, or whose delivery is pending.
type PastSend struct {
	ID      string `json:"id"`
	Message string `json:"message"`
	Topic   string `json:"topic,omitempty"`
	// Channel is empty for e-mail, and in what older versions recorded.
	Channel string    `json:"channel,omitempty"`
	At      time.Time `json:"at"`
	NoSlot  bool      `json:"no_slot,omitempty"` // transactional: counts in no cap and no back-off
	// Withheld reports that it went to nobody, because the learner is held out. It counts like one that went.
	Withheld bool `json:"withheld,omitempty"`
	// Answered reports that the learner opened, clicked or did something within 72 hours.
	Answered bool `json:"answered,omitempty"`
}

// PendingDelivery is a send whose outcome is not known yet, and the step to which its run returns if the outcome is a retry.
type PendingDelivery struct {
	Send     Send      `json:"send"`
	PC       int       `json:"pc"`
	FirstDue time.Time `json:"first_due"`
	// ExitReason is the reason why the learner has left the run meanwhile; empty: they have not.
	ExitReason Reason `json:"left,omitempty"`
	// SettleAt is when an uncertain delivery is looked at again; zero: its outcome is not known yet.
	SettleAt time.Time `json:"settle_at,omitzero"`
}
