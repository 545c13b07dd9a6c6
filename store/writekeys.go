package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// BucketWriteKeys keeps the write keys with which events are posted over HTTP.
const BucketWriteKeys = "homeroom_write_keys"

// WriteKey is what is kept of a write key: never the key itself.
type WriteKey struct {
	ID        string    `json:"id"` // see package writekey
	Hash      string    `json:"hash"`
	Name      string    `json:"name,omitempty"` // what it is for, as whoever made it says
	Scopes    []string  `json:"scopes,omitempty"`
	PerSecond int       `json:"per_second,omitempty"` // events a second; 0: no limit
	By        string    `json:"by,omitempty"`
	At        time.Time `json:"at,omitzero"`
	RevokedBy string    `json:"revoked_by,omitempty"`
	RevokedAt time.Time `json:"revoked_at,omitzero"` // zero: it may be used
}

// WriteKeys are the write keys, followed from the time they are opened: what one process changes is known to the others a moment
// later. They must be closed.
type WriteKeys struct {
	kv   jetstream.KeyValue
	stop context.CancelFunc
	done chan struct{}

	mu   sync.Mutex
	byID map[string]WriteKey
}

// OpenWriteKeys reads the keys there are and follows their bucket from then on, until ctx ends or Close is called. [Setup] makes it.
func OpenWriteKeys(ctx context.Context, js jetstream.JetStream) (*WriteKeys, error) {
	kv, err := js.KeyValue(ctx, BucketWriteKeys)
	if err != nil {
		return nil, fmt.Errorf("open the NATS bucket %s; `homeroom setup` makes it: %w", BucketWriteKeys, err)
	}
	stream, err := js.Stream(ctx, "KV_"+BucketWriteKeys)
	if err != nil {
		return nil, fmt.Errorf("open the NATS bucket %s: %w", BucketWriteKeys, err)
	}
	follower := newFollower(stream, BucketWriteKeys, ">")
	entries, err := follower.readNewest(ctx)
	if err != nil {
		return nil, fmt.Errorf("follow the bucket %s: %w", BucketWriteKeys, err)
	}
	live, stop := context.WithCancel(context.WithoutCancel(ctx))
	k := &WriteKeys{
		kv:   kv,
		stop: stop,
		done: make(chan struct{}),
		byID: map[string]WriteKey{},
	}
	for _, e := range entries {
		k.applyEntry(e)
	}
	go func() {
		defer close(k.done)
		follower.follow(live, func() uint64 { return js.Conn().Stats().Reconnects }, k.applyEntry)
	}()
	return k, nil
}

// Close stops following. It may be called again.
func (k *WriteKeys) Close() {
	k.stop()
	<-k.done
}

// applyEntry takes in a record. One that cannot be read is a key that nobody may use.
func (k *WriteKeys) applyEntry(e entry) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var key WriteKey
	if e.deleted || decodeRecord(e.value, &key) != nil || key.ID != e.key {
		delete(k.byID, e.key)
		return
	}
	k.byID[e.key] = key
}

// Find returns a key from memory, and whether there is one; it may be revoked.
func (k *WriteKeys) Find(id string) (WriteKey, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	key, ok := k.byID[id]
	return key, ok
}

// List returns all keys from memory, the oldest first, the revoked ones among them.
func (k *WriteKeys) List() []WriteKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	list := make([]WriteKey, 0, len(k.byID))
	for _, key := range k.byID {
		list = append(list, key)
	}
	slices.SortFunc(list, func(a, b WriteKey) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	return list
}

// Create stores a new key, confirmed when it returns.
func (k *WriteKeys) Create(ctx context.Context, key WriteKey) error {
	_, err := swapRecord(ctx, k.kv, key.ID, &key, 0)
	if errors.Is(err, errConflict) {
		return fmt.Errorf("there is a write key %s already: make another one", key.ID)
	}
	return err
}

// Revoke marks a key so that nobody may use it any more, and reports whether that is new. Of a key that is not there, or cannot be
// read, the error is [ErrNotFound] or [ErrDamaged]; neither may be used.
func (k *WriteKeys) Revoke(ctx context.Context, id, by string, at time.Time) (changed bool, err error) {
	err = modifyRecord(ctx, k.kv, id, func(key *WriteKey, exists bool) (bool, error) {
		if !exists {
			return false, fmt.Errorf("the write key %s: %w", id, ErrNotFound)
		}
		changed = key.RevokedAt.IsZero()
		if changed {
			key.RevokedBy = by
			key.RevokedAt = at
		}
		return changed, nil
	})
	return changed, err
}
