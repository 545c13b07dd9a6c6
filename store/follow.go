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

const (
	// followInterval is how often a bucket is asked for what is new: what one process writes is known to all this much later.
	followInterval = 100 * time.Millisecond
	// rulesetsInterval is the same of the bucket of rulesets. It is longer because what is published changes a few times a week, and every process asks.
	rulesetsInterval = 500 * time.Millisecond
	// rewindInterval is how often a follower asks whether the bucket's sequences went back, as they do when it was made anew or
	// an older copy of NATS's files was put back.
	rewindInterval = 5 * time.Second
	// newestReaders is how many keys are read at once when a process begins to follow.
	newestReaders = 16
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
	prefix string        // of the subjects, before the key
	keys   string        // which keys are read, possibly with wildcards; ">" means all
	next   uint64        // the lowest sequence that was not read yet
	made   time.Time     // when the stream was created
	every  time.Duration // how often follow asks
}

// newFollower returns a follower that begins with the oldest entry there is.
func newFollower(stream jetstream.Stream, bucket, keys string) *follower {
	return &follower{
		stream: stream,
		prefix: subjectOfKey(bucket, ""),
		keys:   keys,
		next:   1,
		made:   stream.CachedInfo().Created,
		every:  followInterval,
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

// readNewest returns the newest entry of each key, in the order in which they were stored; what was stored later comes with
// readNew.
func (f *follower) readNewest(ctx context.Context) ([]entry, error) {
	var found []entry
	info, err := f.eachNewest(ctx, func(e entry) { found = append(found, e) })
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b entry) int { return cmp.Compare(a.revision, b.revision) })
	f.next = info.State.LastSeq + 1
	f.made = info.Created
	return found, nil
}

// eachNewest calls take with the newest entry of each key, in no order and one at a time. It reads several keys at once: a bucket may have very many, and each is a
// question. It returns what the stream said of itself before.
func (f *follower) eachNewest(ctx context.Context, take func(entry)) (*jetstream.StreamInfo, error) {
	info, err := f.stream.Info(ctx, jetstream.WithSubjectFilter(f.prefix+f.keys))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	names := make(chan string)
	var failed error
	var mu sync.Mutex
	var readers sync.WaitGroup
	for range newestReaders {
		readers.Go(func() {
			for name := range names {
				e, err := f.readLast(ctx, name)
				mu.Lock()
				switch {
				case err == nil:
					take(e)
				case !errors.Is(err, jetstream.ErrMsgNotFound): // it was erased since
					if failed == nil {
						failed = err
					}
					cancel()
				}
				mu.Unlock()
			}
		})
	}
	for name := range info.State.Subjects {
		names <- name
	}
	close(names)
	readers.Wait()
	return info, failed
}

func (f *follower) readLast(ctx context.Context, subject string) (entry, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	msg, err := f.stream.GetLastMsgForSubject(ctx, subject)
	if err != nil {
		return entry{}, err
	}
	return f.entryOf(msg), nil
}

func (f *follower) readNext(ctx context.Context) (entry, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	msg, err := f.stream.GetMsg(ctx, f.next, jetstream.WithGetMsgSubject(f.prefix+f.keys))
	if err != nil {
		return entry{}, err
	}
	f.next = msg.Sequence + 1
	return f.entryOf(msg), nil
}

func (f *follower) entryOf(msg *jetstream.RawStreamMsg) entry {
	return entry{
		key:      msg.Subject[len(f.prefix):],
		value:    msg.Data,
		revision: msg.Sequence,
		created:  msg.Time,
		deleted:  msg.Header.Get("KV-Operation") != "" || msg.Header.Get("Nats-Marker-Reason") != "",
	}
}

// isRewound reports whether the bucket was created anew, or its last sequence is lower than what was read.
func (f *follower) isRewound(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	info, err := f.stream.Info(ctx)
	return err == nil && (info.State.LastSeq+1 < f.next || !info.Created.Equal(f.made))
}

// isNear reports whether at most so many entries are new, of the bucket that was read before and that did not go back.
func (f *follower) isNear(ctx context.Context, most uint64) bool {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	info, err := f.stream.Info(ctx)
	return err == nil && info.Created.Equal(f.made) && info.State.LastSeq+1 >= f.next && info.State.LastSeq+1 <= f.next+most
}

// follow calls apply with each new entry until ctx ends. While the store does not answer, it keeps asking. After an error, a
// rewind and a reconnection it begins with the newest entry of each key: NATS may have been started on older files, and sequences
// that were read may have been given out again. reconnects counts the reconnections of this process.
func (f *follower) follow(ctx context.Context, reconnects func() uint64, apply func(entry)) {
	tick := time.NewTicker(f.every)
	defer tick.Stop()
	checked := time.Now()
	known := reconnects()
	stale := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		read := f.readNew
		before := reconnects()
		if stale || before != known {
			read = f.readNewest
		}
		entries, err := read(ctx)
		for _, e := range entries {
			apply(e)
		}
		known = before
		stale = err != nil
		if err == nil && time.Since(checked) >= rewindInterval {
			stale = f.isRewound(ctx)
			checked = time.Now()
		}
	}
}

// EachKey yields the keys of a bucket, in the order of their last writes, until yield returns an error; then it returns that error. It
// makes no consumer, so that a role may ask. A key that is written meanwhile may be yielded twice.
func EachKey(ctx context.Context, js jetstream.JetStream, bucket string, yield func(key string) error) error {
	stream, err := js.Stream(ctx, "KV_"+bucket)
	if err != nil {
		return fmt.Errorf("read the keys of %s: %w", bucket, err)
	}
	follower := newFollower(stream, bucket, ">")
	for {
		e, err := follower.readNext(ctx)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the keys of %s: %w", bucket, err)
		}
		if e.deleted {
			continue
		}
		if err := yield(e.key); err != nil {
			return err
		}
	}
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
