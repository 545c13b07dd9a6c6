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
	// Sources know where bodies of other formats keep addresses. May be nil.
	Sources []catalog.Translator

	Rounds      int           // of searching and removing, at most; default 10
	SearchPause time.Duration // between the last two searches, in real time; default 5s
	// DeleteWait is how long, in real time, Temporal may take to delete runs: it waits for its own queues, which takes half a minute. Default 2m.
	DeleteWait time.Duration
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
	if o.SearchPause == 0 {
		o.SearchPause = 5 * time.Second
	}
	if o.DeleteWait == 0 {
		o.DeleteWait = 2 * time.Minute
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

// Find counts what is held of a learner, under all their ids, and changes nothing. Places that hold nothing are among them.
func (p *Privacy) Find(ctx context.Context, learner string) ([]Count, error) {
	others, err := p.otherIDs(ctx, learner)
	if err != nil {
		return nil, err
	}
	var counts []Count
	for _, id := range append(others, learner) {
		f, err := p.findAll(ctx, id, store.SearchKeys{})
		if err != nil {
			return nil, err
		}
		counts = addCounts(counts, f.countPlaces())
	}
	return counts, nil
}

// found is what is held of a learner at one moment.
type found struct {
	places []store.Place
	runs   []workflowRun
	keys   store.SearchKeys
}

// findAll searches every store with the keys, with the other spellings of the id, and with the ids of the learner's sends. The keys that it returns hold all of them.
func (p *Privacy) findAll(ctx context.Context, learner string, keys store.SearchKeys) (found, error) {
	if err := checkLearner(learner); err != nil {
		return found{}, err
	}
	if keys.Spellings == nil { // not looked for yet
		spellings, err := p.data.OtherSpellings(ctx, learner)
		if err != nil {
			return found{}, err
		}
		keys.Spellings = sortedUnion(spellings, nil)
	}
	sends, err := p.data.SendIDs(ctx, learner)
	if err != nil {
		return found{}, err
	}
	keys.Sends = sortedUnion(keys.Sends, sends)
	places, err := p.data.Locate(ctx, learner, keys)
	if err != nil {
		return found{}, err
	}
	runs, err := p.listRuns(ctx, learner)
	if err != nil {
		return found{}, err
	}
	return found{places: places, runs: runs, keys: keys}, nil
}

// checkLearner accepts the ids of learners, and [subjects.NoLearner]: what was published under it by mistake may be personal as well.
func checkLearner(learner string) error {
	if learner == subjects.NoLearner {
		return nil
	}
	return subjects.ValidLearner(learner)
}

// headerSubject is the header with the subject under which an event was stored before it was set aside.
const headerSubject = "Homeroom-Subject"

// findAddresses returns all addresses that are known of the learner: the profile's, and those of the traits that were ever published.
func (p *Privacy) findAddresses(ctx context.Context, learner string, places []store.Place) ([]string, error) {
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
			known = append(known, catalog.Addresses(subject, m.Data, p.opts.Sources...)...)
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

// countPlaces counts what was found, by place.
func (f found) countPlaces() []Count {
	counts := []Count{{temporalPlace, uint64(len(f.runs))}}
	for _, p := range f.places {
		counts = append(counts, Count{p.Name, p.Held})
	}
	return counts
}

// countAll counts what was found in all places.
func (f found) countAll() uint64 {
	var n uint64
	for _, c := range f.countPlaces() {
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
