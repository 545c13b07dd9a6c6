package triggers

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/internal/clock"
	"homeroom/profile"
	"homeroom/subjects"
)

// Starter hands events over to a learner's workflow, creating it if need be.
type Starter interface {
	// HandOver returns nil once the batch is accepted for good. It is asked again after any other error, except after
	// one that wraps [ErrRefused].
	HandOver(ctx context.Context, b Batch) error
}

// Broadcasts starts the broadcast of an event without a learner.
type Broadcasts interface {
	// StartBroadcast returns nil once the broadcast has been started, now or before. It is asked again after any error.
	StartBroadcast(ctx context.Context, ev engine.Event) error
}

// Staff starts what tells staff of an event without a learner.
type Staff interface {
	// StartStaff returns nil once that has been started, now or before. It is asked again after any error.
	StartStaff(ctx context.Context, ev engine.Event) error
}

// ErrRefused says that a batch will never be accepted: its events become dead letters. Being unavailable, overloaded
// or short of a resource is never this.
var ErrRefused = errors.New("refused for good")

// Batch is what one learner is handed at once: events in stream order, stripped of personal data and of every property
// that no rule and no message names. It is at most about 256 KB of JSON.
type Batch struct {
	Learner   string
	Partition int
	Events    []engine.Event
	// Watermark is an instant, in Homeroom's time, up to which all of this learner's events have been handed over once
	// this batch is accepted.
	Watermark time.Time
}

// Standings keeps what is known of learners; see store.Standings.
type Standings interface {
	// TryUpdate is Update where the standing is in memory and need not be written; false: it is not known whether that is so,
	// and Update has to be called, with a change that includes this one.
	TryUpdate(learner string, apply func(st *engine.Standing, owed []uint64) (write bool, owe []uint64)) bool
	Update(ctx context.Context, learner string, apply func(st *engine.Standing, owed []uint64) (write bool, owe []uint64)) error
}

// Profiles keeps learners as persons; see store.Profiles.
type Profiles interface {
	// MergeAll takes in traits and when each were published, one after the other; the notes say which it could not take.
	// They may be asked for several times.
	MergeAll(ctx context.Context, learner string, updates iter.Seq2[map[string]any, time.Time]) (notes []string, err error)
	// ApplyFeedback takes in that the learner left, or that their address must not be written to. Told again, or after what the
	// learner said later, it changes nothing.
	ApplyFeedback(ctx context.Context, learner string, f profile.Feedback, at time.Time) error
}

// Paths counts what learners did next; see store.Paths.
type Paths interface {
	// Count has moves counted, each once however often it is called with them. floor is the stream sequence up to which the partition's events are
	// acknowledged. After an error it is called again.
	Count(ctx context.Context, partition int, floor uint64, moves []engine.Move) error
}

// Watermarks records how far a partition has been handed over. An older one than is known changes nothing.
type Watermarks interface {
	PublishWatermark(ctx context.Context, partition int, at time.Time) error
	// Watermark is the newest one of any process, as last heard of, in Homeroom's time; zero: none is known.
	Watermark(partition int) time.Time
}

// Rewinds records that the stream went back in time, for the operator; see store.Control.
type Rewinds interface {
	// NoteRewind records that the partition's sequence `to` was given out again after `from`, which was stored at fromAt; at is when the message under `to`
	// was stored. It reports whether nobody had recorded this rewind before.
	NoteRewind(ctx context.Context, partition int, from, to uint64, fromAt, at time.Time) (isNew bool, err error)
}

