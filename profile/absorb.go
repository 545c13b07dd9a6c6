package profile

import (
	"maps"
	"slices"
	"time"
)

// Absorb takes over what is known of another id of the same learner. Of each trait the newer value counts. Of what the learner said about mail the stricter counts, whichever is newer:
// who has left a topic, or everything, or has refused consent or taken it back under either id has done so. Done twice it changes nothing more. It reports whether the profile
// changed.
func (p *Profile) Absorb(other *Profile) (changed bool) {
	before := *p
	changed = p.absorbTraits(other)
	p.absorbConsent(other)
	p.absorbTopics(other)
	if other.UnsubscribedAll {
		p.UnsubscribedAll = true
	}
	p.AllAt = laterOf(p.AllAt, other.AllAt)
	return changed || !p.equal(&before)
}

// equal reports whether two profiles agree in all but the values of traits, of which [Profile.Merge] says whether they changed.
func (p *Profile) equal(other *Profile) bool {
	sameConsent := p.Consent == other.Consent || p.Consent != nil && other.Consent != nil && *p.Consent == *other.Consent
	return sameConsent && p.ConsentAt.Equal(other.ConsentAt) && p.UnsubscribedAll == other.UnsubscribedAll && p.AllAt.Equal(other.AllAt) &&
		slices.Equal(p.Unsubscribed, other.Unsubscribed) && slices.Equal(p.Subscribed, other.Subscribed) &&
		maps.EqualFunc(p.TopicsAt, other.TopicsAt, time.Time.Equal) && p.UpdatedAt.Equal(other.UpdatedAt) &&
		maps.EqualFunc(p.TraitsAt, other.TraitsAt, time.Time.Equal) && p.EmailAt.Equal(other.EmailAt)
}

// absorbTraits takes each trait as one update, made when the other id had it, and reports whether one changed.
func (p *Profile) absorbTraits(other *Profile) (changed bool) {
	traits := other.AllTraits()
	delete(traits, "consent")
	for _, name := range slices.Sorted(maps.Keys(other.TraitsAt)) { // deleted ones
		if _, living := traits[name]; !living {
			traits[name] = nil
		}
	}
	for _, name := range slices.Sorted(maps.Keys(traits)) {
		at := other.traitAt(name)
		if p.hasTrait(name) && !at.After(p.traitAt(name)) { // of two values of the same time that of p counts
			continue
		}
		emailAt := other.EmailAt
		next, updated, _ := p.Merge(map[string]any{name: traits[name]}, at)
		changed = changed || updated
		if updated && name == "email" && next.Email != "" && next.Email == other.Email {
			next.EmailAt = emailAt
		}
		*p = next
	}
	return changed
}

func (p *Profile) absorbConsent(other *Profile) {
	if other.consentStrictness() < p.consentStrictness() {
		return
	}
	p.Consent = other.Consent
	p.ConsentAt = laterOf(p.ConsentAt, other.ConsentAt)
}

// consentStrictness orders what was said about consent: nothing, yes, that it is taken back, no.
func (p *Profile) consentStrictness() int {
	switch {
	case p.Consent == nil && p.ConsentAt.IsZero():
		return 0
	case p.Consent == nil:
		return 2
	case *p.Consent:
		return 1
	}
	return 3
}

func (p *Profile) absorbTopics(other *Profile) {
	for _, topic := range other.Unsubscribed {
		statedAt, _ := p.topicTime(topic)
		p.Leave(topic, laterOf(other.TopicsAt[topic], statedAt))
	}
	for _, topic := range other.Subscribed {
		if slices.Contains(p.Unsubscribed, topic) {
			continue
		}
		p.Join(topic, other.TopicsAt[topic])
	}
}

func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
