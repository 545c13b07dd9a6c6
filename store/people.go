package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"homeroom/profile"
)

// People is what learners themselves say about their mail. Each write is confirmed by the store when it returns
// without an error, and may be made again. An older statement never overrules a newer one.
type People struct {
	Profiles     *Profiles
	Suppressions *Suppressions
}

// Leave notes that the learner leaves a topic, or with an empty one everything; then their address is suppressed too.
// at is when they said so. A learner nobody knows yet may leave.
func (p People) Leave(ctx context.Context, learner, topic string, at time.Time) error {
	if topic == "" {
		return p.Profiles.ApplyFeedback(ctx, learner, profile.Feedback{Leave: true, Suppress: ReasonUnsubscribed}, at)
	}
	if err := profile.CheckTopic(topic); err != nil {
		return fmt.Errorf("leave a topic: %w", err)
	}
	return p.Profiles.ApplyFeedback(ctx, learner, profile.Feedback{Leave: true, Topic: topic}, at)
}

// Join notes that the learner wants a topic, or with an empty one takes back that they left everything; then their
// address is no longer suppressed, unless it was erased. Topics they left one by one stay left.
func (p People) Join(ctx context.Context, learner, topic string, at time.Time) error {
	if topic == "" {
		yes := true
		return p.applyChoice(ctx, learner, profile.Choice{Everything: &yes, Lift: true}, at, alwaysCreate)
	}
	return p.applyChoice(ctx, learner, profile.Choice{Topics: map[string]bool{topic: true}}, at, alwaysCreate)
}

// Choose takes in several statements made at one time: all of them or none. The error of a learner without a profile,
// above all of an erased one, is ErrNotFound, and nothing is written.
func (p People) Choose(ctx context.Context, learner string, c profile.Choice, at time.Time) error {
	return p.applyChoice(ctx, learner, c, at, func() (bool, error) {
		return false, fmt.Errorf("the learner's profile: %w", ErrNotFound)
	})
}

func (p People) applyChoice(ctx context.Context, learner string, c profile.Choice, at time.Time, create func() (bool, error)) error {
	if err := c.Check(); err != nil {
		return fmt.Errorf("take in what a learner chose: %w", err)
	}
	now, err := p.Profiles.changeProfile(ctx, learner, create, func(known *Profile) bool { return known.Choose(c, at) })
	if err != nil {
		return fmt.Errorf("take in what a learner chose: %w", err)
	}
	if err := p.leaveForAddress(ctx, now.Email, c, at); err != nil {
		return err
	}
	switch {
	case now.Email == "":
		return nil
	case c.Everything != nil && !*c.Everything:
		return p.Profiles.applyToAddress(ctx, now, profile.Feedback{Suppress: ReasonUnsubscribed}, at)
	case c.Lift:
		return p.Suppressions.liftForLearner(ctx, now.Email, at, true)
	case c.Everything != nil:
		return p.Suppressions.liftForLearner(ctx, now.Email, at, false)
	}
	return nil
}

// leaveForAddress notes the topics that a choice leaves for the address, so that nobody else who has the same one gets them either.
func (p People) leaveForAddress(ctx context.Context, email string, c profile.Choice, at time.Time) error {
	if email == "" || !c.ForAddress {
		return nil
	}
	for _, topic := range slices.Sorted(maps.Keys(c.Topics)) {
		if c.Topics[topic] {
			continue
		}
		if err := p.Suppressions.LeaveTopic(ctx, email, topic, at); err != nil {
			return err
		}
	}
	return nil
}

// Preferences is what the learner has said so far. Of an unknown learner they are zero, and no error.
func (p People) Preferences(ctx context.Context, learner string) (profile.MailPreferences, error) {
	known, found, err := p.Profiles.findProfile(ctx, learner)
	if err != nil {
		return profile.MailPreferences{}, fmt.Errorf("a learner's preferences: %w", err)
	}
	prefs := known.MailPreferences()
	prefs.Known = found
	if known.Email != "" {
		s, _, err := p.Suppressions.Get(ctx, known.Email)
		if err != nil {
			return profile.MailPreferences{}, fmt.Errorf("a learner's preferences: %w", err)
		}
		prefs.Suppressed = string(s.Reason)
		left := s.topicsLeft(known)
		prefs.Left = append(prefs.Left, left...)
		prefs.Chosen = slices.DeleteFunc(prefs.Chosen, func(topic string) bool { return slices.Contains(left, topic) })
	}
	return prefs, nil
}
