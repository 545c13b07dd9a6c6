package engine

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// EventTraitSet says that a rule set a trait of the learner. Homeroom publishes it from the decision, see [Decision.TraitEvent], and the profile takes the trait
// from its properties. A rule may start by it.
const (
	EventTraitSet = "learner.trait_set"
	KeyTrait      = "trait" // the trait's name
	KeyValue      = "value" // its value; absent: the trait was removed
	KeyRule       = "rule"  // the rule that set it; absent: it was no rule
	KeyChain      = "chain" // how many rules set a trait, each because of the one before, to come to this
)

// What keeps rules that set traits from going on for ever, whatever their conditions are.
const (
	// maxTraitChain is how many rules may set a trait one because of the other. A run that such an event began does not set one beyond that.
	maxTraitChain = 5
	// maxTraitChanges is how often rules change one trait of a learner within traitMemory of the first change. Then it is counted anew.
	maxTraitChanges = 20
)

// traitMemory is for how long, on the learner's clock, it is remembered what rules made of a trait.
const traitMemory = 24 * time.Hour

// maxChangedTraits is how many traits are remembered that rules have changed of late; those that were changed first are forgotten.
const maxChangedTraits = 64

// TraitValue is a trait as a set step sets it: a text, a number, true, false or a list of them as JSON has them; nil: the trait is removed.
type TraitValue struct {
	Name  string
	Value any
}

// TraitChange is what a set step made of a trait, in the decision about it.
type TraitChange struct {
	Trait string `json:"trait"`
	Value any    `json:"value,omitempty"` // absent: removed
	Chain int    `json:"chain"`           // as KeyChain
}

// ChangedTrait is a trait that rules changed of late. Its event may still be under way: until the profile has heard of it, conditions and messages see this value.
type ChangedTrait struct {
	Trait   string    `json:"trait"`
	Value   any       `json:"value,omitempty"` // absent: removed
	At      time.Time `json:"at"`
	Since   time.Time `json:"since"`   // when Changes began to be counted
	Changes int       `json:"changes"` // the last one included
}

// TraitEvent returns the event that a decision of a set step is published as. Its id and its time follow from the decision, so that a repeat is known. ok is
// false if the decision set no trait.
func (d *Decision) TraitEvent() (ev Event, ok bool) {
	if d.Kind != KindSet || d.Set == nil {
		return Event{}, false
	}
	ev = Event{
		ID:      "set-" + d.ID,
		Name:    EventTraitSet,
		Learner: d.Learner,
		Time:    d.At,
		Properties: map[string]any{
			KeyTrait: d.Set.Trait,
			KeyRule:  d.Rule,
			KeyChain: float64(d.Set.Chain),
		},
	}
	if d.Set.Value != nil {
		ev.Properties[KeyValue] = d.Set.Value
	}
	return ev, true
}

// SetByRule reports whether an event says that a rule set a trait: Homeroom published it, and what a recording has of it is made anew by whoever decides again.
func (e *Event) SetByRule() bool {
	if e.Name != EventTraitSet {
		return false
	}
	_, named := e.Text(KeyRule)
	return named
}

// String returns what a trait became, for people.
func (c *TraitChange) String() string {
	if c.Value == nil {
		return c.Trait + " was removed"
	}
	text, isText := c.Value.(string)
	if !isText {
		written, _ := json.Marshal(c.Value) // it came from JSON or YAML
		text = string(written)
	}
	if len(text) > maxTraitDetail {
		text = strings.ToValidUTF8(text[:maxTraitDetail], "") + "…"
	}
	return c.Trait + " = " + text
}

// maxTraitDetail is how many bytes of a value stand in words about it; the decision has all of it beside them.
const maxTraitDetail = 200

// setTraits sets the traits of a set step. It does so for a learner who is held out, too: other rules may go by the trait, and what they do may not differ between
// the groups.
func (s *stepper) setTraits(run *Run, in *Instr, at time.Time) {
	for i := range in.Traits {
		s.setTrait(run, in, &in.Traits[i], at)
	}
}

// setTrait sets a trait, unless it has the value already or rules have set traits too often.
func (s *stepper) setTrait(run *Run, in *Instr, to *TraitValue, at time.Time) {
	change := TraitChange{Trait: to.Name, Value: to.Value, Chain: chainOf(&run.Trigger) + 1}
	d := Decision{
		At:     s.decisionTime(at),
		Rule:   run.Rule,
		Scope:  run.Scope,
		Kind:   KindSkipped,
		Step:   in.ID,
		Run:    run.ID,
		Rev:    run.Revision,
		Detail: change.String(),
	}
	value, has := s.env.Profile.Traits[to.Name]
	switch {
	case isValue(value, has, to.Value):
		d.Reason = ReasonAlreadySet
	case change.Chain > maxTraitChain:
		d.Reason = ReasonSetInCircle
		d.Detail += fmt.Sprintf("; at most %d rules set a trait one because of the other", maxTraitChain)
	case !s.noteTraitChange(&change, d.At):
		d.Reason = ReasonSetTooOften
		d.Detail += fmt.Sprintf("; rules change a trait of a learner at most %d times in %s", maxTraitChanges, FormatDuration(traitMemory))
	default:
		d.Kind = KindSet
		d.Set = &change
		s.seeTrait(to.Name, to.Value)
	}
	s.recordDecision(d, to.Name)
}

