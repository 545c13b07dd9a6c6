package simulate

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"homeroom/engine"
	"homeroom/report"
)

// Document is what `homeroom simulate --format json` and `go run ./dev play --json` write.
type Document struct {
	Decisions []engine.Decision `json:"decisions,omitzero"` // by time, then learner, then the learner's own order
	Summary   Summary           `json:"summary"`
	// Experiments are those of the rules with a goal, a holdout or a split, by name, as in `homeroom report`.
	Experiments []RuleExperiment `json:"experiments,omitempty"`
	// Unstarted are the rules that began no run, by name. A play does not list them.
	Unstarted []Unstarted `json:"never_started,omitempty"`
}

// RuleExperiment is the experiment of one rule.
type RuleExperiment struct {
	Rule string `json:"rule"`
	*report.Experiment
}

// Summary counts. The maps are never nil: sent, uncertain and withheld count by message; skipped, deferred, failed and
// exited by reason; started and converted by rule; assigned by split and arm.
type Summary struct {
	Events      int `json:"events"` // accepted ones
	Learners    int `json:"learners"`
	DeadLetters int `json:"dead_letters"`
	Ignored     int `json:"ignored,omitempty"` // known to a source of sources.yaml and not wanted

	Sent      map[string]int `json:"sent"`
	Withheld  map[string]int `json:"withheld"`
	Skipped   map[string]int `json:"skipped"`
	Deferred  map[string]int `json:"deferred"`
	Exited    map[string]int `json:"exited"`
	Converted map[string]int `json:"converted"`
	Started   map[string]int `json:"started"`
	Assigned  map[string]int `json:"assigned"`
	Uncertain map[string]int `json:"uncertain"`
	Failed    map[string]int `json:"failed"`
	// Suppressed counts by rule how often a suppress step stopped messages.
	Suppressed map[string]int `json:"suppressed,omitempty"`
	// Set counts by trait how often a set step set it.
	Set map[string]int `json:"set,omitempty"`
}

// NewSummary returns a summary of nothing.
func NewSummary() Summary {
	return Summary{
		Sent:       map[string]int{},
		Withheld:   map[string]int{},
		Skipped:    map[string]int{},
		Deferred:   map[string]int{},
		Exited:     map[string]int{},
		Converted:  map[string]int{},
		Started:    map[string]int{},
		Assigned:   map[string]int{},
		Suppressed: map[string]int{},
		Set:        map[string]int{},
		Uncertain:  map[string]int{},
		Failed:     map[string]int{},
	}
}

// Count returns the map that counts decisions of a kind, and nil for a kind that does not exist.
func (s *Summary) Count(kind engine.Kind) map[string]int {
	switch kind {
	case engine.KindSent:
		return s.Sent
	case engine.KindWithheld:
		return s.Withheld
	case engine.KindSkipped:
		return s.Skipped
	case engine.KindDeferred:
		return s.Deferred
	case engine.KindExited:
		return s.Exited
	case engine.KindConverted:
		return s.Converted
	case engine.KindStarted:
		return s.Started
	case engine.KindUncertain:
		return s.Uncertain
	case engine.KindFailed:
		return s.Failed
	case engine.KindAssigned:
		return s.Assigned
	case engine.KindSuppressed:
		return s.Suppressed
	case engine.KindSet:
		return s.Set
	}
	return nil
}

// Add counts one decision, a folded one as often as it was taken.
func (s *Summary) Add(d *engine.Decision) {
	if m := s.Count(d.Kind); m != nil {
		m[summaryKey(d)] += d.Times()
	}
}

// merge adds another summary's counts.
func (s *Summary) merge(o *Summary) {
	s.Events += o.Events
	s.Learners += o.Learners
	s.DeadLetters += o.DeadLetters
	s.Ignored += o.Ignored
	for _, kind := range Kinds {
		into := s.Count(kind)
		for key, n := range o.Count(kind) {
			into[key] += n
		}
	}
}

// Kinds are the kinds of decision in the order in which people want to read them.
var Kinds = [...]engine.Kind{
	engine.KindSent, engine.KindUncertain, engine.KindWithheld, engine.KindDeferred, engine.KindSkipped,
	engine.KindFailed, engine.KindStarted, engine.KindAssigned, engine.KindExited, engine.KindConverted,
	engine.KindSuppressed, engine.KindSet,
}

func summaryKey(d *engine.Decision) string {
	switch d.Kind {
	case engine.KindSent, engine.KindUncertain, engine.KindWithheld:
		return d.Message
	case engine.KindSkipped, engine.KindDeferred, engine.KindExited, engine.KindFailed:
		return string(d.Reason)
	case engine.KindStarted, engine.KindConverted, engine.KindSuppressed:
		return d.Rule
	case engine.KindAssigned:
		return d.Arm
	case engine.KindSet:
		return traitOf(d)
	}
	return ""
}

// traitOf returns the trait that a decision set; empty: it set none.
func traitOf(d *engine.Decision) string {
	if d.Set == nil {
		return ""
	}
	return d.Set.Trait
}

// Collector turns decisions into a document. Add keeps each learner's order.
type Collector struct {
	// SummaryOnly counts decisions without keeping them.
	SummaryOnly bool
	// Measured are the rules whose decisions are kept for their experiments. May be nil.
	Measured map[string]bool
	summary  Summary
	measured [][]engine.Decision // in blocks, as below
	blocks   [][]engine.Decision // all full but the last: a growing slice would copy hundreds of megabytes
}

// blockSize is how many decisions a block holds at the most.
const blockSize = 4096

