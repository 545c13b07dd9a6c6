package backtest

import (
	"fmt"
	"math"
	"time"

	"homeroom/engine"
)

// tally counts what one worker saw. Tallies of disjoint learners can be merged, in any order.
type tally struct {
	learners int
	affected int
	rules    map[string]map[string]*Counts // by rule and message
	before   *sideTally
	after    *sideTally
	examples examples
}

// sideTally counts what one side decided.
type sideTally struct {
	messages   int
	hours      map[int64]int // messages by hour, since 1970
	inQuiet    int
	withheld   int
	deferred   map[engine.Reason]int // decisions: a message that was put off twice counts twice
	skipped    map[engine.Reason]int // messages that were not sent at all
	unreadable map[string]int
	months     monthTally
	shapes     shapes
}

func newTally() *tally {
	return &tally{
		rules:  map[string]map[string]*Counts{},
		before: newSideTally(),
		after:  newSideTally(),
	}
}

func newSideTally() *sideTally {
	return &sideTally{
		hours:      map[int64]int{},
		deferred:   map[engine.Reason]int{},
		skipped:    map[engine.Reason]int{},
		unreadable: map[string]int{},
		months:     monthTally{learners: map[int]int{}},
		shapes:     shapes{},
	}
}

// countMessage counts a message.
func (t *tally) countMessage(d *decision, c Counts) { t.countsOf(d.rule, d.message).add(&c) }

func (t *tally) countsOf(rule, message string) *Counts {
	messages := t.rules[rule]
	if messages == nil {
		messages = map[string]*Counts{}
		t.rules[rule] = messages
	}
	counts := messages[message]
	if counts == nil {
		counts = &Counts{}
		messages[message] = counts
	}
	return counts
}

func (t *tally) merge(o *tally) {
	t.learners += o.learners
	t.affected += o.affected
	for rule, messages := range o.rules {
		for message, counts := range messages {
			t.countsOf(rule, message).add(counts)
		}
	}
	t.before.merge(o.before)
	t.after.merge(o.after)
	t.examples.merge(&o.examples)
}

func (s *sideTally) merge(o *sideTally) {
	s.messages += o.messages
	s.inQuiet += o.inQuiet
	s.withheld += o.withheld
	addCounts(s.hours, o.hours)
	addCounts(s.deferred, o.deferred)
	addCounts(s.skipped, o.skipped)
	addCounts(s.unreadable, o.unreadable)
	s.months.merge(&o.months)
	s.shapes.merge(o.shapes)
}

func addCounts[K comparable](into, from map[K]int) {
	for key, n := range from {
		into[key] += n
	}
}

func (s *sideTally) countSent(at time.Time, quiet bool) {
	s.messages++
	s.hours[at.Unix()/3600]++
	if quiet {
		s.inQuiet++
	}
}

// countUnsent counts a message that was deferred, skipped or withheld.
func (s *sideTally) countUnsent(d *engine.Decision) {
	switch d.Kind {
	case engine.KindDeferred:
		s.deferred[d.Reason]++
	case engine.KindSkipped:
		s.skipped[d.Reason] += d.Times()
	case engine.KindWithheld:
		s.withheld++
	case engine.KindSent, engine.KindUncertain, engine.KindFailed, engine.KindStarted, engine.KindExited, engine.KindConverted, engine.KindAssigned, engine.KindSuppressed:
	}
}

// busiestHour returns the hour with the most messages; the first one if several have as many.
func (s *sideTally) busiestHour() Peak { return findBusiest(s.hours, time.Hour) }

func (s *sideTally) busiestDay() Peak {
	days := map[int64]int{}
	for hour, n := range s.hours {
		days[hour/24] += n
	}
	return findBusiest(days, 24*time.Hour)
}

func findBusiest(counts map[int64]int, length time.Duration) Peak {
	var peak Peak
	for index, n := range counts {
		at := time.Unix(index*int64(length/time.Second), 0).UTC()
		if n > peak.Messages || n == peak.Messages && at.Before(peak.At) {
			peak = Peak{At: at, Messages: n}
		}
	}
	return peak
}

// monthTally counts learner-months.
type monthTally struct {
	learners map[int]int // learner-months by their number of messages
	most     int
	learner  string
	month    int // year × 12 + month − 1
}

func (m *monthTally) countMonth(learner string, index, messages int) {
	m.learners[messages]++
	m.noteMost(learner, index, messages)
}

// noteMost keeps the learner-month with the most messages; of equal ones the first by learner and month.
func (m *monthTally) noteMost(learner string, index, messages int) {
	if messages == 0 || messages < m.most {
		return
	}
	if messages == m.most && (learner > m.learner || learner == m.learner && index >= m.month) {
		return
	}
	m.most = messages
	m.learner = learner
	m.month = index
}

func (m *monthTally) merge(o *monthTally) {
	addCounts(m.learners, o.learners)
	m.noteMost(o.learner, o.month, o.most)
}

func (m *monthTally) buildResult() LearnerMonths {
	answer := LearnerMonths{Most: m.most, MostLearner: m.learner}
	messages := 0
	highest := 0
	for n, months := range m.learners {
		answer.Months += months
		messages += n * months
		highest = max(highest, n)
	}
	if m.most > 0 {
		answer.MostMonth = fmt.Sprintf("%04d-%02d", m.month/12, m.month%12+1)
	}
	if answer.Months == 0 {
		return answer
	}
	answer.Mean = float64(messages) / float64(answer.Months)
	enough := int(math.Ceil(0.95 * float64(answer.Months)))
	for sum := 0; answer.P95 <= highest; answer.P95++ {
		if sum += m.learners[answer.P95]; sum >= enough {
			break
		}
	}
	return answer
}
