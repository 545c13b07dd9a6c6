package backtest

import (
	"context"

	"homeroom/engine"
	"homeroom/simulate"
)

// countPaths counts what learners did next, for the sides that ask what comes next. Learners are decided one after another, so this has to be known before the
// first one is.
func (r *run) countPaths(ctx context.Context, source Source) error {
	counts := false
	for _, w := range r.workers {
		for i, s := range w.sides() {
			if !s.rules.Ruleset.Paths {
				continue
			}
			counts = true
			if r.paths[i] == nil {
				r.paths[i] = &engine.PathLog{}
			}
			s.paths = r.paths[i]
			s.counter = simulate.NewPathCounter(s.rules.Ruleset, s.paths)
		}
	}
	if !counts {
		return nil
	}
	for part := range source.Parts() {
		loaded, err := loadPart(ctx, source, part, r.opts.Until)
		if err != nil {
			return err
		}
		if err := r.runPart(ctx, loaded, r.countLearner); err != nil {
			return err
		}
	}
	for _, paths := range r.paths {
		if paths != nil {
			paths.Sort()
		}
	}
	return nil
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
