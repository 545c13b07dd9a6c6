package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// followInterval is how often a bucket is asked for what is new: what one process writes is known to all this much later.
	followInterval = 100 * time.Millisecond
	// rewindInterval is how often a follower asks whether the bucket's sequences went back, as they do when it was made anew or
	// an older copy of NATS's files was put back.
	rewindInterval = 5 * time.Second
)

// entry is one value of a key, or the marker of its deletion.
type entry struct {
	key      string
	value    []byte
	revision uint64    // the sequence in the bucket's stream
	created  time.Time // by the store's clock
	deleted  bool
}

// follower reads the entries of a bucket in the order in which they were stored. It asks for one after the other and makes no
// consumer: whoever may make one names the subject that NATS delivers to, with the rights of the account that holds the stream,
// and could so write any record (docs/adr/0017-an-account-per-role.md).
type follower struct {
	stream jetstream.Stream
	prefix string    // of the subjects, before the key
	keys   string    // which keys are read, possibly with wildcards; ">" means all
	next   uint64    // the lowest sequence that was not read yet
	made   time.Time // when the stream was created
}

// newFollower returns a follower that begins with the oldest entry there is.
func newFollower(stream jetstream.Stream, bucket, keys string) *follower {
	return &follower{
		stream: stream,
		prefix: subjectOfKey(bucket, ""),
		keys:   keys,
		next:   1,
		made:   stream.CachedInfo().Created,
	}
}

// readNew returns the entries that were stored since the last call. With an error it returns those before the error, which do not
// come again.
func (f *follower) readNew(ctx context.Context) ([]entry, error) {
	var found []entry
	for {
		e, err := f.readNext(ctx)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return found, nil
		}
		if err != nil {
			return found, err
		}
		found = append(found, e)
	}
}

func (f *follower) readNext(ctx context.Context) (entry, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	msg, err := f.stream.GetMsg(ctx, f.next, jetstream.WithGetMsgSubject(f.prefix+f.keys))
	if err != nil {
		return entry{}, err
	}
	f.next = msg.Sequence + 1
	return entry{
		key:      msg.Subject[len(f.prefix):],
		value:    msg.Data,
		revision: msg.Sequence,
		created:  msg.Time,
		deleted:  msg.Header.Get("KV-Operation") != "" || msg.Header.Get("Nats-Marker-Reason") != "",
	}, nil
}

// checkRewind begins anew if the bucket was created anew, or its last sequence is lower than what was read.
func (f *follower) checkRewind(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	info, err := f.stream.Info(ctx)
	if err == nil && (info.State.LastSeq+1 < f.next || !info.Created.Equal(f.made)) {
		f.next = 1
		f.made = info.Created
	}
}

// follow calls apply with each new entry until ctx ends. While the store does not answer, it keeps asking.
func (f *follower) follow(ctx context.Context, apply func(entry)) {
	tick := time.NewTicker(followInterval)
	defer tick.Stop()
	checked := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		entries, _ := f.readNew(ctx) // an error is of the connection: the next tick asks again
		for _, e := range entries {
			apply(e)
		}
		if time.Since(checked) >= rewindInterval {
			f.checkRewind(ctx)
			checked = time.Now()
		}
	}
}

// newestOfEach returns the last entry of each key, in the order of these last ones.
func newestOfEach(entries []entry) []entry {
	last := map[string]uint64{}
	for _, e := range entries {
		last[e.key] = e.revision
	}
	var newest []entry
	for _, e := range entries {
		if last[e.key] == e.revision {
			newest = append(newest, e)
		}
	}
	return newest
}

// readValues returns the values that a bucket holds of a key, oldest first, deletions left out.
func readValues(ctx context.Context, stream jetstream.Stream, bucket, key string) ([]entry, error) {
	entries, err := newFollower(stream, bucket, key).readNew(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the history of %s from %s: %w", key, bucket, err)
	}
	var values []entry
	for _, e := range entries {
		if !e.deleted {
			values = append(values, e)
		}
	}
	return values, nil
}
