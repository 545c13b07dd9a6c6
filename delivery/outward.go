package delivery

import (
	"context"
	"fmt"
	"maps"

	"homeroom/content"
	"homeroom/engine"
	"homeroom/internal/links"
)

// Links makes the addresses that learners get. The same send always gets the same ones.
type Links interface {
	Unsubscribe(s engine.Send) string // one-click (RFC 8058): one opaque HTTPS URL
	Preferences(s engine.Send) string
	Share(s engine.Send, place string) string
	Referral(learner string) (code, url string)
}

// LinkStore remembers what lies behind share and referral links. Keeping the same again changes nothing.
type LinkStore interface {
	KeepShared(ctx context.Context, s links.Shared) error
	KeepReferral(ctx context.Context, code string, r links.Referred) error
}

// targetReferral is the referral link among a message's targets; all others are places to share.
const targetReferral = "referral"

// sealLinks is what leads out of a send's message. What staff get has no link of a learner, and none that is counted.
func (d *Deliverer) sealLinks(s engine.Send) content.Outward {
	if s.Staff != "" {
		return content.Outward{Staff: true}
	}
	o := content.Outward{
		Preferences: d.o.Links.Preferences(s),
		Share:       func(place string) string { return d.o.Links.Share(s, place) },
	}
	if !s.Transactional {
		o.Unsubscribe = d.o.Links.Unsubscribe(s)
	}
	o.ReferralCode, o.ReferralURL = d.o.Links.Referral(s.Learner)
	return o
}

// storeLinkTargets writes down where the message's links lead, before anybody can follow them.
func (d *Deliverer) storeLinkTargets(ctx context.Context, s engine.Send, o content.Outward, targets map[string]string) error {
	if s.Staff != "" {
		return nil // its links lead straight where they lead
	}
	shared := maps.Clone(targets)
	if target, used := shared[targetReferral]; used {
		delete(shared, targetReferral)
		if err := d.o.LinkStore.KeepReferral(ctx, o.ReferralCode, links.Referred{Learner: s.Learner, Target: target}); err != nil {
			return fmt.Errorf("the referral link: %w", err)
		}
	}
	if len(shared) == 0 {
		return nil
	}
	certificate, _ := s.Trigger.Properties["certificate_id"].(string)
	course := s.Course
	if course == "" {
		course, _ = s.Trigger.Properties[engine.KeyCourse].(string)
	}
	if err := d.o.LinkStore.KeepShared(ctx, links.Shared{
		Learner:     s.Learner,
		Send:        s.ID,
		Rule:        s.Rule,
		Message:     s.Message,
		Certificate: certificate,
		Course:      course,
		Targets:     shared,
		At:          s.At,
	}); err != nil {
		return fmt.Errorf("the share links: %w", err)
	}
	return nil
}
