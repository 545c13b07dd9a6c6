package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"pgregory.net/rapid"

	"homeroom/engine"
	"homeroom/internal/natstest"
	"homeroom/store"
)

// errLost is what a request ends with whose process dies, or whose answer gets lost.
var errLost = errors.New("lost")

// turn is how one request to the bucket of standings goes on.
type turn int

const (
	turnDone       turn = iota
	turnLost            // it is not carried out
	turnAnswerLost      // it is carried out, and nobody hears of it
)

// steppedBucket carries out no request before it is told to.
type steppedBucket struct {
	jetstream.KeyValue
	waits chan struct{} // a request waits
	turns chan turn
}

func (b *steppedBucket) step(request func() error) error {
	b.waits <- struct{}{}
	switch <-b.turns {
	case turnLost:
		return errLost
	case turnAnswerLost:
		return errors.Join(errLost, request())
	}
	return request()
}

func (b *steppedBucket) Get(ctx context.Context, key string) (entry jetstream.KeyValueEntry, err error) {
	err = b.step(func() (err error) { entry, err = b.KeyValue.Get(ctx, key); return err })
	return entry, err
}

func (b *steppedBucket) Create(ctx context.Context, key string, value []byte, opts ...jetstream.KVCreateOpt) (revision uint64, err error) {
	err = b.step(func() (err error) { revision, err = b.KeyValue.Create(ctx, key, value, opts...); return err })
	return revision, err
}

func (b *steppedBucket) Update(ctx context.Context, key string, value []byte, last uint64) (revision uint64, err error) {
	err = b.step(func() (err error) { revision, err = b.KeyValue.Update(ctx, key, value, last); return err })
	return revision, err
}

// steppedStreams opens the bucket of standings as a steppedBucket.
type steppedStreams struct {
	jetstream.JetStream
	bucket *steppedBucket
}

func (s steppedStreams) KeyValue(ctx context.Context, name string) (jetstream.KeyValue, error) {
	kv, err := s.JetStream.KeyValue(ctx, name)
	if err != nil || name != store.BucketStanding {
		return kv, err
	}
	s.bucket.KeyValue = kv
	return s.bucket, nil
}

// mergingLane is a process that has the lane of one id.
type mergingLane struct {
	bucket   *steppedBucket
	store    *store.Store
	id       string
	claims   []string // the ids that its events name, one after the other
	ended    chan error
	underWay bool
}

// mergeNext does what the host does for an event that names another id, as far as standings go.
func (l *mergingLane) mergeNext(ctx context.Context, rs *engine.Ruleset) error {
	other := l.claims[0]
	standings := l.store.Standings
	owner, _, err := standings.Claim(ctx, other, l.id)
	if err != nil {
		return err
	}
	if owner != l.id {
		end, err := standings.MergedInto(ctx, owner)
		if err != nil {
			return err
		}
		if end != l.id {
			return standings.DropClaim(ctx, other, l.id)
		}
	}
	return standings.Absorb(ctx, other, l.id, rs)
}

// mergingLanes are lanes of which one at a time makes a request.
type mergingLanes struct {
	lanes []*mergingLane
	seen  *store.Standings
	rs    *engine.Ruleset
}

// advance lets a lane begin with its next claim, or make the request for which it waits, and waits until it has another one or ends.
func (m *mergingLanes) advance(ctx context.Context, l *mergingLane, how turn) error {
	if l.underWay {
		l.bucket.turns <- how
	} else {
		l.underWay = true
		go func() { l.ended <- l.mergeNext(ctx, m.rs) }()
	}
	select {
	case <-l.bucket.waits:
		return nil
	case err := <-l.ended:
		l.underWay = false
		return m.endClaim(ctx, l, err)
	}
}

// endClaim takes in how a claim ended. What cannot be done yet is done again; the events of a learner who was merged go to the lane of the one that they are now.
func (m *mergingLanes) endClaim(ctx context.Context, l *mergingLane, err error) error {
	switch {
	case errors.Is(err, store.ErrBusy), errors.Is(err, errLost):
		return nil
	case errors.Is(err, store.ErrMerged):
		end, err := m.seen.MergedInto(ctx, l.id)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(m.lanes, func(other *mergingLane) bool { return other.id == end })
		into := m.lanes[i]
		for _, other := range l.claims {
			if other != into.id {
				into.claims = append(into.claims, other)
			}
		}
		l.claims = nil
		return nil
	case err != nil:
		return err
	}
	l.claims = l.claims[1:]
	return nil
}

