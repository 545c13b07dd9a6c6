package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Store is access to everything [Setup] made.
type Store struct {
	Profiles     *Profiles
	Standings    *Standings
	Rulesets     *Rulesets
	Sends        *Sends
	Suppressions *Suppressions
	Control      *Control
	Decisions    *Decisions
	Events       *Events
	Links        *Links
	Retired      *Retired
	Paths        *Paths
	Weights      *Weights
	People       People
}

// OpenOptions are what access needs besides NATS.
type OpenOptions struct {
	// Secret keys the hashes of suppressed addresses. Whoever replaces it moves the old one to OldSecrets.
	Secret []byte
	// OldSecrets are those that Secret replaced; what was written under them still holds.
	OldSecrets [][]byte
	// Now is Homeroom's clock, by which suppressions that end have ended; nil: the machine's.
	Now func() time.Time
	// Cached is how many standings are kept in memory; 0 means 20,000.
	Cached int
}

// Open gives access to the store. Control follows the control bucket from here on until [Control.Close], also after ctx has ended: whoever opens may
// give ctx a deadline.
// If a bucket is missing the error says to run Setup, which `homeroom serve` does.
func Open(ctx context.Context, js jetstream.JetStream, o OpenOptions) (*Store, error) {
	var missing error
	bucket := func(name string) jetstream.KeyValue {
		kv, err := js.KeyValue(ctx, name)
		if err != nil {
			missing = errors.Join(missing, fmt.Errorf("open the NATS bucket %s: %w", name, err))
		}
		return kv
	}
	profiles := bucket(BucketProfiles)
	standing := bucket(BucketStanding)
	rulesets := bucket(BucketRulesets)
	sends := bucket(BucketSends)
	suppressions := bucket(BucketSuppressions)
	control := bucket(BucketControl)
	links := bucket(BucketLinks)
	retired := bucket(BucketRetired)
	learned := bucket(BucketLearned)
	if missing != nil {
		return nil, fmt.Errorf("the store is not set up: start `homeroom serve` against this NATS once: %w", missing)
	}
	controlStream, err := js.Stream(ctx, "KV_"+BucketControl)
	if err != nil {
		return nil, fmt.Errorf("open the NATS bucket %s: %w", BucketControl, err)
	}
	standingStream, err := js.Stream(ctx, "KV_"+BucketStanding)
	if err != nil {
		return nil, fmt.Errorf("open the NATS bucket %s: %w", BucketStanding, err)
	}
	rulesetStream, err := js.Stream(ctx, "KV_"+BucketRulesets)
	if err != nil {
		return nil, fmt.Errorf("open the NATS bucket %s: %w", BucketRulesets, err)
	}
	now := o.Now
	if now == nil {
		now = time.Now
	}
	cached := o.Cached
	if cached == 0 {
		cached = 20_000
	}
	reconnects := func() uint64 { return js.Conn().Stats().Reconnects }
	controlState, err := newControl(ctx, control, controlStream, reconnects)
	if err != nil {
		return nil, err
	}
	suppressed := &Suppressions{kv: suppressions, secrets: append([][]byte{o.Secret}, o.OldSecrets...), now: now}
	ledger := &Sends{kv: sends}
	people := People{Profiles: &Profiles{kv: profiles, suppressions: suppressed, sends: ledger}, Suppressions: suppressed}
	return &Store{
		Profiles:     people.Profiles,
		Standings:    &Standings{js: js, kv: standing, stream: standingStream, cache: newLRU[cachedStanding](cached)},
		Rulesets:     &Rulesets{kv: rulesets, stream: rulesetStream, reconnects: reconnects},
		Sends:        ledger,
		Suppressions: suppressed,
		Control:      controlState,
		Decisions:    &Decisions{js: js},
		Events:       &Events{js: js},
		Links:        &Links{kv: links},
		Retired:      &Retired{kv: retired},
		Paths:        &Paths{kv: learned},
		Weights:      &Weights{kv: learned},
		People:       people,
	}, nil
}
