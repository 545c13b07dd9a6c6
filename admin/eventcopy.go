package admin

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"homeroom/backtest"
	"homeroom/backtest/segments"
	"homeroom/rules"
	"homeroom/store"
	"homeroom/subjects"
)

// EventCopy is a folder that keeps a copy of the recorded events for backtests, so that only new ones are read from NATS. It holds no address and no
// name under the traits that Homeroom knows. It is safe for concurrent use; one process has it at a time.
type EventCopy struct {
	turn chan struct{} // holds one while somebody uses the copy
	kept *segments.EventCopy
}

// lock waits for the copy until ctx ends.
func (c *EventCopy) lock(ctx context.Context) error {
	select {
	case c.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *EventCopy) unlock() { <-c.turn }

// OpenEventCopy opens a folder, or makes it. It must be closed.
func OpenEventCopy(dir string) (*EventCopy, error) {
	kept, err := segments.OpenEventCopy(dir, subjects.Partitions)
	if err != nil {
		return nil, err
	}
	return &EventCopy{turn: make(chan struct{}, 1), kept: kept}, nil
}

// Close closes the files.
func (c *EventCopy) Close() error {
	c.turn <- struct{}{}
	defer c.unlock()
	return c.kept.Close()
}

// RefreshEventCopy makes a copy hold what the stream of events holds: what is new is taken in, what expired is dropped, and after an erasure a
// partition is read anew. Progress hears after each partition; it may be nil.
func (i *Installation) RefreshEventCopy(ctx context.Context, c *EventCopy, progress func(done, total int64)) error {
	if err := c.lock(ctx); err != nil {
		return err
	}
	defer c.unlock()
	return i.refreshEventCopy(ctx, c, progress)
}

func (i *Installation) refreshEventCopy(ctx context.Context, c *EventCopy, progress func(done, total int64)) error {
	recorded, err := i.newRecordedEvents(ctx, i.newReader(time.Time{}, nil))
	if err != nil {
		return err
	}
	return c.kept.Refresh(ctx, &eventStream{recorded: recorded}, progress)
}

// KeepEventCopy refreshes a copy at once and then every so often until ctx ends, so that it does not outlive an erasure for long. failed hears errors.
func (i *Installation) KeepEventCopy(ctx context.Context, c *EventCopy, every time.Duration, failed func(error)) {
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	for {
		if err := i.RefreshEventCopy(ctx, c, nil); err != nil && ctx.Err() == nil {
			failed(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
	}
}

// backtestEventCopy runs a backtest over a copy. One that turns out to be damaged is made anew, once.
func (i *Installation) backtestEventCopy(ctx context.Context, inForce, draft *rules.Academy, opts BacktestOptions) (Backtest, error) {
	c := opts.EventCopy
	if err := c.lock(ctx); err != nil {
		return Backtest{}, err
	}
	defer c.unlock()
	answer, err := i.backtestKept(ctx, inForce, draft, opts)
	if errors.Is(err, segments.ErrDamaged) {
		if err = c.kept.Clear(); err == nil {
			answer, err = i.backtestKept(ctx, inForce, draft, opts)
		}
	}
	return answer, err
}

func (i *Installation) backtestKept(ctx context.Context, inForce, draft *rules.Academy, opts BacktestOptions) (Backtest, error) {
	progress := func(done, total int64) {
		if opts.Progress != nil {
			opts.Progress(BacktestReading, done, total)
		}
	}
	if err := i.refreshEventCopy(ctx, opts.EventCopy, progress); err != nil {
		return Backtest{}, err
	}
	return runBacktest(ctx, opts.EventCopy.kept, newSides(inForce, draft), i.endNow(opts.EventCopy.kept, opts))
}

// eventStream is the stream of events as a copy reads it.
type eventStream struct{ recorded *recordedEvents }

var _ segments.Stream = (*eventStream)(nil)

// Bounds implements [segments.Stream].
func (s *eventStream) Bounds(ctx context.Context) (created time.Time, first uint64, err error) {
	return s.recorded.reader.StreamBounds(ctx, subjects.Stream)
}

// Count implements [segments.Stream].
func (s *eventStream) Count(ctx context.Context, partition int, from uint64) (uint64, error) {
	reader := s.recorded.reader
	reader.From = from
	return reader.CountStored(ctx, subjects.Stream, []string{subjects.Partition(partition)})
}

// Read implements [segments.Stream].
func (s *eventStream) Read(ctx context.Context, partition int, from uint64, each func(*segments.Stored) error) error {
	return s.readSubject(ctx, subjects.Partition(partition), from, each)
}

// readSubject reads the messages of a subject from a sequence on.
func (s *eventStream) readSubject(ctx context.Context, subject string, from uint64, each func(*segments.Stored) error) error {
	reader := s.recorded.reader
	reader.From = from
	return reader.Read(ctx, subjects.Stream, []string{subject}, func(m store.Message) error {
		stored := segments.Stored{Seq: m.Sequence, StoredAt: m.StoredAt}
		if d := s.recorded.decodeStored(m); d != nil && d.Event.Learner != subjects.NoLearner {
			d.Traits = withoutPersonal(d.Traits)
			body, err := s.recorded.known.Encode(*d)
			if err != nil {
				return fmt.Errorf("event %d of the stream: %w", m.Sequence, err)
			}
			stored.Learner = d.Event.Learner
			stored.Time = d.Event.Time
			stored.Body = body
		}
		return each(&stored)
	})
}

// personalTraits are the traits that say who a learner is. A backtest needs none of them: everybody counts as somebody with an address.
var personalTraits = [...]string{"email", "first_name", "last_name", "name", "phone"}

// withoutPersonal returns traits without those that say who a learner is.
func withoutPersonal(traits map[string]any) map[string]any {
	rest := maps.Clone(traits)
	for _, name := range personalTraits {
		delete(rest, name)
	}
	return rest
}

var _ backtest.Source = (*segments.EventCopy)(nil)