// isValue reports whether a trait, which the learner may have, has a value already; nil: they do not have it.
func isValue(have any, has bool, value any) bool {
	return has == (value != nil) && reflect.DeepEqual(have, value)
}

// chainOf returns how many rules set a trait, each because of the one before, to come to an event.
func chainOf(ev *Event) int {
	if ev.Name != EventTraitSet {
		return 0
	}
	n, _ := ev.Number(KeyChain)
	return int(min(max(n, 0), maxTraitChain))
}

// noteTraitChange remembers what becomes of a trait at an instant, unless rules have changed it too often.
func (s *stepper) noteTraitChange(change *TraitChange, at time.Time) bool {
	next := ChangedTrait{Trait: change.Trait, Value: change.Value, At: at, Since: at, Changes: 1}
	i := slices.IndexFunc(s.st.ChangedTraits, func(c ChangedTrait) bool { return c.Trait == change.Trait })
	if i >= 0 {
		if before := &s.st.ChangedTraits[i]; at.Sub(before.Since) <= traitMemory {
			next.Since = before.Since
			next.Changes = before.Changes + 1
		}
		if next.Changes > maxTraitChanges {
			return false
		}
		s.st.ChangedTraits = slices.Delete(s.st.ChangedTraits, i, i+1)
	}
	s.st.ChangedTraits = keepLast(append(s.st.ChangedTraits, next), maxChangedTraits)
	return true
}

// seeTrait lets what follows in this step see a trait as it is now.
func (s *stepper) seeTrait(name string, value any) {
	traits := maps.Clone(s.env.Profile.Traits) // the host's own stay as they are
	if traits == nil {
		traits = map[string]any{}
	}
	traits[name] = value
	if value == nil {
		delete(traits, name)
	}
	s.env.Profile.Traits = traits
}

// seeChangedTraits lets a step see the traits that rules have set and of which the profile has not heard yet.
func (s *stepper) seeChangedTraits() {
	s.saidTraits = s.env.Profile.Traits
	for i := range s.st.ChangedTraits {
		if c := &s.st.ChangedTraits[i]; s.isAhead(c) {
			s.seeTrait(c.Trait, c.Value)
		}
	}
}

// isAhead reports whether a trait that rules changed is to be taken for newer than what the profile says. The profile itself compares the same times when the event
// comes.
func (s *stepper) isAhead(c *ChangedTrait) bool {
	return s.now.Sub(c.At) <= traitMemory && !c.At.Before(s.env.Profile.traitTime(c.Trait))
}

// traitTime returns when a trait was said; zero: it is not known.
func (p *Profile) traitTime(name string) time.Time {
	if at, said := p.TraitsAt[name]; said {
		return at
	}
	if _, has := p.Traits[name]; has {
		return p.TraitsSince
	}
	return time.Time{}
}

// changedTraits returns the traits that rules have set of late, for a message: its text is composed from the profile, which may not have heard of them. Nil: there
// are none.
func (s *stepper) changedTraits() Values {
	var values Values
	for i := range s.st.ChangedTraits {
		c := &s.st.ChangedTraits[i]
		if said, has := s.saidTraits[c.Trait]; !s.isAhead(c) || isValue(said, has, c.Value) {
			continue
		}
		if values == nil {
			values = Values{}
		}
		values[c.Trait] = c.Value
	}
	return values
}

// TraitsFor returns the traits of a learner as a message sees them: with those that rules had set when it was decided. It does not change traits.
func (s *Send) TraitsFor(traits map[string]any) map[string]any {
	if len(s.SetTraits) == 0 {
		return traits
	}
	seen := maps.Clone(traits)
	if seen == nil {
		seen = map[string]any{}
	}
	for name, value := range s.SetTraits {
		seen[name] = value
		if value == nil {
			delete(seen, name)
		}
	}
	return seen
}

// forgetChangedTraits forgets what rules made of traits long ago.
func (s *stepper) forgetChangedTraits() {
	s.st.ChangedTraits = slices.DeleteFunc(s.st.ChangedTraits, func(c ChangedTrait) bool { return s.st.Clock.Sub(c.At) > traitMemory })
}
