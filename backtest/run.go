package backtest

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"homeroom/backtest/segments"
	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/simulate"
)

// Source is recorded events in parts. All events of a learner are in one part, in the order in which they arrived.
type Source interface {
	Parts() int
	// ReadPart calls each with every event of a part; what it gets must stay valid.
	ReadPart(ctx context.Context, part int, each func(*segments.Record) error) error
	// Events is how many events there are, about.
	Events() int64
	// Span returns the first and the last arrival of all parts; zero: there is no event.
	Span() (first, last time.Time)
}

// Rules are one side: a compiled ruleset with what belongs to it.
type Rules struct {
	Ruleset *engine.Ruleset
	// Decoder reads events. If both sides have the same one, each event is decoded once.
	Decoder simulate.Decoder
	// Render, if set, composes a message; an error is what is wrong with it. It is called for a few messages of each shape.
	Render func(engine.Send, engine.Profile) error
}

// Options say what to compare.
type Options struct {
	Before Rules // in force
	After  Rules // the draft
	// Since is the first instant whose messages are compared. What happened earlier is run through the rules too, so that caps and
	// conditions remember it. Zero: the first event.
	Since time.Time
	// Until is the last instant to be decided, inclusive; events that arrive later are left out. Zero: After the last event.
	Until    time.Time
	RunOn    time.Duration
	Workers  int // goroutines; 0: one a core. The result does not depend on it
	Progress func(done, total int64)
	// AssumeReachable pretends that every learner has an address: recordings seldom carry one.
	AssumeReachable bool
	// Paths, if set, are what learners did next, counted before over all events.
	Paths *Paths
}

// ErrNoEvents says that there is nothing to run.
var ErrNoEvents = errors.New("there is no event in this range")

// Run compares two rulesets over recorded events. Progress hears how many events are done, from one goroutine at a time; it may be nil. The error is
// ErrNoEvents, that of the source, or that of ctx.
func Run(ctx context.Context, source Source, opts Options) (*Result, error) {
	first, last := source.Span()
	if err := opts.FitTo(first, last); err != nil {
		return nil, err
	}
	counted, err := RunPartial(ctx, source, opts)
	if err != nil {
		return nil, err
	}
	heading := NewHeading(&opts)
	return heading.Result(counted), nil
}

// FitTo sets the range that is compared, for events of which the first and the last arrived then. Without any in the range the error is ErrNoEvents.
func (o *Options) FitTo(first, last time.Time) error {
	if first.IsZero() || !o.Until.IsZero() && first.After(o.Until) {
		return ErrNoEvents
	}
	if o.Until.IsZero() {
		o.Until = last.Add(o.RunOn)
	}
	if o.Since.Before(first) {
		o.Since = first
	}
	if o.Since.After(o.Until) {
		return ErrNoEvents
	}
	return nil
}

func (o *Options) setWorkers() {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
}

// run is a backtest under way.
type run struct {
	opts    *Options
	workers []*worker
	total   int64

	mu   sync.Mutex
	done int64
}

// part is one part of a source, in memory.
type part struct {
	records  []record
	learners []learner // by first event
	byName   map[string]int32
}

// record is one event of a part. Those of a learner are chained.
type record struct {
	body    []byte
	arrival time.Time
	seq     uint64
	next    int32 // index; -1: there is none
}

// learner is the chain of a learner's events.
type learner struct {
	name  string
	first int32
	last  int32
}

func loadPart(ctx context.Context, source Source, index int, until time.Time) (*part, error) {
	p := &part{byName: map[string]int32{}}
	err := source.ReadPart(ctx, index, func(r *segments.Record) error {
		if len(r.Body) == 0 || r.Arrival.After(until) {
			return nil
		}
		at := int32(len(p.records))
		p.records = append(p.records, record{body: r.Body, arrival: r.Arrival, seq: r.Seq, next: -1})
		n, known := p.byName[string(r.Learner)]
		if !known {
			n = int32(len(p.learners))
			name := string(r.Learner)
			p.byName[name] = n
			p.learners = append(p.learners, learner{name: name, first: at, last: at})
			return nil
		}
		p.records[p.learners[n].last].next = at
		p.learners[n].last = at
		return nil
	})
	return p, err
}

// batchSize is how many learners a worker takes at a time.
const batchSize = 32

// runLearner runs one learner through both sides.
func (r *run) runLearner(ctx context.Context, w *worker, p *part, l *learner) (int, error) {
	return w.runLearner(ctx, p, l)
}

// runPart has something done with the learners of a part on all workers. do returns how many events it was done with.
func (r *run) runPart(ctx context.Context, p *part, do func(context.Context, *worker, *part, *learner) (int, error)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var working sync.WaitGroup
	for _, w := range r.workers {
		working.Go(func() {
			for {
				from := int(next.Add(batchSize)) - batchSize
				if from >= len(p.learners) || ctx.Err() != nil {
					return
				}
				events := 0
				for i := from; i < min(from+batchSize, len(p.learners)); i++ {
					n, err := do(ctx, w, p, &p.learners[i])
					if err != nil {
						cancel(err)
						return
					}
					events += n
				}
				r.reportDone(events)
			}
		})
	}
	working.Wait()
	return context.Cause(ctx)
}

func (r *run) reportDone(events int) {
	if r.opts.Progress == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done += int64(events)
	r.opts.Progress(r.done, r.total)
}

// checkedEvery is how many events of one learner pass between two looks at the context.
const checkedEvery = 4096

// runLearner runs one learner's events through both sides, compares and counts. It returns how many events there were.
func (w *worker) runLearner(ctx context.Context, p *part, l *learner) (int, error) {
	w.beginLearner(l.name)
	events := 0
	for i := l.first; i >= 0; i = p.records[i].next {
		if events++; events%checkedEvery == 0 && ctx.Err() != nil {
			return events, ctx.Err()
		}
		if err := w.applyRecord(&p.records[i]); err != nil {
			return events, err
		}
	}
	for _, s := range w.sides() {
		if err := s.host.Finish(w.opts.Until); err != nil {
			return events, err
		}
	}
	w.compareSides()
	return events, nil
}

// applyRecord decodes an event, once if both sides read alike, and lets both hosts take it in.
func (w *worker) applyRecord(r *record) error {
	w.noteActivity(r.arrival)
	for i, s := range w.sides() {
		if i == 0 || !w.readAlike {
			w.problem = simulate.DecodeRecorded(s.rules.Decoder, &w.decoded, r.body, r.arrival)
			w.decoded.Event.Seq = r.seq
		}
		if w.problem != nil {
			s.countUnreadable(w.problem)
			continue
		}
		if i == 0 && engine.PreviousOf(&w.decoded.Event) != "" {
			w.counts.Aliased++
		}
		if w.decoded.Event.SetByRule() { // each side's rules set it themselves
			continue
		}
		if err := s.host.ApplyEvent(&w.decoded, r.arrival); err != nil {
			return err
		}
	}
	return nil
}

// EitherDecoder reads what one of two decoders can read, the second one first; errors are of that one.
type EitherDecoder struct{ Before, After simulate.Decoder }

// DecodeInto implements [simulate.Decoder].
func (e EitherDecoder) DecodeInto(d *catalog.Decoded, learner, event string, body []byte, received time.Time) *catalog.DecodeError {
	err := e.After.DecodeInto(d, learner, event, body, received)
	if err != nil && e.Before != e.After {
		if e.Before.DecodeInto(d, learner, event, body, received) == nil {
			return nil
		}
		*d = catalog.Decoded{}
	}
	return err
}
