package store

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/internal/mailaddress"
	"homeroom/profile"
)

// Suppressions are the addresses that must not be written to, each as a keyed hash: the bucket tells nobody who they
// are. Addresses are compared without regard to case, surrounding space and the spelling of an international domain.
//
// With several secrets the first writes and all are asked, so that a secret can be replaced while what was written
// under the old one still holds.
type Suppressions struct {
	kv      jetstream.KeyValue
	secrets [][]byte
	now     func() time.Time // by which a suppression that ends has ended
}

// Reason is why an address is suppressed.
type Reason = profile.Reason

// The reasons; each outweighs those after it.
const (
	ReasonErased       = profile.ReasonErased
	ReasonComplained   = profile.ReasonComplained
	ReasonBounced      = profile.ReasonBounced
	ReasonUnsubscribed = profile.ReasonUnsubscribed
	ReasonUnreadable   = profile.ReasonUnreadable
	ReasonSoftBounced  = profile.ReasonSoftBounced
)

// Suppression says why an address must not be written to, and when that was said last.
type Suppression struct {
	Reason Reason    `json:"reason,omitempty"`
	At     time.Time `json:"at,omitzero"`
	// Lifted is up to when what was said counts no more, because the learner or an operator took it back: an older report
	// that comes again, or late, changes nothing. With no reason it is all that is left of a suppression.
	Lifted time.Time `json:"lifted,omitzero"`
	// Topics are the topics that somebody left for this mailbox by a mail program's one click, and when. They are no suppression.
	Topics map[string]time.Time `json:"topics,omitempty"`
	// Soft are the refusals of the address that may pass. If there were many, Reason is ReasonSoftBounced to whoever reads it, at the
	// time of the last of them.
	Soft *profile.SoftBounces `json:"soft,omitempty"`
	// Until is when the suppression ends by itself; zero: it does not. It follows from Soft, and is not stored.
	Until time.Time `json:"until,omitzero"`
}

// Add suppresses an address. A stronger reason replaces a weaker one and never the other way around; at is when it
// happened, and what happened before the suppression was lifted counts no more, unless it is an erasure.
func (s *Suppressions) Add(ctx context.Context, email string, reason Reason, at time.Time) error {
	if reason.Weight() <= ReasonUnreadable.Weight() {
		return fmt.Errorf("suppress an address: %q is no reason; there are bounced, complained, unsubscribed, erased", reason)
	}
	old, err := s.findUnderOldKeys(ctx, email)
	if err != nil {
		return fmt.Errorf("suppress an address: %w", err)
	}
	err = s.changeRecord(ctx, s.addressKeys(email)[0], func(current *Suppression) bool {
		all := mergeSuppressions(*current, old)
		if reason != ReasonErased && !at.After(all.Lifted) {
			return false
		}
		if order := cmp.Compare(reason.Weight(), all.Reason.Weight()); order < 0 || order == 0 && !at.After(all.At) {
			return false
		}
		*current = Suppression{Reason: reason, At: at, Lifted: all.Lifted, Topics: current.Topics, Soft: current.Soft}
		return true
	})
	if isUnreadable(err) {
		return nil // it suppresses as it is, and may say more than this reason
	}
	return err
}

// Get returns the suppression of an address, and whether there is one. A record that cannot be read is a suppression with
// [ReasonUnreadable]: nobody is written to because a record was damaged.
func (s *Suppressions) Get(ctx context.Context, email string) (Suppression, bool, error) {
	found, err := s.findUnderOldKeys(ctx, email)
	if err == nil {
		var newest Suppression
		newest, err = s.readSuppression(ctx, s.addressKeys(email)[0])
		found = mergeSuppressions(newest, found)
	}
	if err != nil {
		return Suppression{}, false, fmt.Errorf("ask whether an address is suppressed: %w", err)
	}
	found = found.asOf(s.now())
	return found, found.Reason != "", nil
}

// Has reports whether an address is suppressed.
func (s *Suppressions) Has(ctx context.Context, email string) (bool, error) {
	_, has, err := s.Get(ctx, email)
	return has, err
}

// Lift takes a suppression back, whatever its reason, for an operator who knows better. What was said up to `at` counts no
// more. What is not there is not an error.
func (s *Suppressions) Lift(ctx context.Context, email string, at time.Time) error {
	change := func(was *Suppression) bool {
		if was.Reason == "" && was.Soft == nil {
			return false
		}
		lifted := laterOf(laterOf(was.At, was.Lifted), laterOf(at, time.Unix(0, 0).UTC()))
		*was = Suppression{Lifted: lifted, Topics: was.Topics} // an empty record counts as damaged
		return true
	}
	for _, key := range s.addressKeys(email) {
		if err := s.changeRecord(ctx, key, change); isUnreadable(err) {
			err = s.kv.Delete(ctx, key)
			if err != nil {
				return fmt.Errorf("lift a suppression that cannot be read: %w", err)
			}
		} else if err != nil {
			return fmt.Errorf("lift a suppression: %w", err)
		}
	}
	return nil
}