// Options are what triggers need. Those without a default are required.
type Options struct {
	JS         jetstream.JetStream
	Clock      clock.Clock
	Catalog    func() *catalog.Catalog // the one that belongs to the ruleset
	Ruleset    func() *engine.Ruleset  // the present interest; nil: not known yet, everything waits
	Starter    Starter
	Standings  Standings
	Profiles   Profiles
	Watermarks Watermarks
	Paths      Paths        // nil: what learners did next is not counted
	Rewinds    Rewinds      // nil: a rewind is logged and counted only
	SetAsides  SetAsides    // nil: no learner is set aside
	Merges     Merges       // nil: no learner takes over another id
	Broadcasts Broadcasts   // nil: events without a learner reach no learner
	Staff      Staff        // nil: events without a learner reach no staff
	Log        *slog.Logger // default: none

	Partitions []int // default: all
	// Fetch is how many messages are asked for at once (default 500); Unacked how many of a partition may be unfinished
	// (default 4096): a learner who cannot be handed over can hold that many before the partition waits for them.
	Fetch, Unacked int
	// Concurrency is how many hand-overs may be under way at a time, over all partitions. Default 32.
	Concurrency int
	// Linger is how long, in real time, the sorter waits so that more events can join the first one. Default 2ms; negative: none.
	Linger time.Duration
	// Pace is the least time between two hand-overs to one learner, in Homeroom's time: what arrives meanwhile is handed over together. Default 200ms, which is five
	// signals a second; negative: none.
	Pace time.Duration
	// AckWait is after how long, in real time, the server sends again what was not acknowledged; a replica that takes over
	// after a crash waits that long. Default 15s. PinTTL is after how long without a request a replica counts as gone;
	// requests are renewed every second. Default 5s.
	AckWait, PinTTL time.Duration
	// WatermarkEvery is how often watermarks are published (default 1s), WatermarkMargin how far they stay back (default 250ms); both
	// in real time. See watermark.go.
	WatermarkEvery, WatermarkMargin time.Duration
	// RetryMin and RetryMax bound the wait between two tries. Default 100ms and 5s.
	RetryMin, RetryMax time.Duration
	// RepeatWindow is how long, in real time, the dead-letter stream recognizes a repeat by its message id. Default 2m, as store.Setup makes it.
	RepeatWindow time.Duration
	// SetAsideAfter is for how long, in real time, a learner's events cannot be handed over before the learner is set aside. Default 2m.
	SetAsideAfter time.Duration
	// SetAsideRetryMin and SetAsideRetryMax bound the wait, in real time, before a learner who is set aside is tried again. Default 1m and 1h.
	SetAsideRetryMin, SetAsideRetryMax time.Duration
	// HandOverTimeout bounds one try. Default 15s.
	HandOverTimeout time.Duration
	// Grace is how long shutdown waits for what is in flight. Default 10s.
	Grace time.Duration
}

func (o *Options) setDefaults() error {
	for name, missing := range map[string]bool{
		"JS": o.JS == nil, "Catalog": o.Catalog == nil, "Ruleset": o.Ruleset == nil, "Starter": o.Starter == nil,
		"Standings": o.Standings == nil, "Profiles": o.Profiles == nil, "Watermarks": o.Watermarks == nil,
	} {
		if missing {
			return fmt.Errorf("triggers: Options.%s is missing", name)
		}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Partitions == nil {
		for p := range subjects.Partitions {
			o.Partitions = append(o.Partitions, p)
		}
	}
	for _, d := range []struct {
		value    *int
		standard int
	}{{&o.Fetch, 500}, {&o.Unacked, 4096}, {&o.Concurrency, 32}} {
		if *d.value <= 0 {
			*d.value = d.standard
		}
	}
	for _, d := range []struct {
		value    *time.Duration
		standard time.Duration
	}{
		{&o.Linger, 2 * time.Millisecond}, {&o.Pace, 200 * time.Millisecond}, {&o.AckWait, 15 * time.Second}, {&o.PinTTL, 5 * time.Second},
		{&o.WatermarkEvery, time.Second}, {&o.WatermarkMargin, 250 * time.Millisecond},
		{&o.RetryMin, 100 * time.Millisecond}, {&o.RetryMax, 5 * time.Second},
		{&o.SetAsideAfter, 2 * time.Minute}, {&o.SetAsideRetryMin, time.Minute}, {&o.SetAsideRetryMax, time.Hour},
		{&o.RepeatWindow, 2 * time.Minute}, {&o.HandOverTimeout, 15 * time.Second}, {&o.Grace, 10 * time.Second},
	} {
		if *d.value == 0 {
			*d.value = d.standard
		}
	}
	return nil
}

// Triggers is the service. See [New] and [Triggers.Run].
type Triggers struct {
	o       Options
	count   counters
	noting  chan struct{} // bounds decoding and store requests
	handing chan struct{} // bounds hand-overs
	merging chan struct{} // bounds merges of two ids, each of which has a place in noting too

	failing atomic.Int64 // lanes whose present step has failed

	mu        sync.Mutex
	parts     []*partition         // that are served
	succeeded map[string]time.Time // when each step worked last, for whomever
}

// New returns triggers that are not running yet.
func New(o Options) (*Triggers, error) {
	if err := o.setDefaults(); err != nil {
		return nil, err
	}
	return &Triggers{
		o:       o,
		noting:  make(chan struct{}, 64),
		handing: make(chan struct{}, o.Concurrency),
		merging: make(chan struct{}, maxMerging),
	}, nil
}

// Run works until ctx ends, then finishes what is in flight within Options.Grace, and returns nil. It returns an error if
// it cannot begin. What fails later is tried again until it works.
func (t *Triggers) Run(ctx context.Context) error {
	var parts []*partition
	for _, p := range t.o.Partitions {
		part := newPartition(t, p)
		if err := part.bindConsumer(ctx); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		parts = append(parts, part)
	}
	t.setPartitions(parts)
	defer t.setPartitions(nil)
	var wg sync.WaitGroup
	for _, part := range parts {
		wg.Go(func() { part.runPartition(ctx) })
	}
	wg.Wait()
	flush, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := t.o.JS.Conn().FlushWithContext(flush); err != nil {
		t.o.Log.Warn("the last acknowledgements may not have reached NATS; these events come again", "error", err)
	}
	return nil
}
