package engine

import (
	"slices"
	"sync"
	"time"
)

// Step takes inputs into a learner's state, in order, then decides everything that is due up to now.
//
// An event moves the learner's clock to max(clock, min(event.Time, now)). What is due before that is decided first; at
// a tie the event goes first. Due instants beyond env.Watermark wait: their until may still lie in the stream. A
// decision is stamped with its due instant if that is no more than env.Grace ago, otherwise with now; a send that is
// late in this sense is decided last, when every input has been heard.
//
// Step does not change state; the result holds a new one. It keeps no map of the inputs.
func Step(env Env, state State, inputs []Input, now time.Time) Result {
	s, ok := steppers.Get().(*stepper)
	if !ok {
		s = &stepper{}
	}
	s.beginStep(&env, &state, now)
	s.st.ownLists()
	decided := s.takeInputs(inputs)
	result := Result{
		State:     s.st,
		Effects:   decided.Effects,
		Decisions: decided.Decisions,
		WakeAt:    decided.WakeAt,
	}
	s.forgetStep()
	steppers.Put(s)
	return result
}

// steppers keeps the steppers of steps that are over, for Step to use again. Each is like a new one, but that it has memory, which is empty. Without them, making a
// stepper and clearing it is a third of the cost of a step in which nothing happens.
var steppers sync.Pool

// Stepper makes the steps of many learners, one after another, in the same memory: a step leaves hardly any garbage. The
// zero Stepper is ready. It is not safe for concurrent use.
type Stepper struct{ s stepper }

// Decided is what a step of a Stepper came to, which makes the state it was given the new one. It is good until the next step.
type Decided struct {
	Effects   []Effect
	Decisions []Decision
	WakeAt    time.Time // zero: sleep until an event
}

// Step is the function Step for a host that has no more use for the old state: the new one takes its place, in its memory. Environment and state are large, and
// most steps decide nothing, so that to copy them would be a good part of what a step costs. Nobody looks at Recent of such learners, which stays as it was.
func (t *Stepper) Step(env *Env, state *State, inputs []Input, now time.Time) Decided {
	t.s.beginStep(env, state, now)
	t.s.unseen = true
	t.s.keepScopes()
	decided := t.s.takeInputs(inputs)
	*state = t.s.st
	return decided
}

// StepAgain is Step for what the deliveries of this Stepper's last step came to, with the state that it made, in the same environment and at the same instant. What
// may fall due is the same then, and is not listed again.
func (t *Stepper) StepAgain(env *Env, state *State, inputs []Input, now time.Time) Decided {
	listed := t.s.listed
	silences := t.s.silences
	t.s.beginStep(env, state, now)
	t.s.unseen = true
	if listed && !t.s.hasSchedules() { // a list has one instant of each schedule, which may have passed
		t.s.listed = true
		t.s.silences = silences
	}
	decided := t.s.takeInputs(inputs)
	*state = t.s.st
	return decided
}

// takeInputs takes inputs in and decides what is due.
func (s *stepper) takeInputs(inputs []Input) Decided {
	if s.endMerged() {
		return s.takeOutcomes(inputs)
	}
	s.published = slices.ContainsFunc(inputs, func(in Input) bool { return in.Publication != nil })
	s.resumePaused()
	s.retimeRuns(inputs)
	for _, in := range inputs {
		switch {
		case in.Event != nil:
			s.applyEvent(in.Event)
		case in.Outcome != nil:
			s.applyOutcome(in.Outcome)
		case in.Publication != nil:
			s.applyPublication(in.Publication)
		}
	}
	s.decideDue(s.now)
	s.late = true
	s.decideDue(s.now)
	if s.settleUncertain() {
		s.decideDue(s.now) // the next message of the run waited for it
	}
	for s.spare != nil && len(s.spare.withheld) > 0 {
		s.spare.withheld = s.spare.withheld[:0]
		s.decideDue(s.now)
	}
	s.noteBehind()
	s.forgetUnneeded()
	wake := s.wakeAt()
	return Decided{Effects: s.effects, Decisions: s.decisions, WakeAt: wake}
}

// stepper is one Step under way.
type stepper struct {
	env     Env // its Watermark moves on with what is heard
	st      State
	now     time.Time
	decided time.Time      // the learner's clock when the step began: everything due up to it has been decided
	loc     *time.Location // found once; see learnerZone
	unseen  bool           // nobody looks at Recent
	late    bool           // every input has been heard: late sends may be decided, at now
	listed  bool           // silences are listed
	putOff  bool           // a silence or a date is put off, as of the list
	// published reports that a publication is among the inputs.
	published bool

	// saidTraits are the traits as the host knows them, without those that rules have set and of which it has not heard yet.
	saidTraits map[string]any

	// collectedBy are the runs that gathered the present event at a collect step.
	collectedBy []string

	silences  []silence // those that may fall due, if they are listed; see nextSilence
	effects   []Effect
	decisions []Decision
	exprRoom  *exprRoom // made when it is needed
	spare     *spare    // made when it is needed
}

func newStepper(env Env, state State, now time.Time) *stepper {
	s := &stepper{}
	s.beginStep(&env, &state, now)
	return s
}