// drawClaims draws which other ids each id is to take over.
func drawClaims(rt *rapid.T, ids []string) [][]string {
	claims := make([][]string, len(ids))
	for i, id := range ids {
		others := slices.DeleteFunc(slices.Clone(ids), func(other string) bool { return other == id })
		claims[i] = rapid.SliceOfNDistinct(rapid.SampledFrom(others), 0, len(others), rapid.ID[string]).Draw(rt, "claims of "+id[:1])
	}
	return claims
}

// TestClaimsInAnyOrder: whichever of two or three ids claim each other, through processes of their own whose requests come in any order and get lost, none waits for
// ever, there is no circle, and what was known of the ids is known once.
func TestClaimsInAnyOrder(t *testing.T) {
	_, js, seen := natstest.Open(t)
	rs := &engine.Ruleset{Counted: map[string]int{"lesson.completed": 7}}
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	stepped := make([]*steppedBucket, 3)
	stores := make([]*store.Store, 3)
	for i := range stores {
		stepped[i] = &steppedBucket{}
		var err error
		stores[i], err = store.Open(t.Context(), steppedStreams{js, stepped[i]}, store.OpenOptions{Secret: []byte("0123456789abcdef0123456789abcdef")})
		if err != nil {
			t.Fatal(err)
		}
		defer stores[i].Control.Close()
	}
	examples := 0
	rapid.Check(t, func(rt *rapid.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		examples++
		m := &mergingLanes{seen: seen.Standings, rs: rs}
		var ids []string
		for i := range rapid.IntRange(2, 3).Draw(rt, "ids") {
			id := fmt.Sprintf("%c%d", 'a'+i, examples)
			ids = append(ids, id)
			ev := engine.Event{ID: "e-" + id, Name: "lesson.completed", Learner: id, Time: at, Properties: map[string]any{}}
			err := seen.Standings.Update(ctx, id, func(s *engine.Standing, owed []uint64) (bool, []uint64) { s.Apply(&ev, rs, at); return true, owed })
			if err != nil {
				rt.Fatal(err)
			}
		}
		for i, claims := range drawClaims(rt, ids) {
			stepped[i].waits = make(chan struct{}) // an example that failed may have left a request that waits
			stepped[i].turns = make(chan turn)
			m.lanes = append(m.lanes, &mergingLane{bucket: stepped[i], store: stores[i], id: ids[i], claims: claims, ended: make(chan error)})
		}
		m.advanceInAnyOrder(ctx, rt)
		m.finish(ctx, rt)
		m.check(ctx, rt, ids)
	})
}

// advanceInAnyOrder draws which lane makes its next request, and what becomes of it.
func (m *mergingLanes) advanceInAnyOrder(ctx context.Context, rt *rapid.T) {
	hows := []turn{turnDone, turnDone, turnDone, turnDone, turnDone, turnDone, turnLost, turnAnswerLost}
	for range rapid.IntRange(0, 60).Draw(rt, "steps") {
		l := rapid.SampledFrom(m.lanes).Draw(rt, "lane")
		if !l.underWay && len(l.claims) == 0 {
			continue
		}
		if err := m.advance(ctx, l, rapid.SampledFrom(hows).Draw(rt, "how")); err != nil {
			rt.Fatal(err)
		}
	}
}

// finish lets each lane in turn go on until its claim ends, as often as there may be something to wait for.
func (m *mergingLanes) finish(ctx context.Context, rt *rapid.T) {
	for range 12 {
		for _, l := range m.lanes {
			for first := true; l.underWay || first && len(l.claims) > 0; first = false {
				if err := m.advance(ctx, l, turnDone); err != nil {
					rt.Fatal(err)
				}
			}
		}
	}
	for _, l := range m.lanes {
		if len(l.claims) > 0 {
			rt.Fatalf("%s waits for ever for %v", l.id, l.claims)
		}
	}
}

func (m *mergingLanes) check(ctx context.Context, rt *rapid.T, ids []string) {
	counted := 0
	for _, id := range ids {
		end, err := m.seen.MergedInto(ctx, id)
		if err != nil {
			rt.Fatal(err)
		}
		st, err := m.seen.Get(ctx, id)
		if err != nil {
			rt.Fatal(err)
		}
		if st.IsMerging() {
			rt.Fatalf("%s is still taking over an id: %+v", id, st.Previous)
		}
		if end == "" {
			counted += st.Counts["lesson.completed"].N[0]
			continue
		}
		root, err := m.seen.Get(ctx, end)
		if err != nil {
			rt.Fatal(err)
		}
		if !root.HasMerged(id) {
			rt.Fatalf("%s does not name %s: %+v", end, id, root.Previous)
		}
	}
	if counted != len(ids) {
		rt.Fatalf("%d events are counted, want %d", counted, len(ids))
	}
}
