package profile

import (
	"maps"

	"homeroom/engine"
)

// eventPreferences says what a learner wants to learn.
const eventPreferences = "profile.learning_preferences_set"

// withPreferences returns the traits that an event carried and, if it says what the learner wants to learn, that as traits too: so it is kept, exported, and
// erased like all that is known of a person. A trait of the event by the same name comes first.
func withPreferences(ev *engine.Event, traits map[string]any) map[string]any {
	if ev.Name != eventPreferences {
		return traits
	}
	all := map[string]any{}
	for _, name := range []string{engine.TraitTopics, engine.TraitLevel, engine.TraitGoals} {
		if value, said := ev.Properties[name]; said {
			all[name] = value
		}
	}
	maps.Copy(all, traits)
	return all
}