// liftForLearner takes back what was said of an address up to at, because the learner asks for mail again. If everything is true,
// whatever the reason is; otherwise only that they left. An erasure, and what was said later, stays. Something is written also if nothing was
// suppressed, so that an older report that comes late finds it.
func (s *Suppressions) liftForLearner(ctx context.Context, email string, at time.Time, everything bool) error {
	return s.changeUnderAllKeys(ctx, email, func(was *Suppression) bool {
		if !at.After(was.Lifted) || was.Reason != "" && !everything && was.Reason != ReasonUnsubscribed {
			return false
		}
		if was.Reason == ReasonErased || was.At.After(at) {
			was.Lifted = at
			was.Soft = softBouncesAfter(was.Soft, at)
			return true
		}
		*was = Suppression{Lifted: at, Topics: was.Topics, Soft: softBouncesAfter(was.Soft, at)}
		return true
	})
}

// changeUnderAllKeys changes the record of an address under each of its keys, for liftForLearner, and leaves one that cannot be read as it is.
func (s *Suppressions) changeUnderAllKeys(ctx context.Context, email string, change func(*Suppression) bool) error {
	for _, key := range s.addressKeys(email) {
		if err := s.changeRecord(ctx, key, change); err != nil && !isUnreadable(err) {
			return fmt.Errorf("lift a suppression: %w", err)
		}
	}
	return nil
}

// readSuppression returns what is recorded of an address under one of its keys.
func (s *Suppressions) readSuppression(ctx context.Context, key string) (Suppression, error) {
	var found Suppression
	_, err := readRecord(ctx, s.kv, key, &found)
	if isUnreadable(err) {
		return Suppression{Reason: ReasonUnreadable}, nil
	}
	return found, err
}

// changeRecord changes the record of an address under one of its keys.
func (s *Suppressions) changeRecord(ctx context.Context, key string, change func(*Suppression) bool) error {
	return modifyRecord(ctx, s.kv, key, func(was *Suppression, _ bool) (bool, error) { return change(was), nil })
}

// findUnderOldKeys is what is known of an address from before the secret was replaced, or from when international domains were hashed as they were published.
func (s *Suppressions) findUnderOldKeys(ctx context.Context, email string) (Suppression, error) {
	var all Suppression
	for _, key := range s.addressKeys(email)[1:] {
		old, err := s.readSuppression(ctx, key)
		if err != nil {
			return Suppression{}, err
		}
		all = mergeSuppressions(all, old)
	}
	return all, nil
}

// mergeSuppressions is what two records of one address say together.
func mergeSuppressions(a, b Suppression) Suppression {
	lifted := laterOf(a.Lifted, b.Lifted)
	topics := mergeTopics(a.Topics, b.Topics)
	soft := mergeSoftBounces(a.Soft, b.Soft)
	if order := cmp.Compare(a.Reason.Weight(), b.Reason.Weight()); order < 0 || order == 0 && b.At.After(a.At) {
		a = b
	}
	a.Lifted = lifted
	a.Topics = topics
	a.Soft = soft
	return a
}

// mergeTopics returns the topics of both, each with its later time.
func mergeTopics(a, b map[string]time.Time) map[string]time.Time {
	if len(b) == 0 {
		return a
	}
	all := maps.Clone(b)
	for topic, at := range a {
		all[topic] = laterOf(all[topic], at)
	}
	return all
}

// LeaveTopic notes that a topic was left for an address at a time. An address that has left [profile.MaxTopics] topics and leaves one more has left
// everything.
func (s *Suppressions) LeaveTopic(ctx context.Context, email, topic string, at time.Time) error {
	full := false
	err := s.changeRecord(ctx, s.addressKeys(email)[0], func(was *Suppression) bool {
		statedAt, known := was.Topics[topic]
		full = !known && len(was.Topics) >= profile.MaxTopics
		if full || known && !at.After(statedAt) {
			return false
		}
		was.Topics = mergeTopics(was.Topics, map[string]time.Time{topic: at})
		return true
	})
	switch {
	case isUnreadable(err):
		return nil // it suppresses as it is
	case err != nil:
		return fmt.Errorf("leave a topic for an address: %w", err)
	case full:
		return s.Add(ctx, email, ReasonUnsubscribed, at)
	}
	return nil
}

// topicsLeft returns the topics that were left for the address of a profile and that the learner has not chosen since, sorted.
func (s Suppression) topicsLeft(p Profile) []string {
	var left []string
	for topic, at := range s.Topics {
		chosenSince := slices.Contains(p.Subscribed, topic) && p.TopicsAt[topic].After(at)
		if !chosenSince && !slices.Contains(p.Unsubscribed, topic) {
			left = append(left, topic)
		}
	}
	slices.Sort(left)
	return left
}

// addressKeys returns the keys under which an address may be recorded. The first is the one that is written; the others are of old secrets, and of the form in which
// addresses with an international domain were hashed before 2026-12: in small letters, the domain as published.
func (s *Suppressions) addressKeys(email string) []string {
	forms := []string{mailaddress.Normalize(email)}
	if published := strings.ToLower(strings.TrimSpace(email)); published != forms[0] {
		forms = append(forms, published)
	}
	var keys []string
	for secret := range s.secrets {
		for _, form := range forms {
			keys = append(keys, s.hashAddress(form, secret))
		}
	}
	return keys
}

// hashAddress is the hash of an address, in a form for comparison, under one of the secrets.
func (s *Suppressions) hashAddress(form string, secret int) string {
	mac := hmac.New(sha256.New, s.secrets[secret])
	mac.Write([]byte("homeroom address: ")) // the same secret keys links
	mac.Write([]byte(form))
	return hex.EncodeToString(mac.Sum(nil))
}
