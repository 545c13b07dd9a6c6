package privacy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.temporal.io/sdk/client"

	"homeroom/catalog"
	"homeroom/internal/mailaddress"
	"homeroom/store"
	"homeroom/subjects"
)

// Options are what the package needs. Those without a default are required.
type Options struct {
	JS        jetstream.JetStream
	Store     *store.Store // opened with the secrets that Homeroom serves with
	Temporal  client.Client
	Namespace string           // of Temporal; default "default"
	Now       func() time.Time // in Homeroom's time

	Rounds int           // of searching and removing, at most; default 10
	Settle time.Duration // between the last two searches, in real time; default 5s
	// Patience is for Temporal to delete runs, in real time: it waits for its own queues, which takes half a minute. Default 2m.
	Patience time.Duration
	// Progress hears what is being done, in words. May be nil.
	Progress func(string)
}

// Privacy exports and erases learners.
type Privacy struct {
	opts Options
	data *store.LearnerData
}

// New returns a Privacy.
func New(o Options) (*Privacy, error) {
	if o.JS == nil || o.Store == nil || o.Temporal == nil || o.Now == nil {
		return nil, errors.New("privacy needs JetStream, the store, Temporal and a clock")
	}
	if o.Namespace == "" {
		o.Namespace = client.DefaultNamespace
	}
	if o.Rounds == 0 {
		o.Rounds = 10
	}
	if o.Settle == 0 {
		o.Settle = 5 * time.Second
	}
	if o.Patience == 0 {
		o.Patience = 2 * time.Minute
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	return &Privacy{opts: o, data: store.NewLearnerData(o.JS)}, nil
}

// Count is how much one place holds of a learner.
type Count struct {
	Place string `json:"place"` // a stream, a bucket, or "Temporal"
	Count uint64 `json:"count"` // messages, records or runs
}

// Find counts what is held of a learner and changes nothing. Places that hold nothing are among them.
func (p *Privacy) Find(ctx context.Context, learner string) ([]Count, error) {
	f, err := p.findAll(ctx, learner, store.SearchKeys{})
	if err != nil {
		return nil, err
	}
	return f.countLocations(), nil
}

// found is what is held of a learner at one moment.
type found struct {
	locations []store.Location
	runs      []run
	keys      store.SearchKeys
}

// findAll looks everywhere. What the learner is known by besides their id is added to the traces.
func (p *Privacy) findAll(ctx context.Context, learner string, t store.SearchKeys) (found, error) {
	if err := checkLearner(learner); err != nil {
		return found{}, err
	}
	if t.Spellings == nil { // not looked for yet
		spellings, err := p.data.OtherSpellings(ctx, learner)
		if err != nil {
			return found{}, err
		}
		t.Spellings = sortedUnion(spellings, nil)
	}
	sends, err := p.data.SendIDs(ctx, learner)
	if err != nil {
		return found{}, err
	}
	t.Sends = sortedUnion(t.Sends, sends)
	places, err := p.data.Locate(ctx, learner, t)
	if err != nil {
		return found{}, err
	}
	runs, err := p.listRuns(ctx, learner)
	if err != nil {
		return found{}, err
	}
	return found{locations: places, runs: runs, keys: t}, nil
}

// checkLearner takes the ids of learners, and [subjects.NoLearner]: what was published under it by mistake may be personal as well.
func checkLearner(learner string) error {
	if learner == subjects.NoLearner {
		return nil
	}
	return subjects.ValidLearner(learner)
}

// headerSubject is the header with the subject under which an event was stored before it was set aside.
const headerSubject = "Homeroom-Subject"

// findAddresses are all that are known of the learner: the profile's, and those of the traits that were ever published.
func (p *Privacy) findAddresses(ctx context.Context, learner string, places []store.Location) ([]string, error) {
	profile, err := p.opts.Store.Profiles.Get(ctx, learner)
	if err != nil {
		return nil, fmt.Errorf("read the profile: %w", err)
	}
	known := sortedUnion(nil, nil)
	if profile.Email != "" {
		known = append(known, profile.Email)
	}
	for _, place := range places {
		if place.Name != subjects.Stream && place.Name != subjects.DeadStream && place.Name != subjects.SetAsideStream {
			continue
		}
		err := p.data.Read(ctx, place, func(m store.Message) error {
			subject := m.Subject
			if original := m.Header[headerSubject]; len(original) > 0 { // of what is set aside
				subject = original[0]
			}
			known = append(known, catalog.Addresses(subject, m.Data)...)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	for i, address := range known {
		known[i] = mailaddress.Normalize(address)
	}
	return sortedUnion(known, nil), nil
}

// countLocations are the found things by place.
func (f found) countLocations() []Count {
	counts := []Count{{temporalLocation, uint64(len(f.runs))}}
	for _, p := range f.locations {
		counts = append(counts, Count{p.Name, p.Held})
	}
	return counts
}

// countAll is how much was found in all.
func (f found) countAll() uint64 {
	var n uint64
	for _, c := range f.countLocations() {
		n += c.Count
	}
	return n
}

// sortedUnion is the sorted set of both; never nil.
func sortedUnion(a, b []string) []string {
	all := slices.Concat([]string{}, a, b)
	slices.Sort(all)
	return slices.Compact(all)
}
