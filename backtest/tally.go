package backtest

import (
	"fmt"
	"math"
	"time"

	"homeroom/engine"
)

// sideCounts counts what one side decided.
type sideCounts struct {
	Messages int        `json:"messages"`
	Hours    hourCounts `json:"hours"`
	InQuiet  int        `json:"in_quiet"`
	Withheld int        `json:"withheld"`
	// Deferred counts decisions: a message that was put off twice counts twice. Skipped counts messages that were not sent at all.
	Deferred   map[engine.Reason]int `json:"deferred"`
	Skipped    map[engine.Reason]int `json:"skipped"`
	Unreadable map[string]int        `json:"unreadable"` // by code
	Months     monthCounts           `json:"months"`
	Rendered   outcomes              `json:"rendered"` // once the samples were rendered
}

func newSideCounts() sideCounts {
	return sideCounts{
		Hours:      hourCounts{},
		Deferred:   map[engine.Reason]int{},
		Skipped:    map[engine.Reason]int{},
		Unreadable: map[string]int{},
		Months:     monthCounts{Learners: map[int]int{}},
		Rendered:   outcomes{},
	}
}

func (s *sideCounts) merge(o *sideCounts) {
	s.Messages += o.Messages
	s.InQuiet += o.InQuiet
	s.Withheld += o.Withheld
	addCounts(s.Hours, o.Hours)
	addCounts(s.Deferred, o.Deferred)
	addCounts(s.Skipped, o.Skipped)
	addCounts(s.Unreadable, o.Unreadable)
	s.Months.merge(&o.Months)
	s.Rendered.merge(o.Rendered)
}

func addCounts[K comparable](into, from map[K]int) {
	//workflowcheck:ignore A sum does not depend on the order.
	for key, n := range from {
		into[key] += n
	}
}

func (s *sideCounts) countSent(at time.Time, quiet bool) {
	s.Messages++
	s.Hours[at.Unix()/3600]++
	if quiet {
		s.InQuiet++
	}
}

// countUnsent counts a message that was deferred, skipped or withheld.
func (s *sideCounts) countUnsent(d *engine.Decision) {
	switch d.Kind {
	case engine.KindDeferred:
		s.Deferred[d.Reason]++
	case engine.KindSkipped:
		s.Skipped[d.Reason] += d.Times()
	case engine.KindWithheld:
		s.Withheld++
	case engine.KindSent, engine.KindUncertain, engine.KindFailed, engine.KindStarted, engine.KindExited, engine.KindConverted, engine.KindAssigned, engine.KindSuppressed, engine.KindSet:
	}
}

// busiestHour returns the hour with the most messages; the first one if several have as many.
func (s *sideCounts) busiestHour() Peak { return findBusiest(s.Hours, time.Hour) }

func (s *sideCounts) busiestDay() Peak {
	days := map[int64]int{}
	//workflowcheck:ignore A sum does not depend on the order.
	for hour, n := range s.Hours {
		days[hour/24] += n
	}
	return findBusiest(days, 24*time.Hour)
}

func findBusiest(counts map[int64]int, length time.Duration) Peak {
	var peak Peak
	//workflowcheck:ignore The first of the highest does not depend on the order.
	for index, n := range counts {
		at := time.Unix(index*int64(length/time.Second), 0).UTC()
		if n > peak.Messages || n == peak.Messages && at.Before(peak.At) {
			peak = Peak{At: at, Messages: n}
		}
	}
	return peak
}

// monthCounts counts learner-months.
type monthCounts struct {
	Learners map[int]int `json:"learners"` // learner-months by their number of messages
	Most     int         `json:"most"`
	Learner  string      `json:"learner,omitempty"`
	Month    int         `json:"month,omitempty"` // year × 12 + month − 1
}

func (m *monthCounts) countMonth(learner string, index, messages int) {
	m.Learners[messages]++
	m.noteMost(learner, index, messages)
}

// noteMost keeps the learner-month with the most messages; of equal ones the first by learner and month.
func (m *monthCounts) noteMost(learner string, index, messages int) {
	if messages == 0 || messages < m.Most {
		return
	}
	if messages == m.Most && (learner > m.Learner || learner == m.Learner && index >= m.Month) {
		return
	}
	m.Most = messages
	m.Learner = learner
	m.Month = index
}

func (m *monthCounts) merge(o *monthCounts) {
	addCounts(m.Learners, o.Learners)
	m.noteMost(o.Learner, o.Month, o.Most)
}

func (m *monthCounts) buildResult() LearnerMonths {
	answer := LearnerMonths{Most: m.Most, MostLearner: m.Learner}
	messages := 0
	highest := 0
	//workflowcheck:ignore Sums and the highest do not depend on the order.
	for n, months := range m.Learners {
		answer.Months += months
		messages += n * months
		highest = max(highest, n)
	}
	if m.Most > 0 {
		answer.MostMonth = fmt.Sprintf("%04d-%02d", m.Month/12, m.Month%12+1)
	}
	if answer.Months == 0 {
		return answer
	}
	answer.Mean = float64(messages) / float64(answer.Months)
	enough := int(math.Ceil(0.95 * float64(answer.Months)))
	for sum := 0; answer.P95 <= highest; answer.P95++ {
		if sum += m.Learners[answer.P95]; sum >= enough {
			break
		}
	}
	return answer
}
