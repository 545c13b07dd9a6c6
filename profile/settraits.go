package profile

import (
	"slices"

	"homeroom/engine"
	"homeroom/internal/spelling"
)

// notForRules are the traits that no rule sets, folded as [spelling.Fold] does, with the reason: Homeroom itself goes by them, and a rule that is wrong would write to
// another address, or without consent. Other names of the known traits are in otherNames.
var notForRules = map[string]string{
	"email":           "it is where mail goes",
	"firstname":       "it is the learner's name",
	"lastname":        "it is the learner's name",
	"name":            "it is the learner's name",
	"locale":          "it is the language in which the learner is written to",
	"timezone":        "quiet hours and times of day go by it",
	"consent":         "only the learner can give or refuse it",
	"isminor":         "it protects learners who are not of age",
	"phone":           "it is an address of the learner",
	"phonenumber":     "it is an address of the learner",
	"mobile":          "it is an address of the learner",
	"pushtokens":      "they are addresses of the learner's apps",
	"preferredtopics": "it is what the learner wants to learn, by which courses are recommended",
	"skilllevel":      "it is what the learner said, by which courses are recommended",
	"learninggoals":   "it is what the learner wants to learn, by which courses are recommended",
}

// WhyNotSet returns why no rule may set a trait; empty: rules may.
func WhyNotSet(trait string) string {
	folded := spelling.Fold(trait)
	for known, names := range otherNames {
		if slices.Contains(names, folded) {
			return notForRules[spelling.Fold(known)]
		}
	}
	return notForRules[folded]
}

// setTraits returns the trait that [engine.EventTraitSet] sets, as traits. Other traits that the event carries are not taken in: whoever may publish this event alone
// can change no address and no consent by it.
func setTraits(ev *engine.Event) map[string]any {
	name, _ := ev.Text(engine.KeyTrait)
	if name == "" || WhyNotSet(name) != "" {
		return nil
	}
	return map[string]any{name: ev.Properties[engine.KeyValue]} // absent: the trait is removed
}
