package privacytest

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/dev/harness"
	"homeroom/dev/instance"
	"homeroom/internal/clock"
	"homeroom/privacy"
	"homeroom/store"
)

// TestErasingWhatTheTriggersHoldInHand: an event that was fetched before its stream was purged is still processed. The
// erasure waits for that and then removes what came of it.
func TestErasingWhatTheTriggersHoldInHand(t *testing.T) {
	ctx := harness.Deadline(t)
	gate := newGate()
	w := &world{T: t, ctx: ctx, stack: servers(t, ctx)}
	var err error
	w.instance, err = instance.Open(ctx, w.stack, instance.Options{Academy: folder(t), Clock: clock.Real(), WrapJetStream: gate.over})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.instance.Close)
	w.platform = &platform{t: t, ctx: ctx, js: w.instance.JS}
	w.privacy, err = privacy.New(privacy.Options{
		JS:          w.instance.JS,
		Store:       w.instance.App.Store(),
		Temporal:    w.instance.Temporal,
		Namespace:   w.stack.Namespace,
		Now:         time.Now,
		SearchPause: time.Second,
		Progress: func(said string) {
			if strings.HasPrefix(said, "waiting for the triggers") {
				gate.open()
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.platform.publish(ada, "enrollment.created", map[string]any{"course_id": "crs_1", "enrollment_type": "free"})
	select {
	case <-gate.reached:
	case <-ctx.Done():
		t.Fatal("the triggers never came to write the profile")
	}
	receipt, err := w.privacy.Erase(ctx, ada.id, "", time.Now())
	if err != nil || !receipt.Complete || len(receipt.Warnings) > 0 {
		t.Fatalf("%+v, %v", receipt, err)
	}
	removed := map[string]uint64{}
	for _, c := range receipt.Removed {
		removed[c.Place] = c.Count
	}
	if removed["LEARNING"] != 1 || removed[store.BucketProfiles] == 0 {
		t.Errorf("removed %v, want the event, and the profile that was written afterwards", removed)
	}
	if found := w.traces(ada.marker); len(found) > 0 {
		t.Errorf("traces are left: %v", found)
	}
	w.refused(ada.address)
}

// gate holds writes to the profiles back until it is opened.
type gate struct {
	reached, opened chan struct{}
	atOnce, unlock  sync.Once
}

func newGate() *gate { return &gate{reached: make(chan struct{}), opened: make(chan struct{})} }

func (g *gate) open() { g.unlock.Do(func() { close(g.opened) }) }

func (g *gate) over(js jetstream.JetStream) jetstream.JetStream { return gatedStream{js, g} }

func (g *gate) pass(ctx context.Context) error {
	g.atOnce.Do(func() { close(g.reached) })
	select {
	case <-g.opened:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

type gatedStream struct {
	jetstream.JetStream
	gate *gate
}

// KeyValue gates the profiles.
func (s gatedStream) KeyValue(ctx context.Context, bucket string) (jetstream.KeyValue, error) {
	kv, err := s.JetStream.KeyValue(ctx, bucket)
	if err != nil || bucket != store.BucketProfiles {
		return kv, err
	}
	return gatedBucket{kv, s.gate}, nil
}

type gatedBucket struct {
	jetstream.KeyValue
	gate *gate
}

// Create waits at the gate.
func (b gatedBucket) Create(ctx context.Context, key string, value []byte, opts ...jetstream.KVCreateOpt) (uint64, error) {
	if err := b.gate.pass(ctx); err != nil {
		return 0, err
	}
	return b.KeyValue.Create(ctx, key, value, opts...)
}
