package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/subjects"
)

// Control is the kill switch, the marks that say how far each partition was handed over, and the learners who are set aside. It follows its bucket,
// so the cached answers are at most a moment old; it must be closed.
type Control struct {
	kv     jetstream.KeyValue
	bucket jetstream.Stream // behind kv
	stop   context.CancelFunc
	done   chan struct{}

	mu         sync.Mutex
	paused     Pause
	watermarks [subjects.Partitions]watermark
	changed    chan struct{}                  // closed and replaced when a mark moves
	written    [subjects.Partitions]watermark // by this process; the watch has not reported them yet

	instances map[string]Instance // by key
	setAside  map[string]SetAside // by key
	seen      uint64              // the highest revision that the watch has reported
	advanced  chan struct{}       // closed and replaced when seen moves
}

// Pause is the state of the kill switch.
type Pause struct {
	Paused bool      `json:"paused"`
	By     string    `json:"by,omitempty"`
	Note   string    `json:"note,omitempty"`
	At     time.Time `json:"at,omitzero"`
}

const pauseKey = "paused"

// newControl reads what there is and follows the bucket from then on.
func newControl(ctx context.Context, kv jetstream.KeyValue, bucket jetstream.Stream) (*Control, error) {
	ctx, stop := context.WithCancel(ctx)
	c := &Control{
		kv:        kv,
		bucket:    bucket,
		stop:      stop,
		done:      make(chan struct{}),
		changed:   make(chan struct{}),
		instances: map[string]Instance{},
		setAside:  map[string]SetAside{},
		advanced:  make(chan struct{}),
	}
	watcher, err := kv.WatchAll(ctx)
	if err != nil {
		stop()
		return nil, fmt.Errorf("follow the bucket %s: %w", kv.Bucket(), err)
	}
	known := make(chan struct{})
	go c.followBucket(ctx, watcher, known)
	select {
	case <-known:
		return c, nil
	case <-ctx.Done():
		stop()
		return nil, fmt.Errorf("follow the bucket %s: %w", kv.Bucket(), ctx.Err())
	}
}

// Close stops following. It may be called again.
func (c *Control) Close() {
	c.stop()
	<-c.done
}

// followBucket takes in what the watch reports; the first nil says that everything there was has come.
func (c *Control) followBucket(ctx context.Context, watcher jetstream.KeyWatcher, known chan<- struct{}) {
	defer close(c.done)
	defer watcher.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case entry, ok := <-watcher.Updates():
			if !ok {
				return
			}
			if entry == nil {
				if known != nil {
					close(known)
					known = nil
				}
				continue
			}
			c.applyEntry(entry)
		}
	}
}

func (c *Control) applyEntry(entry jetstream.KeyValueEntry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.noteSeen(entry.Revision())
	if entry.Key() == pauseKey {
		c.paused = decodePause(entry)
		return
	}
	if strings.HasPrefix(entry.Key(), instancePrefix) {
		c.applyInstance(entry)
		return
	}
	if strings.HasPrefix(entry.Key(), setAsidePrefix) {
		c.applySetAside(entry)
		return
	}
	if p, ok := partitionOfKey(entry.Key()); ok {
		var at time.Time
		if at.UnmarshalText(entry.Value()) == nil {
			c.advanceWatermark(p, watermark{at: at, revision: entry.Revision()})
		}
	}
}

// decodePause returns what an entry says of the kill switch. One that cannot be read counts as paused.
func decodePause(entry jetstream.KeyValueEntry) Pause {
	var p Pause
	if entry.Operation() != jetstream.KeyValuePut {
		return p
	}
	if err := decodeRecord(entry.Value(), &p); err != nil {
		return Pause{Paused: true, Note: err.Error(), At: entry.Created()}
	}
	return p
}

// Pause stops all sending until [Control.Resume]. It is confirmed by the store when it returns.
func (c *Control) Pause(ctx context.Context, by, note string, at time.Time) error {
	return c.setPause(ctx, Pause{Paused: true, By: by, Note: note, At: at})
}

// Resume lifts the pause.
func (c *Control) Resume(ctx context.Context, by, note string, at time.Time) error {
	return c.setPause(ctx, Pause{By: by, Note: note, At: at})
}

func (c *Control) setPause(ctx context.Context, p Pause) error {
	data, err := json.Marshal(p)
	if err == nil {
		_, err = c.kv.Put(ctx, pauseKey, data)
	}
	if err != nil {
		return fmt.Errorf("set the kill switch: %w", err)
	}
	return nil
}

// Paused asks the store itself: this is the question to ask before calling a provider. After an error nobody may
// send. A record that cannot be read is an error too, until [Control.Pause] or [Control.Resume] writes it anew.
func (c *Control) Paused(ctx context.Context) (bool, error) {
	p, err := c.PauseState(ctx)
	return p.Paused, err
}

// PauseState is [Control.Paused] with who, why and when.
func (c *Control) PauseState(ctx context.Context) (Pause, error) {
	var p Pause
	if _, err := readRecord(ctx, c.kv, pauseKey, &p); err != nil {
		return Pause{}, fmt.Errorf("ask the kill switch: %w", err)
	}
	return p, nil
}

// LastKnownPause is the switch as last heard of; for pages and metrics.
func (c *Control) LastKnownPause() Pause {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.paused
}
