package profile_test

import (
	"testing"
	"time"

	"homeroom/engine"
	"homeroom/profile"
)

// traitSet is the event that a trait was set, with traits of its own that a stranger added.
func traitSet(trait string, value any) *engine.Event {
	ev := &engine.Event{Name: engine.EventTraitSet, Time: monday, Properties: map[string]any{engine.KeyTrait: trait}}
	if value != nil {
		ev.Properties[engine.KeyValue] = value
	}
	return ev
}

// TestTraitsThatNoRuleSets: neither what Homeroom itself goes by, however it is spelled, nor what the event carries besides.
func TestTraitsThatNoRuleSets(t *testing.T) {
	smuggled := map[string]any{"email": "eve@example.org", "consent": true}
	for _, name := range []string{
		"email", "Email", "e-mail", "first_name", "firstName", "locale", "lang", "timezone", "time_zone", "consent", "is_minor", "phone", "phone_number", "name",
		profile.TraitPushTokens, engine.TraitTopics, engine.TraitLevel, engine.TraitGoals,
	} {
		if profile.WhyNotSet(name) == "" {
			t.Errorf("a rule may set %s", name)
		}
		if s := profile.StatementOf(traitSet(name, "x"), smuggled, monday); len(s.Traits) != 0 {
			t.Errorf("%s: %v was taken in", name, s.Traits)
		}
	}
	for _, trait := range catalogTraits {
		if profile.WhyNotSet(trait) == "" {
			t.Errorf("a rule may set %s, which Homeroom knows", trait)
		}
	}
	s := profile.StatementOf(traitSet("stage", "asleep"), smuggled, monday.Add(time.Minute))
	if len(s.Traits) != 1 || s.Traits["stage"] != "asleep" || !s.At.Equal(monday) {
		t.Errorf("said %v at %s", s.Traits, s.At)
	}
}

// catalogTraits are the traits whose meaning the catalog names.
var catalogTraits = []string{"email", "first_name", "locale", "timezone", "consent", "is_minor"}

// TestASetTraitIsATraitLikeAnyOther: of two words the newer one counts, and no value removes it.
func TestASetTraitIsATraitLikeAnyOther(t *testing.T) {
	p := profile.Profile{}
	take := func(ev *engine.Event, at time.Time) bool {
		ev.Time = at
		s := profile.StatementOf(ev, nil, at)
		next, changed, notes := p.Merge(s.Traits, s.At)
		if len(notes) > 0 {
			t.Error(notes)
		}
		p = next
		return changed
	}
	take(traitSet("stage", "asleep"), monday)
	if take(traitSet("stage", "asleep"), monday) {
		t.Error("a repeat changed something")
	}
	seen := p.Engine()
	if seen.Traits["stage"] != "asleep" || !seen.TraitsSince.Equal(monday) {
		t.Errorf("the engine sees %v as of %s, %v", seen.Traits, seen.TraitsSince, seen.TraitsAt)
	}
	if take(traitSet("stage", "awake"), monday.Add(-time.Hour)) {
		t.Error("an older word counted")
	}
	if !take(traitSet("stage", nil), monday.Add(time.Hour)) || p.AllTraits()["stage"] != nil {
		t.Errorf("it was not removed: %v", p.AllTraits())
	}
	if at := p.Engine().TraitsAt["stage"]; !at.Equal(monday.Add(time.Hour)) {
		t.Errorf("removed as of %s", at)
	}
}
