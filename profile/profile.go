package profile

import (
	"maps"
	"time"

	"homeroom/engine"
	"homeroom/internal/mailaddress"
)

// Profile is one learner's record. The zero Profile is "nothing known". It is bounded: see [MaxTraits] and [MaxBytes].
type Profile struct {
	Email     string `json:"email,omitempty"`
	FirstName string `json:"first_name,omitempty"`
	Locale    string `json:"locale,omitempty"`   // BCP 47, as published
	Timezone  string `json:"timezone,omitempty"` // IANA, as published
	Consent   *bool  `json:"consent,omitempty"`  // nil: never said
	// ConsentAt is the time of the statement that Consent is: news of something else does not make it old.
	ConsentAt time.Time `json:"consent_at,omitzero"`
	// UnsubscribedAll: the learner left everything. Unsubscribed and Subscribed are the topics they left and chose. They
	// change by the learner's own statements only, see [Profile.Leave]; no trait reaches them.
	UnsubscribedAll bool     `json:"unsubscribed_all,omitempty"`
	Unsubscribed    []string `json:"unsubscribed,omitempty"`
	Subscribed      []string `json:"subscribed,omitempty"`
	// AllAt and TopicsAt are the times of these statements; zero in records that are older than the times.
	AllAt    time.Time            `json:"unsubscribed_all_at,omitzero"`
	TopicsAt map[string]time.Time `json:"topics_at,omitempty"`
	// Traits are all the others, as published: JSON values.
	Traits map[string]any `json:"traits,omitempty"`
	// UpdatedAt is the time of the newest update taken in, and of every trait that TraitsAt does not name. TraitsAt holds
	// the times of the others, and of traits that were deleted.
	UpdatedAt time.Time            `json:"updated_at,omitzero"`
	TraitsAt  map[string]time.Time `json:"traits_at,omitempty"`
	// DroppedTokens are the push tokens of Traits that no app answers to any more, as [hashToken] writes them, and when that was said.
	DroppedTokens map[string]time.Time `json:"dropped_tokens,omitempty"`
	// EmailAt is since when the address is this one; zero if that is not known.
	EmailAt time.Time `json:"email_at,omitzero"`
	// MergedInto is the id under which the learner goes on; empty: this one. All else is empty then.
	MergedInto string `json:"merged_into,omitempty"`
}

// Engine is what the engine may know of the profile. The address itself stays behind, except among the traits, which
// conditions may read ("learner.traits.email") and no state ever holds.
func (p Profile) Engine() engine.Profile {
	reach := map[string]engine.Reach{
		engine.ChannelEmail: p.reachByEmail(),
		engine.ChannelPush:  p.reachByPush(),
	}
	for _, c := range engine.Channels() {
		if c.CarriedOutside && !c.NeedsAddress && p.UnsubscribedAll {
			reach[c.Name] = engine.Reach{Suppressed: true}
		}
	}
	return engine.Profile{
		Reach:        reach,
		Consent:      p.Consent,
		Unsubscribed: p.Unsubscribed,
		Subscribed:   p.Subscribed,
		Locale:       p.Locale,
		Timezone:     p.Timezone,
		Traits:       p.AllTraits(),
		TraitsAt:     p.TraitsAt,
		TraitsSince:  p.UpdatedAt,
	}
}

// reachByEmail is what the engine may know of the address.
func (p Profile) reachByEmail() engine.Reach {
	reach := engine.Reach{Known: p.Email != "", Suppressed: p.UnsubscribedAll}
	if reach.Known {
		_, reach.Unusable = mailaddress.Deliverable(p.Email)
	}
	return reach
}

// AllTraits are the traits including the known ones, under the names they are published by, without push tokens that were dropped.
func (p Profile) AllTraits() map[string]any {
	all := make(map[string]any, len(p.Traits)+5)
	maps.Copy(all, p.Traits)
	p.leaveOutDroppedTokens(all)
	for name, field := range p.textTraits() {
		if *field != "" {
			all[name] = *field
		}
	}
	if p.Consent != nil {
		all["consent"] = *p.Consent
	}
	return all
}

// textTraits are the known traits that are text.
func (p *Profile) textTraits() map[string]*string {
	return map[string]*string{
		"email": &p.Email, "first_name": &p.FirstName, "locale": &p.Locale, "timezone": &p.Timezone,
	}
}
