package simulate

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"
	"time"

	"homeroom/catalog"
	"homeroom/engine"
)

// Horizon is how long after the last event the clock runs on, unless Options say otherwise.
const Horizon = 30 * 24 * time.Hour

// keptDeadLetters is how many dead letters are kept with their reasons.
const keptDeadLetters = 5

// Options say what to simulate.
type Options struct {
	Ruleset *engine.Ruleset
	Decoder Decoder
	// Learner, if set, is the only one to be simulated. OtherIDs are their other ids; see [FindIDs].
	Learner  string
	OtherIDs []string
	// Until is the last instant to be decided, inclusive; events that arrive later are left out. Zero: After the last
	// event. After defaults to Horizon.
	Until time.Time
	After time.Duration
	// AssumeReachable pretends that every learner has an address.
	AssumeReachable bool
	// SummaryOnly counts decisions without keeping them.
	SummaryOnly bool
	// Workers is how many goroutines decode and decide; 0 means one a core. The result does not depend on it.
	Workers int
	// Progress, if set, is called now and then from one goroutine with the number of events taken in so far (of Learner only, if it is
	// set), dead letters among them.
	Progress func(events int)
}

// Result is what a simulation found.
type Result struct {
	Document
	Until       time.Time    // the last instant decided; zero if there was no event
	DeadLetters []DeadLetter // the first few
}

// Run simulates the NDJSON events of r (see Decompress for gzipped ones). Events arrive in the file's order; an event's
// arrival is the latest time seen so far in the whole file, as in a stream that took them in when they happened.
// It returns an error if r cannot be read, ctx ends, or the engine misbehaves.
func Run(ctx context.Context, r io.Reader, opts Options) (*Result, error) {
	if opts.Workers <= 0 {
		opts.Workers = runtime.GOMAXPROCS(0)
	}
	if opts.After <= 0 {
		opts.After = Horizon
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	reading, stopReading := context.WithCancel(ctx)
	defer stopReading()

	// Reader → decoders → sequencer (this goroutine) → deciders. The channels' depths bound what is in memory.
	work := make(chan *chunk, opts.Workers)
	ordered := make(chan *chunk, 2*opts.Workers)
	spare := make(chan *chunk, 16*opts.Workers) // as many as can be under way
	var pipeline sync.WaitGroup
	pipeline.Go(func() {
		defer close(work)
		defer close(ordered)
		if err := readChunks(reading, r, opts.Workers, spare, work, ordered); err != nil && reading.Err() == nil {
			cancel(err)
		}
	})
	for range opts.Workers {
		pipeline.Go(func() {
			for c := range work {
				c.decode(opts.Decoder)
			}
		})
	}
	var counter *PathCounter
	paths := (*engine.PathLog)(nil)
	hostsCount := false
	if opts.Ruleset.Paths {
		paths = &engine.PathLog{}
		// One decider takes in all events in the order of the file, so its hosts have counted what came before whatever they ask about. Several run at different
		// paces, and one learner's events are few of those that count.
		hostsCount = opts.Workers == 1 && opts.Learner == ""
		if !hostsCount {
			counter = NewPathCounter(opts.Ruleset, paths)
		}
	}
	deciders := make([]*decider, opts.Workers)
	var deciding sync.WaitGroup
	for i := range deciders {
		deciders[i] = newDecider(&opts, i, spare)
		deciders[i].paths = paths
		deciders[i].hostsCount = hostsCount
		deciders[i].count = opts.Workers
		deciding.Go(func() {
			if err := deciders[i].decideAll(ctx); err != nil {
				cancel(err)
			}
		})
	}

	seq := &sequencer{opts: &opts, deciders: deciders, stopReading: stopReading, paths: counter}
	seq.dealOut(ctx, ordered)
	pipeline.Wait()
	deciding.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, fmt.Errorf("simulate: %w", err)
	}
	return seq.buildResult(), nil
}

// sequencer brings decoded chunks into file order, gives each event its arrival and sequence, and deals them out.
type sequencer struct {
	opts     *Options
	deciders []*decider
	clock    time.Time // the latest time seen
	seq      uint64
	events   int
	dead     int
	ignored  int
	letters  []DeadLetter
	until    time.Time
	paths    *PathCounter // nil: no rule asks what comes next, or the hosts count
	merges   Merges

	stopReading func()
}

