package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/internal/mailaddress"
	"homeroom/profile"
	"homeroom/subjects"
)

// SuppressionRecord is one suppression as it is kept: under the keyed hash of an address, not under the address.
type SuppressionRecord struct {
	Hash string `json:"hash"` // in hex
	Suppression
	// Learners are those whose profile has the address now, sorted; none: the address is of nobody who is known.
	Learners []string `json:"learners,omitempty"`
}

// AddressStatus is what is known of one address: its suppression, and the learners whose profile has it.
type AddressStatus struct {
	Suppressed  bool           `json:"suppressed"`
	Suppression Suppression    `json:"suppression"`
	Owners      []AddressOwner `json:"owners,omitempty"`
}

// AddressOwner is a learner whose profile has an address, and what they themselves said about mail.
type AddressOwner struct {
	Learner string `json:"learner"`
	// LeftEverything reports whether the learner unsubscribed from everything, at LeftAt if the time is known.
	LeftEverything bool      `json:"left_everything,omitempty"`
	LeftAt         time.Time `json:"left_at,omitzero"`
	// RefusesConsent reports whether the learner said that they do not consent to mail.
	RefusesConsent bool `json:"refuses_consent,omitempty"`
	// LeftTopics are the topics that the learner unsubscribed from, sorted.
	LeftTopics []string `json:"left_topics,omitempty"`
}

// AddressStatus returns whether an address is suppressed, and whose it is. It reads every profile: there is no index by
// address.
func (p People) AddressStatus(ctx context.Context, email string) (AddressStatus, error) {
	suppression, suppressed, err := p.Suppressions.Get(ctx, email)
	if err != nil {
		return AddressStatus{}, err
	}
	status := AddressStatus{Suppressed: suppressed, Suppression: suppression}
	wanted := mailaddress.Normalize(email)
	err = p.Profiles.Each(ctx, func(learner string, known Profile) error {
		if mailaddress.Normalize(known.Email) == wanted {
			status.Owners = append(status.Owners, newAddressOwner(learner, known))
		}
		return nil
	})
	slices.SortFunc(status.Owners, func(a, b AddressOwner) int { return strings.Compare(a.Learner, b.Learner) })
	return status, err
}

func newAddressOwner(learner string, known profile.Profile) AddressOwner {
	return AddressOwner{
		Learner:        learner,
		LeftEverything: known.UnsubscribedAll,
		LeftAt:         known.AllAt,
		RefusesConsent: known.Consent != nil && !*known.Consent,
		LeftTopics:     slices.Sorted(slices.Values(known.Unsubscribed)),
	}
}

// ListSuppressions returns every address that is suppressed, the latest first, with the learners who have it. It reads every
// profile.
func (p People) ListSuppressions(ctx context.Context) ([]SuppressionRecord, error) {
	var records []SuppressionRecord
	byHash := map[string]int{}
	err := eachRecord(ctx, p.Suppressions.kv, func(hash string, data []byte) error {
		if strings.HasPrefix(hash, tombstonePrefix) {
			return nil
		}
		record := SuppressionRecord{Hash: hash}
		if decodeRecord(data, &record.Suppression) != nil {
			record.Suppression = Suppression{Reason: ReasonUnreadable}
		}
		record.Suppression = record.asOf(p.Suppressions.now())
		if record.Reason != "" {
			byHash[hash] = len(records)
			records = append(records, record)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = p.Profiles.Each(ctx, func(learner string, known Profile) error {
		for _, key := range p.Suppressions.addressKeys(known.Email) {
			if i, found := byHash[key]; found && known.Email != "" {
				records[i].Learners = append(records[i].Learners, learner)
			}
		}
		return nil
	})
	for i := range records {
		slices.Sort(records[i].Learners)
	}
	slices.SortStableFunc(records, func(a, b SuppressionRecord) int { return b.At.Compare(a.At) })
	return records, err
}

// Each yields every learner's profile that can be read, in no particular order; `homeroom doctor` names the others. It stops at
// the first error of yield and returns it.
func (s *Profiles) Each(ctx context.Context, yield func(learner string, p Profile) error) error {
	return eachRecord(ctx, s.kv, func(key string, data []byte) error {
		learner, err := subjects.Unescape(key)
		if err != nil {
			return nil // no learner's
		}
		var p Profile
		if decodeRecord(data, &p) != nil {
			return nil
		}
		return yield(learner, p)
	})
}

// eachRecord yields the records that a bucket holds at this moment.
func eachRecord(ctx context.Context, kv jetstream.KeyValue, yield func(key string, data []byte) error) error {
	watcher, err := kv.WatchAll(ctx, jetstream.IgnoreDeletes())
	if err != nil {
		return fmt.Errorf("read the bucket %s: %w", kv.Bucket(), err)
	}
	defer func() { _ = watcher.Stop() }()
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("read the bucket %s: %w", kv.Bucket(), ctx.Err())
		case entry, open := <-watcher.Updates():
			if !open {
				return fmt.Errorf("read the bucket %s: %w", kv.Bucket(), errWatchEnded)
			}
			if entry == nil { // everything has been yielded
				return nil
			}
			if err := yield(entry.Key(), entry.Value()); err != nil {
				return err
			}
		}
	}
}

// errWatchEnded says that NATS ended the reading of a bucket.
var errWatchEnded = errors.New("the watch ended: try again")
