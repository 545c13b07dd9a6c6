package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Suppressions are the addresses that must not be written to, each as a keyed hash: the bucket tells nobody who they
// are. Addresses are compared without regard to case and surrounding space.
type Suppressions struct {
	kv     jetstream.KeyValue
	secret []byte
}

// Suppression says why and since when.
type Suppression struct {
	Reason string    `json:"reason"` // "bounced", "complained", "unsubscribed", "erased"
	At     time.Time `json:"at"`
}

// Add suppresses an address. A suppression that exists stays as it is.
func (s *Suppressions) Add(ctx context.Context, email, reason string, at time.Time) error {
	return modify(ctx, s.kv, s.key(email), func(was *Suppression) (bool, error) {
		if was.Reason != "" {
			return false, nil
		}
		*was = Suppression{Reason: reason, At: at}
		return true, nil
	})
}

// Has reports whether an address is suppressed.
func (s *Suppressions) Has(ctx context.Context, email string) (bool, error) {
	var was Suppression
	revision, err := read(ctx, s.kv, s.key(email), &was)
	if err != nil {
		return false, fmt.Errorf("ask whether an address is suppressed: %w", err)
	}
	return revision > 0, nil
}

// Remove lifts a suppression. What is not there is not an error.
func (s *Suppressions) Remove(ctx context.Context, email string) error {
	return s.kv.Purge(ctx, s.key(email))
}

func (s *Suppressions) key(email string) string {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte(strings.ToLower(strings.TrimSpace(email))))
	return hex.EncodeToString(mac.Sum(nil))
}