// dealOut deals out events until there are no more or the context ends, then has the deciders finish.
func (s *sequencer) dealOut(ctx context.Context, ordered <-chan *chunk) {
	enough := false
	for c := range ordered {
		if enough || ctx.Err() != nil {
			continue // drained, so that the reader comes to its end
		}
		select {
		case <-c.decoded:
		case <-ctx.Done():
			continue
		}
		if enough = !s.sendToDeciders(ctx, c); enough {
			s.stopReading()
		}
		if s.opts.Progress != nil {
			s.opts.Progress(s.events + s.dead)
		}
	}
	s.until = s.opts.Until
	if s.until.IsZero() && !s.clock.IsZero() {
		s.until = s.clock.Add(s.opts.After)
	}
	for _, decider := range s.deciders {
		decider.until = s.until
		close(decider.in)
	}
}

// sendToDeciders sends a chunk's events to their deciders; false: the rest lies beyond Until, or ctx has ended.
func (s *sequencer) sendToDeciders(ctx context.Context, c *chunk) bool {
	for n := range c.shares {
		c.shares[n] = c.shares[n][:0]
	}
	more := true
	for i := range c.events {
		d := &c.events[i]
		s.fillInTime(d)
		if d.err != nil {
			s.addDeadLetter(d)
			continue
		}
		s.seq++
		if d.Event.Time.After(s.clock) {
			if !s.opts.Until.IsZero() && d.Event.Time.After(s.opts.Until) {
				more = false
				break
			}
			s.clock = d.Event.Time
		}
		somebody := d.Event.Learner != engine.NoLearner && d.Event.Learner != ""
		if somebody {
			s.mergeIDs(d)
		}
		if s.paths != nil && somebody {
			s.paths.Count(&d.Event, s.clock)
		}
		if s.opts.Learner != "" && somebody && d.Event.Learner != s.opts.Learner && !slices.Contains(s.opts.OtherIDs, d.Event.Learner) {
			continue
		}
		s.events++
		d.at = s.clock
		if !somebody { // it may concern many, and no decider changes it
			for n := range c.shares {
				c.shares[n] = append(c.shares[n], d)
			}
			continue
		}
		d.Event.Seq = s.seq
		n := deciderIndexOf(d.Event.Learner, len(s.deciders))
		c.shares[n] = append(c.shares[n], d)
		if d.merge == nil {
			continue
		}
		if other := deciderIndexOf(d.merge.previous, len(s.deciders)); other != n {
			c.shares[other] = append(c.shares[other], d)
		}
	}
	c.holders.Store(int32(len(s.deciders)))
	for _, decider := range s.deciders {
		select {
		case decider.in <- c:
		case <-ctx.Done():
			return false
		}
	}
	return more
}

// mergeIDs gives an event to the id under which its learner goes on, and notes which id the event merges into that one.
func (s *sequencer) mergeIDs(d *decoded) {
	d.Event.Learner = s.merges.IDOf(d.Event.Learner)
	if d.Event.Name != engine.EventAliased {
		return
	}
	if previous := s.merges.Claim(&d.Event); previous != "" {
		d.merge = &mergeTransfer{previous: previous, taken: make(chan *merged, 1)}
		if s.paths != nil {
			s.paths.mergeLearner(previous, d.Event.Learner)
		}
	}
}

// fillInTime gives an event that says no time that of the recording so far. The first event must say one.
func (s *sequencer) fillInTime(d *decoded) {
	if d.err != nil || !d.Event.Time.Equal(farFuture) {
		return
	}
	d.Event.Time = s.clock
	if s.clock.IsZero() {
		d.err = &catalog.DecodeError{Code: "bad_time", Message: "the first event says no time", Hint: `add "time" in RFC 3339`}
	}
}

// addDeadLetter counts a dead letter and keeps the first few. What a source ignores is none.
func (s *sequencer) addDeadLetter(d *decoded) {
	if d.err.IsIgnored() {
		s.ignored++
		return
	}
	s.dead++
	if len(s.letters) < keptDeadLetters {
		s.letters = append(s.letters, DeadLetter{Line: d.line, Err: d.err})
	}
}

func (s *sequencer) buildResult() *Result {
	parts := make([]*Collector, len(s.deciders))
	seen := map[string]int{}
	learners := 0
	for i, decider := range s.deciders {
		parts[i] = decider.found
		learners += len(decider.hosts)
		for name, n := range decider.seen {
			seen[name] += n
		}
	}
	doc := merge(parts)
	doc.Experiments = experimentsOf(parts, s.until)
	for _, n := range doc.Summary.Set {
		seen[engine.EventTraitSet] += n
	}
	doc.Unstarted = findUnstarted(s.opts.Ruleset, doc.Summary.Started, seen)
	doc.Summary.Events = s.events
	doc.Summary.Learners = learners
	doc.Summary.DeadLetters = s.dead
	doc.Summary.Ignored = s.ignored
	return &Result{Document: doc, Until: s.until, DeadLetters: s.letters}
}
