package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/internal/links"
	"homeroom/subjects"
)

// Links keeps what lies behind share and referral links; package links makes the links themselves. Records stay: what
// somebody posted is followed for years. They hold ids and addresses of pages, and no personal data.
type Links struct{ kv jetstream.KeyValue }

// ErrTaken says that a referral code belongs to another learner already.
var ErrTaken = errors.New("the referral code belongs to another learner")

const (
	referralPrefix = "ref."
	// maxLinkKey is far more than a share key's 24 digits, or the 13 letters and digits of a referral code.
	maxLinkKey = 64
)

// KeepShared keeps what lies behind a send's share links; the same send again replaces it.
func (l *Links) KeepShared(ctx context.Context, s links.Shared) error {
	return modifyOrReplace(ctx, l.kv, links.Key(s.Send), func(was *links.Shared, _ bool) (bool, error) {
		*was = s
		return true, nil
	})
}

// Shared returns what is kept under a key as links.ReadShare tells it, else ErrNotFound.
func (l *Links) Shared(ctx context.Context, key string) (links.Shared, error) {
	var s links.Shared
	err := l.findRecord(ctx, key, "", &s)
	return s, err
}

// KeepReferral keeps whose a referral code is and where it leads. The same learner's code again replaces its target;
// another learner's is ErrTaken.
func (l *Links) KeepReferral(ctx context.Context, code string, r links.Referred) error {
	if !isLinkKey(code) {
		return fmt.Errorf("keep a referral code of %d bytes: it has 1 to %d letters and digits", len(code), maxLinkKey)
	}
	return modifyOrReplace(ctx, l.kv, referralPrefix+code, func(was *links.Referred, _ bool) (bool, error) {
		if was.Learner != "" && was.Learner != r.Learner {
			return false, fmt.Errorf("keep the referral code %s: %w", code, ErrTaken)
		}
		if *was == r {
			return false, nil
		}
		*was = r
		return true, nil
	})
}

// Referral returns whose a referral code is, else ErrNotFound.
func (l *Links) Referral(ctx context.Context, code string) (links.Referred, error) {
	var r links.Referred
	err := l.findRecord(ctx, code, referralPrefix, &r)
	return r, err
}

// findRecord reads a record by what came in an address, so by anything at all.
func (l *Links) findRecord(ctx context.Context, key, prefix string, v any) error {
	if !isLinkKey(key) {
		return fmt.Errorf("what lies behind a link: %w", ErrNotFound)
	}
	revision, err := readRecord(ctx, l.kv, prefix+key, v)
	switch {
	case err == nil && revision == 0:
		return fmt.Errorf("what lies behind a link: %w", ErrNotFound)
	case isUnreadable(err): // to ask again would not help who follows the link
		return fmt.Errorf("what lies behind a link: %w: %w", ErrNotFound, err)
	}
	return err
}

// isLinkKey reports whether a text can be a key: plain, so that it is no other record's, such as "ref.…".
func isLinkKey(key string) bool {
	return key != "" && len(key) <= maxLinkKey && subjects.Escape(key) == key
}
