package simulate

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"sync"
	"time"

	"homeroom/catalog"
	"homeroom/engine"
)

// Scanned is one event of a recording, as it is written there. It is valid during the call that gets it.
type Scanned struct {
	Learner string
	Body    []byte    // the line without the space around it
	Arrival time.Time // when a stream would have taken it in: the latest time seen so far
	Seq     uint64    // counts the events of the recording from 1
}

// ScanOptions say how to read a recording.
type ScanOptions struct {
	Decoder Decoder
	Workers int // goroutines that decode; 0: one a core
	// Progress, if set, is called now and then from one goroutine with the number of events read so far.
	Progress func(events int)
}

// ScanResult counts what a recording holds.
type ScanResult struct {
	Events      int // with those that concern no learner
	Unreadable  int
	Ignored     int          // known to a source and not wanted
	DeadLetters []DeadLetter // the first few of those that cannot be read
}

// Scan calls each with every event of a learner in the NDJSON of r, in the order of the lines (see Decompress for gzipped ones). What r
// holds is checked as Run checks it. It ends with the first error of each.
func Scan(ctx context.Context, r io.Reader, opts ScanOptions, each func(*Scanned) error) (ScanResult, error) {
	workers := opts.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := make(chan *chunk, workers)
	ordered := make(chan *chunk, 2*workers)
	spare := make(chan *chunk, 4*workers)
	var pipeline sync.WaitGroup
	pipeline.Go(func() {
		defer close(work)
		defer close(ordered)
		if err := readChunks(ctx, r, 0, spare, work, ordered); err != nil && ctx.Err() == nil {
			cancel(err)
		}
	})
	for range workers {
		pipeline.Go(func() {
			for c := range work {
				c.decode(opts.Decoder)
			}
		})
	}
	seq := &sequencer{opts: &Options{}}
	var learnerEvents uint64
	for c := range ordered {
		if ctx.Err() != nil {
			continue // drained, so that the reader comes to its end
		}
		select {
		case <-c.decoded:
		case <-ctx.Done():
			continue
		}
		for i := range c.events {
			d := &c.events[i]
			if !seq.placeInTime(d) || d.Event.Learner == engine.NoLearner || d.Event.Learner == "" {
				continue
			}
			learnerEvents++
			if err := each(&Scanned{Learner: d.Event.Learner, Body: d.body, Arrival: d.at, Seq: learnerEvents}); err != nil {
				cancel(err)
				break
			}
		}
		if opts.Progress != nil {
			opts.Progress(seq.events + seq.dead)
		}
		select {
		case spare <- c:
		default:
		}
	}
	pipeline.Wait()
	result := ScanResult{Events: seq.events, Unreadable: seq.dead, Ignored: seq.ignored, DeadLetters: seq.letters}
	if err := context.Cause(ctx); err != nil {
		return result, fmt.Errorf("read events: %w", err)
	}
	return result, nil
}

// placeInTime gives a decoded event its arrival; false means that it cannot be read.
func (s *sequencer) placeInTime(d *decoded) bool {
	s.fillInTime(d)
	if d.err != nil {
		s.addDeadLetter(d)
		return false
	}
	if d.Event.Time.After(s.clock) {
		s.clock = d.Event.Time
	}
	s.events++
	d.at = s.clock
	return true
}

// DecodeRecorded reads a line that was scanned, over what d held before; arrival is the time of an event that says none.
func DecodeRecorded(dec Decoder, d *catalog.Decoded, body []byte, arrival time.Time) *catalog.DecodeError {
	if err := dec.DecodeInto(d, "", "", body, farFuture); err != nil {
		return err
	}
	if d.Event.Time.Equal(farFuture) {
		d.Event.Time = arrival
	}
	return nil
}