// beginStep makes it a new step, whatever it was before: of the step before, only memory to write into is kept. Environment and state are large, so each
// is copied once.
func (s *stepper) beginStep(env *Env, state *State, now time.Time) {
	s.env = *env
	if s.env.Standing == nil {
		s.env.Standing = &Standing{}
	}
	s.st = *state
	s.st.Version = StateVersion
	s.now = now
	s.decided = state.Clock
	s.loc = nil
	s.unseen = false
	s.late = false
	s.listed = false
	s.silences = s.silences[:0]
	s.effects = s.effects[:0]
	s.decisions = s.decisions[:0]
	if s.spare != nil {
		s.spare.withheld = s.spare.withheld[:0]
	}
	s.seeChangedTraits()
}

// maxRoomForSilences is for how many silences room is kept.
const maxRoomForSilences = 64

// forgetStep forgets the whole step, which is over. Of its memory only the room for silences and for the variables of expressions is kept, emptied: nothing of the
// result is in it.
func (s *stepper) forgetStep() {
	room := s.silences[:cap(s.silences)]
	if len(room) > maxRoomForSilences {
		room = nil
	}
	clear(room)
	vars := s.exprRoom
	if vars != nil {
		*vars = exprRoom{}
	}
	*s = stepper{silences: room[:0], exprRoom: vars}
}

// applyEvent takes one event in.
func (s *stepper) applyEvent(ev *Event) {
	if !s.markFresh(ev) {
		return
	}
	if s.st.Learner == "" {
		s.st.Learner = ev.Learner
	}
	stored := ev.StoredAt
	if stored.IsZero() {
		stored = s.now
	}
	if !s.env.Watermark.IsZero() && !ev.Broadcast {
		s.env.Watermark = later(s.env.Watermark, stored)
	}
	if ev.Absorbed != nil {
		s.absorbMemory(ev.Absorbed)
		plain := *ev // a run that it starts remembers it without
		plain.Absorbed = nil
		ev = &plain
	}
	at := later(s.st.Clock, earlier(ev.Time, s.now))
	s.decideDueBefore(at)
	s.st.Clock = at
	course := s.env.Standing.CourseOf(ev, s.env.Current.Keys)
	s.offerEvent(ev, course, at)
	s.startRuns(ev, course, at)
	s.rememberHeard(ev)
	s.decideDue(at)
}

// markFresh reports whether the event has not been applied before, and remembers it. What was applied is known by the sequence together with the time
// at which it was stored: a stream that is restored from older files gives the same sequences out again.
func (s *stepper) markFresh(ev *Event) bool {
	if ev.Stream > s.st.Stream {
		if s.st.Stream != 0 { // the stream was made anew, and counts from the beginning
			s.st.Seq = 0
			s.st.SeqAt = time.Time{}
		}
		s.st.Stream = ev.Stream
	}
	if ev.Seq != 0 {
		if ev.Seq <= s.st.Seq && !s.storedLater(ev) {
			return false
		}
		s.st.Seq = ev.Seq
		s.st.SeqAt = ev.StoredAt
	}
	return ringAdd(&s.st.Seen, hash64(fnvBasis, ev.ID), maxSeen)
}

// storedLater reports whether the event was stored after the one that was applied last, though its sequence is not higher: the stream went back. A state
// of an older version does not know when its last event was stored.
func (s *stepper) storedLater(ev *Event) bool {
	return !s.st.SeqAt.IsZero() && ev.StoredAt.After(s.st.SeqAt)
}

// forgetUnneeded drops what no later decision can need.
func (s *stepper) forgetUnneeded() {
	s.noteAnswers()
	s.forgetSends()
	for i := len(s.st.Runs) - 1; i >= 0; i-- {
		run := &s.st.Runs[i]
		if run.Ended && s.pendingOfRun(run.ID) < 0 && s.st.Clock.After(s.watchedUntil(run)) {
			s.st.Runs = slices.Delete(s.st.Runs, i, i+1)
		}
	}
	s.st.PastSends = keepLast(s.st.PastSends, maxPastSends)
	for i := len(s.st.Heard) - 1; i >= 0; i-- {
		if s.st.Clock.Sub(s.st.Heard[i].Time) > heardFor {
			s.forgetHeard(i)
		}
	}
	s.forgetSuppressions()
	s.forgetChangedTraits()
	s.keepRecent()
	if len(s.st.PastRuns) > maxPast {
		s.st.PastRuns = s.st.PastRuns.trim(maxPast)
	}
}

// forgetSends keeps the messages that caps and sent() look at, those that are out, and the last few that back-off does.
func (s *stepper) forgetSends() {
	since := s.st.Clock.Add(-s.memoryOfSends())
	last := 0
	if b := s.env.Current.Settings.BackOff; b != nil {
		last = b.AfterIgnored
	}
	for i := len(s.st.PastSends) - 1; i >= 0; i-- {
		m := &s.st.PastSends[i]
		counts := !m.NoSlot
		keep := m.At.After(since) || s.pendingByID(m.ID) >= 0 || counts && last > 0
		if counts {
			last--
		}
		if !keep {
			s.st.PastSends = slices.Delete(s.st.PastSends, i, i+1)
		}
	}
}

// keepLast keeps the last n.
func keepLast[T any](list []T, n int) []T {
	if extra := len(list) - n; extra > 0 {
		return slices.Delete(list, 0, extra)
	}
	return list
}
