package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/subjects"
)

// Control is the kill switch, the partitions' watermarks, the records of instances, and the learners who are set aside. It follows its bucket,
// so the cached answers are at most a moment old; it must be closed.
type Control struct {
	kv     jetstream.KeyValue
	bucket jetstream.Stream // behind kv
	stop   context.CancelFunc
	done   chan struct{}

	mu             sync.Mutex
	paused         Pause
	watermarks     [subjects.Partitions]watermark
	watermarkMoved chan struct{}                  // closed and replaced when a watermark moves
	written        [subjects.Partitions]watermark // by this process; the watch has not reported them yet

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

// newControl reads what there is and follows the bucket from then on. reconnects is as for follow.
func newControl(ctx context.Context, kv jetstream.KeyValue, stream jetstream.Stream, reconnects func() uint64) (*Control, error) {
	follower := newFollower(stream, kv.Bucket(), ">")
	entries, err := follower.readNewest(ctx)
	if err != nil {
		return nil, fmt.Errorf("follow the bucket %s: %w", kv.Bucket(), err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	c := &Control{
		kv:             kv,
		bucket:         stream,
		stop:           stop,
		done:           make(chan struct{}),
		watermarkMoved: make(chan struct{}),
		instances:      map[string]Instance{},
		setAside:       map[string]SetAside{},
		advanced:       make(chan struct{}),
	}
	for _, e := range entries {
		c.applyEntry(e)
	}
	go func() {
		defer close(c.done)
		follower.follow(ctx, reconnects, c.applyEntry)
	}()
	return c, nil
}

// Close stops following. It may be called again.
func (c *Control) Close() {
	c.stop()
	<-c.done
}

func (c *Control) applyEntry(e entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.noteSeen(e.revision)
	if e.key == pauseKey {
		c.paused = decodePause(e)
		return
	}
	if strings.HasPrefix(e.key, instancePrefix) {
		c.applyInstance(e)
		return
	}
	if strings.HasPrefix(e.key, setAsidePrefix) {
		c.applySetAside(e)
		return
	}
	if p, ok := partitionOfKey(e.key); ok {
		var at time.Time
		if at.UnmarshalText(e.value) == nil {
			c.advanceWatermark(p, watermark{at: at, revision: e.revision})
		}
	}
}

// decodePause returns what an entry says of the kill switch. One that cannot be read counts as paused.
func decodePause(e entry) Pause {
	var p Pause
	if e.deleted {
		return p
	}
	if err := decodeRecord(e.value, &p); err != nil {
		return Pause{Paused: true, Note: err.Error(), At: e.created}
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

// ChangePause changes the kill switch until nobody came in between, and returns it as it was before. change may be called several times; it gets
// damaged, which reports whether the record cannot be read, and returns false to leave it as it is.
func (c *Control) ChangePause(ctx context.Context, change func(p *Pause, damaged bool) bool) (before Pause, err error) {
	for range maxTries {
		var p Pause
		revision, err := readRecord(ctx, c.kv, pauseKey, &p)
		damaged := errors.Is(err, ErrDamaged)
		if err != nil && !damaged {
			return Pause{}, fmt.Errorf("ask the kill switch: %w", err)
		}
		before = p
		if !change(&p, damaged) {
			return before, nil
		}
		if _, err = swapRecord(ctx, c.kv, pauseKey, &p, revision); !errors.Is(err, errConflict) {
			return before, err
		}
	}
	return Pause{}, fmt.Errorf("set the kill switch: lost %d races in a row; try again", maxTries)
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
