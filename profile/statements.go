package profile

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// MaxTopics is how many topics a profile has statements about.
const MaxTopics = 64

// CheckTopic returns what is wrong with a topic's name: it has 1 to 128 bytes.
func CheckTopic(topic string) error {
	if topic == "" || len(topic) > maxName {
		return fmt.Errorf("a topic's name has 1 to %d bytes, this one has %d", maxName, len(topic))
	}
	return nil
}

// MailPreferences is what a learner said about their mail.
type MailPreferences struct {
	Known   bool   // there is a profile
	Locale  string // BCP 47, may be empty
	All     bool   // they left everything
	Consent *bool  // to mail as such; nil: never said
	Left    []string
	Chosen  []string
	// Suppressed is why their address must not be written to; empty: it may.
	Suppressed string
}

// MailPreferences are those of the profile. Known and Suppressed are the store's to fill in.
func (p Profile) MailPreferences() MailPreferences {
	return MailPreferences{
		Locale:  p.Locale,
		All:     p.UnsubscribedAll,
		Consent: p.Consent,
		Left:    slices.Sorted(slices.Values(p.Unsubscribed)),
		Chosen:  slices.Sorted(slices.Values(p.Subscribed)),
	}
}

// Choice is what a learner says at one time. What is absent stays as it is.
type Choice struct {
	// Everything: false leaves everything; true takes that back, and a refused consent too. Topics stay as they were.
	Everything *bool
	Topics     map[string]bool // false: leave, true: join
	// Lift takes the learner's address off the suppression list, whatever the reason but an erasure.
	Lift bool
	// ForAddress: topics are left for the mailbox, whoever has it. A mail program's one click says so.
	ForAddress bool
}

// Check returns what is wrong with a choice.
func (c Choice) Check() error {
	for topic := range c.Topics {
		if err := CheckTopic(topic); err != nil {
			return err
		}
	}
	return nil
}

// Choose takes a choice into the profile. What it says about the address is the store's to do.
func (p *Profile) Choose(c Choice, at time.Time) (changed bool) {
	for _, topic := range slices.Sorted(maps.Keys(c.Topics)) {
		if c.Topics[topic] {
			changed = p.Join(topic, at) || changed
		} else {
			statedAt, _ := p.topicTime(topic)
			changed = p.Leave(topic, latestStatement(at, statedAt)) || changed
		}
	}
	switch {
	case c.Everything == nil:
	case *c.Everything:
		changed = p.JoinAll(at) || changed
		if p.Consent != nil && !*p.Consent {
			did, _ := p.setConsent(true, at)
			changed = did || changed
		}
	default:
		changed = p.LeaveAll(latestStatement(at, p.AllAt)) || changed
	}
	return changed
}

// latestStatement returns the later of now and the last statement. A host whose clock is behind would otherwise ignore that
// somebody leaves now, although the page confirms it.
func latestStatement(at, statedAt time.Time) time.Time {
	if statedAt.After(at) {
		return statedAt
	}
	return at
}

// Leave notes that the learner left a topic. Like all statements it gives way to a newer one only; of two of the same
// instant, leaving counts. Who has left [MaxTopics] topics and leaves one more has left everything. It reports
// whether the record changed.
func (p *Profile) Leave(topic string, at time.Time) (changed bool) {
	statedAt, known := p.topicTime(topic)
	left := slices.Contains(p.Unsubscribed, topic)
	if CheckTopic(topic) != nil || known && (at.Before(statedAt) || left && !at.After(statedAt)) {
		return false
	}
	if !known && !p.makeRoomForTopic() {
		return p.LeaveAll(at)
	}
	p.Subscribed = withoutTopic(p.Subscribed, topic)
	if !left {
		p.Unsubscribed = withTopic(p.Unsubscribed, topic)
	}
	p.stampTopic(topic, at)
	return true
}

// Join notes that the learner chose a topic. It does not take back that they left everything: that is [Profile.JoinAll].
// A profile full of topics that were left takes no further one.
func (p *Profile) Join(topic string, at time.Time) (changed bool) {
	statedAt, known := p.topicTime(topic)
	if CheckTopic(topic) != nil || known && !at.After(statedAt) || !known && !p.makeRoomForTopic() {
		return false
	}
	p.Unsubscribed = withoutTopic(p.Unsubscribed, topic)
	if !slices.Contains(p.Subscribed, topic) {
		p.Subscribed = withTopic(p.Subscribed, topic)
	}
	p.stampTopic(topic, at)
	return true
}

// LeaveAll notes that the learner left everything.
func (p *Profile) LeaveAll(at time.Time) (changed bool) {
	if at.Before(p.AllAt) || p.UnsubscribedAll && !at.After(p.AllAt) {
		return false
	}
	p.UnsubscribedAll = true
	p.AllAt = at
	return true
}

// JoinAll takes back that the learner left everything. Topics they left one by one stay left.
func (p *Profile) JoinAll(at time.Time) (changed bool) {
	if !at.After(p.AllAt) {
		return false
	}
	p.UnsubscribedAll = false
	p.AllAt = at
	return true
}

// topicTime is when the last statement about a topic was made; the zero time for one of a record that held no times.
func (p *Profile) topicTime(topic string) (at time.Time, known bool) {
	known = slices.Contains(p.Unsubscribed, topic) || slices.Contains(p.Subscribed, topic)
	return p.TopicsAt[topic], known
}

func (p *Profile) stampTopic(topic string, at time.Time) {
	p.TopicsAt = maps.Clone(p.TopicsAt)
	if p.TopicsAt == nil {
		p.TopicsAt = map[string]time.Time{}
	}
	p.TopicsAt[topic] = at
}

// makeRoomForTopic reports whether there is room for a statement about one more topic. If the profile is full, it forgets the topic that was chosen longest
// ago, as if the learner had never chosen it. What was left is never forgotten.
func (p *Profile) makeRoomForTopic() bool {
	if len(p.Unsubscribed)+len(p.Subscribed) < MaxTopics {
		return true
	}
	if len(p.Subscribed) == 0 {
		return false
	}
	oldest := slices.MinFunc(p.Subscribed, func(a, b string) int { return p.TopicsAt[a].Compare(p.TopicsAt[b]) })
	p.Subscribed = withoutTopic(p.Subscribed, oldest)
	p.TopicsAt = maps.Clone(p.TopicsAt)
	delete(p.TopicsAt, oldest)
	return true
}

// withTopic and withoutTopic make new slices: copies of a profile share the old ones.
func withTopic(topics []string, topic string) []string { return append(slices.Clone(topics), topic) }

func withoutTopic(topics []string, topic string) []string {
	if !slices.Contains(topics, topic) {
		return topics
	}
	rest := slices.DeleteFunc(slices.Clone(topics), func(t string) bool { return t == topic })
	if len(rest) == 0 {
		return nil
	}
	return rest
}