// NewCollector returns a collector that keeps decisions, or only counts them.
func NewCollector(summaryOnly bool) *Collector {
	return &Collector{SummaryOnly: summaryOnly, summary: NewSummary()}
}

// Add takes one decision in.
func (c *Collector) Add(d engine.Decision) {
	c.summary.Add(&d)
	if len(c.Measured) > 0 && c.bearsOnExperiment(&d) {
		c.measured = appendDecision(c.measured, d)
	}
	if c.SummaryOnly {
		return
	}
	c.blocks = appendDecision(c.blocks, d)
}

// bearsOnExperiment reports whether an experiment counts a decision. Back-off counts in every experiment of the learner, whichever rule it stopped.
func (c *Collector) bearsOnExperiment(d *engine.Decision) bool {
	switch d.Kind {
	case engine.KindSent, engine.KindUncertain, engine.KindFailed, engine.KindWithheld, engine.KindAssigned, engine.KindConverted, engine.KindSuppressed, engine.KindSet:
		return c.Measured[d.Rule]
	case engine.KindSkipped:
		return d.Reason == engine.ReasonIgnored
	case engine.KindStarted, engine.KindDeferred, engine.KindExited:
	}
	return false
}

// appendDecision adds a decision to the last block, or begins another.
func appendDecision(blocks [][]engine.Decision, d engine.Decision) [][]engine.Decision {
	if n := len(blocks); n == 0 || len(blocks[n-1]) == cap(blocks[n-1]) {
		// The first blocks are small, each twice as large as the one before: most collectors see few decisions.
		blocks = append(blocks, make([]engine.Decision, 0, min(blockSize, 8<<min(n, 16))))
	}
	last := &blocks[len(blocks)-1]
	*last = append(*last, d)
	return blocks
}

// measuredRules are the rules that have something to measure.
func measuredRules(rs *engine.Ruleset) map[string]bool {
	measured := map[string]bool{}
	for _, rule := range rs.Rules {
		split := slices.ContainsFunc(rule.Program, func(in engine.Instr) bool { return in.Op == engine.OpSplit })
		if rule.Goal != nil || rule.Holdout > 0 || split {
			measured[rule.Name] = true
		}
	}
	return measured
}

// experimentsOf works out the experiments of collectors of disjoint learners, as of the given time.
func experimentsOf(parts []*Collector, until time.Time) []RuleExperiment {
	counter := report.NewCounter(report.Options{Now: until})
	for _, c := range parts {
		for _, block := range c.measured {
			for i := range block {
				counter.Decision(&block[i])
			}
		}
	}
	var all []RuleExperiment
	told := counter.Report()
	for i := range told.Rules {
		if e := told.Rules[i].Experiment; e != nil {
			all = append(all, RuleExperiment{Rule: told.Rules[i].Rule, Experiment: e})
		}
	}
	return all
}

// Document returns what was collected, sorted; events, learners and deadLetters are counted by the host.
func (c *Collector) Document(events, learners, deadLetters int) Document {
	c.summary.Events = events
	c.summary.Learners = learners
	c.summary.DeadLetters = deadLetters
	return merge([]*Collector{c})
}

// merge joins collectors of disjoint learners into one document.
func merge(parts []*Collector) Document {
	doc := Document{Summary: NewSummary()}
	total := 0
	keep := false
	for _, c := range parts {
		doc.Summary.merge(&c.summary)
		for _, block := range c.blocks {
			total += len(block)
		}
		keep = keep || !c.SummaryOnly
	}
	if !keep {
		return doc
	}
	// Positions are sorted, not decisions: those are large. Within a learner positions keep the learner's order.
	order := make([]*engine.Decision, 0, total)
	for _, c := range parts {
		for _, block := range c.blocks {
			for i := range block {
				order = append(order, &block[i])
			}
		}
	}
	slices.SortStableFunc(order, func(a, b *engine.Decision) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Learner, b.Learner))
	})
	doc.Decisions = make([]engine.Decision, total)
	for i, d := range order {
		doc.Decisions[i] = *d
	}
	return doc
}

// WriteJSON writes the document as one JSON value with one decision a line, so that two documents can be compared
// with line-based tools.
func (d *Document) WriteJSON(w io.Writer) error {
	out := bufio.NewWriterSize(w, 1<<16)
	enc := json.NewEncoder(out) // ends every value with a newline
	enc.SetEscapeHTML(false)    // scopes read "a=1&b=2"
	out.WriteString("{")
	if d.Decisions != nil {
		out.WriteString("\"decisions\":[\n")
		for i := range d.Decisions {
			if i > 0 {
				out.WriteString(",")
			}
			if err := enc.Encode(&d.Decisions[i]); err != nil {
				return fmt.Errorf("write decision %s: %w", d.Decisions[i].ID, err)
			}
		}
		out.WriteString("],\n")
	}
	out.WriteString("\"summary\":")
	enc.SetIndent("", "  ")
	if err := enc.Encode(&d.Summary); err != nil {
		return fmt.Errorf("write summary: %w", err)
	}
	if d.Experiments != nil {
		out.WriteString(",\"experiments\":")
		if err := enc.Encode(d.Experiments); err != nil {
			return fmt.Errorf("write experiments: %w", err)
		}
	}
	if d.Unstarted != nil {
		out.WriteString(",\"never_started\":")
		if err := enc.Encode(d.Unstarted); err != nil {
			return fmt.Errorf("write the rules that never started: %w", err)
		}
	}
	out.WriteString("}\n")
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write document: %w", err)
	}
	return nil
}
