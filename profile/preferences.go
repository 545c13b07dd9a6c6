package profile

import (
	"maps"

	"homeroom/engine"
)

// eventPreferences says what a learner wants to learn.
const eventPreferences = "profile.learning_preferences_set"

// statedTraits returns the traits that an event says, most often those that it carried.
func statedTraits(ev *engine.Event, traits map[string]any) map[string]any {
	switch ev.Name {
	case eventPreferences:
		return withPreferences(ev, traits)
	case engine.EventTraitSet:
		return setTraits(ev)
	}
	return traits
}

// withPreferences returns the traits that an event carried and what it says of what the learner wants to learn, as traits too: so it is kept, exported, and
// erased like all that is known of a person. A trait of the event by the same name comes first.
func withPreferences(ev *engine.Event, traits map[string]any) map[string]any {
	all := map[string]any{}
	for _, name := range []string{engine.TraitTopics, engine.TraitLevel, engine.TraitGoals} {
		if value, said := ev.Properties[name]; said {
			all[name] = value
		}
	}
	maps.Copy(all, traits)
	return all
}
