package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// ErrNotFound says that there is no such record.
var ErrNotFound = errors.New("no such record")

// errConflict says that somebody else wrote the record since it was read.
var errConflict = errors.New("the record was changed meanwhile")

// maxTries bounds how often a compare-and-swap starts over. Two writers of one record are rare; more than a handful of
// lost races in a row means that something writes it in a loop.
const maxTries = 20

// requestTimeout is how long one question to a bucket waits for its answer. An answer that was lost with its connection never comes, and
// who asked is to try again soon after NATS is back.
const requestTimeout = 5 * time.Second

// readRecord gets a record into v. revision 0 with no error: there is none. Of a record that cannot be read the error wraps
// [ErrDamaged] or [ErrNewer], v is zero, and revision is the record's.
func readRecord(ctx context.Context, kv jetstream.KeyValue, key string, v any) (revision uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	entry, err := kv.Get(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read %s from %s: %w", key, kv.Bucket(), err)
	}
	if err := decodeRecord(entry.Value(), v); err != nil {
		return entry.Revision(), fmt.Errorf("read %s from %s: %w", key, kv.Bucket(), err)
	}
	return entry.Revision(), nil
}

// swapRecord writes a record if it still has the revision (0: if there is none yet), else errConflict.
func swapRecord(ctx context.Context, kv jetstream.KeyValue, key string, v any, revision uint64) (next uint64, err error) {
	data, err := json.Marshal(v)
	if err != nil {
		return 0, fmt.Errorf("write %s to %s: %w", key, kv.Bucket(), err)
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	if revision == 0 {
		next, err = kv.Create(ctx, key, data)
		if errors.Is(err, jetstream.ErrKeyExists) {
			return 0, errConflict
		}
	} else {
		next, err = kv.Update(ctx, key, data, revision)
		if errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
			return 0, errConflict
		}
	}
	if err != nil {
		return 0, fmt.Errorf("write %s to %s: %w", key, kv.Bucket(), err)
	}
	return next, nil
}

// modifyRecord reads, changes and writes a record until nobody came in between. change may be called several times; it
// gets exists, which reports whether there is a record, and returns false to leave it as it is.
func modifyRecord[T any](ctx context.Context, kv jetstream.KeyValue, key string, change func(record *T, exists bool) (bool, error)) error {
	return modifyUnless(ctx, kv, key, change, func(err error) bool { return err != nil })
}

// modifyOrReplace is modifyRecord for a record of which nothing is lost when it is written anew: a damaged one counts as none.
func modifyOrReplace[T any](ctx context.Context, kv jetstream.KeyValue, key string, change func(record *T, exists bool) (bool, error)) error {
	return modifyUnless(ctx, kv, key, change, func(err error) bool { return err != nil && !errors.Is(err, ErrDamaged) })
}

// modifyUnless is modifyRecord; stops reports whether an error of reading ends it.
func modifyUnless[T any](ctx context.Context, kv jetstream.KeyValue, key string, change func(record *T, exists bool) (bool, error), stops func(error) bool) error {
	for range maxTries {
		var record T
		revision, err := readRecord(ctx, kv, key, &record)
		if stops(err) {
			return err
		}
		exists := revision > 0 && err == nil
		write, err := change(&record, exists)
		if err != nil || !write {
			return err
		}
		if _, err = swapRecord(ctx, kv, key, &record, revision); !errors.Is(err, errConflict) {
			return err
		}
	}
	return fmt.Errorf("write %s to %s: lost %d races in a row; try again", key, kv.Bucket(), maxTries)
}

// hashedKey is a key that does not show the id it stands for.
func hashedKey(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:20])
}
