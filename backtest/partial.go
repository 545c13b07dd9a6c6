package backtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// Partial is what is counted over some of the learners. Partials of disjoint learners can be merged in any order, and encoded as JSON in between; how large one
// becomes depends on the rules and the range, and hardly on the number of learners. [Heading.Result] makes a Result of all of them.
type Partial struct {
	Events   int64 `json:"events"`
	Learners int   `json:"learners"`
	Affected int   `json:"affected"`          // learners of whom a message changes
	Aliased  int   `json:"aliased,omitempty"` // as in a Result
	// Rules are the messages that are compared, by rule and message.
	Rules    map[string]map[string]*Counts `json:"rules"`
	Before   sideCounts                    `json:"before"`
	After    sideCounts                    `json:"after"`
	Examples examples                      `json:"examples"`
}

// NewPartial returns a Partial of nobody, into which others are merged.
func NewPartial() *Partial {
	return &Partial{
		Rules:  map[string]map[string]*Counts{},
		Before: newSideCounts(),
		After:  newSideCounts(),
	}
}

// Merge adds what was counted over other learners. It keeps parts of o.
func (p *Partial) Merge(o *Partial) {
	p.Events += o.Events
	p.Learners += o.Learners
	p.Affected += o.Affected
	p.Aliased += o.Aliased
	//workflowcheck:ignore A sum does not depend on the order.
	for rule, messages := range o.Rules {
		//workflowcheck:ignore A sum does not depend on the order.
		for message, counts := range messages {
			p.countsOf(rule, message).add(counts)
		}
	}
	p.Before.merge(&o.Before)
	p.After.merge(&o.After)
	p.Examples.merge(&o.Examples)
}

// countMessage counts a message.
func (p *Partial) countMessage(d *decision, c Counts) { p.countsOf(d.rule, d.message).add(&c) }

func (p *Partial) countsOf(rule, message string) *Counts {
	messages := p.Rules[rule]
	if messages == nil {
		messages = map[string]*Counts{}
		p.Rules[rule] = messages
	}
	counts := messages[message]
	if counts == nil {
		counts = &Counts{}
		messages[message] = counts
	}
	return counts
}

// MaxPartial is how many bytes an encoded Partial may have, so that it can be carried as one payload of 2 MiB at most.
const MaxPartial = 1900 << 10

// ErrTooLarge says that a Partial is larger than MaxPartial.
var ErrTooLarge = errors.New("what is counted is too large to be handed on")

// CheckSize returns an error that wraps ErrTooLarge if the Partial is larger than MaxPartial when it is encoded.
func (p *Partial) CheckSize() error {
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if len(body) > MaxPartial {
		return fmt.Errorf("%w: %d bytes, and at most %d are; most often because many messages cannot be rendered in many different ways", ErrTooLarge, len(body), MaxPartial)
	}
	return nil
}

// RunPartial runs the events of a source through both sides and counts, as [Run] does for all events. The range must be set: Since and Until, as
// [Options.FitTo] sets them for all events. Without Paths, what learners did next is counted over the source's own.
func RunPartial(ctx context.Context, source Source, opts Options) (*Partial, error) {
	opts.setWorkers()
	r := &run{opts: &opts, total: source.Events()}
	for range opts.Workers {
		r.workers = append(r.workers, newWorker(&opts))
	}
	paths := opts.Paths
	if paths == nil {
		var err error
		if paths, err = CountPaths(ctx, source, opts); err != nil {
			return nil, err
		}
	}
	for _, w := range r.workers {
		w.before.paths = paths.before
		w.after.paths = paths.after
	}
	for part := range source.Parts() {
		loaded, err := loadPart(ctx, source, part, opts.Until)
		if err != nil {
			return nil, fmt.Errorf("backtest: %w", err)
		}
		if err := r.runPart(ctx, loaded, r.runLearner); err != nil {
			return nil, fmt.Errorf("backtest: %w", err)
		}
	}
	return r.collectCounts(source.Events()), nil
}

// collectCounts merges what all workers counted, and renders the samples.
func (r *run) collectCounts(events int64) *Partial {
	first := r.workers[0]
	for _, w := range r.workers[1:] {
		first.counts.Merge(w.counts)
		first.before.shapes.merge(w.before.shapes)
		first.after.shapes.merge(w.after.shapes)
	}
	all := first.counts
	all.Events = events
	for _, s := range first.sides() {
		if s.rules.Render != nil {
			s.counts.Rendered = s.shapes.renderSamples(s.rules.Render)
		}
	}
	return all
}
