package admin

import (
	"context"
	"errors"
	"time"

	"homeroom/backtest/segments"
	"homeroom/subjects"
)

// eventsSpan is what is known of all recorded events without reading them.
type eventsSpan struct {
	first time.Time // the earliest of the first events of the partitions; zero: there is none
	last  time.Time // the latest of the newest events
	seq   uint64    // the last that is stored
	count int64     // messages
}

// newestWanted is how many of the newest events are looked at for the latest time: those of different learners come a little out of order.
const newestWanted = 200

// newestLooks are how many of the newest messages are looked at, step by step, until newestWanted events are among them: many in a row may be no events.
var newestLooks = [...]uint64{newestWanted, 1000, 5000, 10_000}

// errEnoughRead ends a reading that has found what it was for.
var errEnoughRead = errors.New("enough was read")

// readSpan finds out from when to when there are events. Only the first of each partition and the newest ones are read.
func (i *Installation) readSpan(ctx context.Context) (eventsSpan, error) {
	recorded, err := i.newRecordedEvents(ctx, i.newReader(time.Time{}, nil))
	if err != nil {
		return eventsSpan{}, err
	}
	stream := &eventStream{recorded: recorded}
	state, err := stream.recorded.reader.StreamState(ctx, subjects.Stream)
	if err != nil {
		return eventsSpan{}, err
	}
	span := eventsSpan{
		seq:   state.Last,
		count: int64(state.Messages),
	}
	if err := span.readFirst(ctx, stream); err != nil {
		return span, err
	}
	return span, span.readNewest(ctx, stream)
}

// readFirst reads the first event of each partition. The very first event that was stored may be a later one: a platform tries one out, and then publishes what it has of past years.
func (s *eventsSpan) readFirst(ctx context.Context, stream *eventStream) error {
	for n := range subjects.Partitions {
		err := stream.Read(ctx, n, 0, func(m *segments.Stored) error {
			if m.Time.IsZero() {
				return nil
			}
			if s.first.IsZero() || m.Time.Before(s.first) {
				s.first = m.Time
			}
			s.noteLast(m.Time)
			return errEnoughRead
		})
		if err != nil && !errors.Is(err, errEnoughRead) {
			return err
		}
	}
	return nil
}

// readNewest reads backwards until it has seen enough events.
func (s *eventsSpan) readNewest(ctx context.Context, stream *eventStream) error {
	seen := 0
	end := s.seq + 1 // what is stored from here on was looked at, or came later
	for _, look := range newestLooks {
		from := s.seq + 1 - min(s.seq, look)
		err := stream.readSubject(ctx, subjects.AllPublished, from, func(m *segments.Stored) error {
			if m.Seq >= end {
				return errEnoughRead
			}
			if !m.Time.IsZero() {
				seen++
				s.noteLast(m.Time)
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnoughRead) {
			return err
		}
		if seen >= newestWanted || from <= 1 {
			break
		}
		end = from
	}
	return nil
}

func (s *eventsSpan) noteLast(at time.Time) {
	if at.After(s.last) {
		s.last = at
	}
}
