package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/setaside"
	"homeroom/subjects"
)

// SetAside says that a learner is set aside; see setaside.Record.
type SetAside = setaside.Record

const setAsidePrefix = "aside."

func setAsideKey(learner string) string {
	return setAsidePrefix + strconv.Itoa(PartitionOf(learner)) + "." + subjects.Escape(learner)
}

// parseSetAside reads a record. One that is damaged still says who is set aside: its key does. When the learner's first event was stored is not known
// then.
func parseSetAside(key string, value []byte, revision uint64) (SetAside, bool) {
	_, token, _ := strings.Cut(strings.TrimPrefix(key, setAsidePrefix), ".")
	learner, err := subjects.Unescape(token)
	if err != nil || setAsideKey(learner) != key {
		return SetAside{}, false
	}
	var s SetAside
	if json.Unmarshal(value, &s) != nil {
		s = SetAside{Error: "the record is damaged"}
	}
	s.Learner = learner
	s.Partition = PartitionOf(learner)
	s.Revision = revision
	return s, true
}

// applySetAside takes in what the watch reports. The caller holds the lock.
func (c *Control) applySetAside(e entry) {
	if e.deleted {
		delete(c.setAside, e.key)
		return
	}
	if s, ok := parseSetAside(e.key, e.value, e.revision); ok {
		c.setAside[e.key] = s
	}
}

// noteSeen records how far the watch has come. The caller holds the lock.
func (c *Control) noteSeen(revision uint64) {
	c.seen = max(c.seen, revision)
	close(c.advanced)
	c.advanced = make(chan struct{})
}

// SetAside returns who is set aside, as last heard of, those longest first.
func (c *Control) SetAside() []SetAside {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]SetAside, 0, len(c.setAside))
	for _, s := range c.setAside {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b SetAside) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Learner, b.Learner))
	})
	return all
}

// SetAsideOf returns who of a partition is set aside, as last heard of.
func (c *Control) SetAsideOf(partition int) []SetAside {
	c.mu.Lock()
	defer c.mu.Unlock()
	var some []SetAside
	for _, s := range c.setAside {
		if s.Partition == partition {
			some = append(some, s)
		}
	}
	return some
}

// AwaitLearner is AwaitHandedOver for one learner of the partition: while a learner is set aside, their events have been handed over up to the first that
// waits, however far the partition has come.
func (c *Control) AwaitLearner(ctx context.Context, learner string, partition int, want time.Time, wait time.Duration) time.Time {
	if _, found := c.knownSetAside(learner); found {
		wait = 0 // waiting would not help
	}
	at := c.AwaitHandedOver(ctx, partition, want, wait)
	s, found := c.knownSetAside(learner) // looked up after the mark: the watch reports in the order of the writes
	if known := c.Watermark(partition); at.After(known) {
		var err error
		if s, found, err = c.ReadSetAside(ctx, learner); err != nil {
			return known
		}
	}
	if !found {
		return at
	}
	if s.FirstAt.IsZero() {
		return time.Time{}
	}
	if before := s.FirstAt.Add(-time.Nanosecond); before.Before(at) {
		return before
	}
	return at
}

// forgetSetAside forgets a record that is gone, unless the watch has reported a newer one: an erasure leaves no marker of it.
func (c *Control) forgetSetAside(gone SetAside) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := setAsideKey(gone.Learner)
	if s, found := c.setAside[key]; found && s.Revision == gone.Revision {
		delete(c.setAside, key)
	}
}

func (c *Control) knownSetAside(learner string) (SetAside, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, found := c.setAside[setAsideKey(learner)]
	return s, found
}

// SyncSetAside waits until this process has heard of everybody in the partition who was set aside before the call.
func (c *Control) SyncSetAside(ctx context.Context, partition int) error {
	msg, err := c.bucket.GetLastMsgForSubject(ctx, subjectOfKey(BucketControl, setAsidePrefix+strconv.Itoa(partition)+".*"))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("ask who is set aside in partition %d: %w", partition, err)
	}
	for {
		c.mu.Lock()
		seen := c.seen
		advanced := c.advanced
		c.mu.Unlock()
		if seen >= msg.Sequence {
			return nil
		}
		select {
		case <-advanced:
		case <-ctx.Done():
			return fmt.Errorf("wait for who is set aside in partition %d: %w", partition, ctx.Err())
		}
	}
}

// ReadSetAside asks the store itself whether a learner is set aside.
func (c *Control) ReadSetAside(ctx context.Context, learner string) (s SetAside, found bool, err error) {
	known, _ := c.knownSetAside(learner)
	entry, err := c.kv.Get(ctx, setAsideKey(learner))
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		c.forgetSetAside(known)
		return SetAside{}, false, nil
	}
	if err != nil {
		return SetAside{}, false, fmt.Errorf("ask whether a learner is set aside: %w", err)
	}
	s, found = parseSetAside(entry.Key(), entry.Value(), entry.Revision())
	return s, found, nil
}

// ChangeSetAside reads a learner's record, changes and writes it until nobody came in between, and returns it as written. change gets exists, which reports whether there
// is one; it may be called several times, and returns false to leave the record as it is.
func (c *Control) ChangeSetAside(ctx context.Context, learner string, change func(s *SetAside, exists bool) bool) (SetAside, error) {
	for range maxTries {
		s, exists, err := c.ReadSetAside(ctx, learner)
		if err != nil {
			return SetAside{}, err
		}
		revision := s.Revision
		s.Learner = learner
		s.Partition = PartitionOf(learner)
		if !change(&s, exists) {
			return s, nil
		}
		s.Revision, err = swapRecord(ctx, c.kv, setAsideKey(learner), &s, revision)
		if !errors.Is(err, errConflict) {
			return s, err
		}
	}
	return SetAside{}, fmt.Errorf("write whether a learner is set aside: lost %d races in a row; try again", maxTries)
}

// ClearSetAside removes a learner's record if nobody has written it since the given revision, and reports whether it is gone.
func (c *Control) ClearSetAside(ctx context.Context, learner string, revision uint64) (cleared bool, err error) {
	err = c.kv.Delete(ctx, setAsideKey(learner), jetstream.LastRevision(revision))
	var api *jetstream.APIError
	if errors.Is(err, jetstream.ErrKeyRevisionMismatch) || errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("remove a learner's record of being set aside: %w", err)
	}
	return true, nil
}
