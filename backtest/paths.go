package backtest

import (
	"context"
	"fmt"

	"homeroom/engine"
	"homeroom/simulate"
)

// Paths are what learners did next, of the sides that ask what comes next.
type Paths struct {
	before *engine.PathLog // nil: the side does not ask
	after  *engine.PathLog
}

// AskNext reports whether a side asks what comes next.
func (o *Options) AskNext() bool { return o.Before.Ruleset.Paths || o.After.Ruleset.Paths }

// CountPaths counts what learners did next, for the sides that ask what comes next. Learners are decided one after another, so this has to be known before the
// first one is, and of all learners. If no side asks, nothing is read.
func CountPaths(ctx context.Context, source Source, opts Options) (*Paths, error) {
	paths := &Paths{}
	if !opts.AskNext() {
		return paths, nil
	}
	if opts.Before.Ruleset.Paths {
		paths.before = &engine.PathLog{}
	}
	if opts.After.Ruleset.Paths {
		paths.after = &engine.PathLog{}
	}
	opts.setWorkers()
	r := &run{opts: &opts, total: source.Events()}
	for range opts.Workers {
		w := newWorker(&opts)
		w.before.countInto(paths.before)
		w.after.countInto(paths.after)
		r.workers = append(r.workers, w)
	}
	for part := range source.Parts() {
		loaded, err := loadPart(ctx, source, part, opts.Until)
		if err != nil {
			return nil, fmt.Errorf("backtest: count what learners did next: %w", err)
		}
		if err := r.runPart(ctx, loaded, r.countLearner); err != nil {
			return nil, fmt.Errorf("backtest: count what learners did next: %w", err)
		}
	}
	for _, log := range []*engine.PathLog{paths.before, paths.after} {
		if log != nil {
			log.Sort()
		}
	}
	return paths, nil
}

// countInto has the side count the moves of learners; nil: it does not ask what comes next.
func (s *side) countInto(log *engine.PathLog) {
	if log != nil {
		s.counter = simulate.NewPathCounter(s.rules.Ruleset, log)
	}
}

// countLearner counts the moves of one learner. It reports no progress: the events are read once more.
func (r *run) countLearner(_ context.Context, w *worker, p *part, l *learner) (int, error) {
	for i := l.first; i >= 0; i = p.records[i].next {
		record := &p.records[i]
		for n, s := range w.sides() {
			if s.counter == nil {
				continue
			}
			if n == 0 || !w.readAlike || w.before.counter == nil {
				w.problem = simulate.DecodeRecorded(s.rules.Decoder, &w.decoded, record.body, record.arrival)
				w.decoded.Event.Seq = record.seq
			}
			if w.problem == nil {
				s.counter.Count(&w.decoded.Event, record.arrival)
			}
		}
	}
	for _, s := range w.sides() {
		if s.counter != nil {
			s.counter.Forget(l.name)
		}
	}
	return 0, nil
}
