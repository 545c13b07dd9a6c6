package judgement

import (
	"time"

	"homeroom/engine"
)

// HighRisk is the least risk with which a learner counts as at high risk in a curve.
const HighRisk = 0.6

// CurvePoint is how the learners of a course stood at an instant.
type CurvePoint struct {
	At       time.Time `json:"at"`
	Learners int       `json:"learners"` // for whom the course was under way
	Mean     float64   `json:"mean"`     // of their risks; 0 without learners
	High     int       `json:"high"`     // whose risk was HighRisk or greater
}

// HighShare returns the share of the learners who were at high risk, 0 to 1.
func (p CurvePoint) HighShare() float64 {
	if p.Learners == 0 {
		return 0
	}
	return float64(p.High) / float64(p.Learners)
}

// Curve keeps the learners, and how each course stood each day. It is for one goroutine.
type Curve struct {
	*Learners
	next    time.Time // when to look
	courses map[string][]CurvePoint
}

// NewCurve returns a curve that begins with the day, in UTC, of an instant: what happens before that day counts, but has no points.
func NewCurve(rules *engine.Ruleset, begin time.Time) *Curve {
	return &Curve{
		Learners: NewLearners(rules),
		next:     begin.UTC().Truncate(day),
		courses:  map[string][]CurvePoint{},
	}
}

// Add takes in an event that a stream stored at an instant, after looking at everybody as often as was due before.
func (c *Curve) Add(ev *engine.Event, stored time.Time) {
	c.lookUntil(stored)
	c.Learners.Add(ev, stored)
}

// Points returns the points of each course up to an instant, one a day and one at the instant. The instant must not be before the last event.
func (c *Curve) Points(at time.Time) map[string][]CurvePoint {
	c.lookUntil(at)
	c.addPoint(at)
	return c.courses
}

// lookUntil adds the points that are due before an instant.
func (c *Curve) lookUntil(at time.Time) {
	for c.next.Before(at) {
		c.addPoint(c.next)
		c.next = c.next.Add(day)
	}
}

// addPoint adds a point to each course that is under way for somebody, and to each that was at the point before.
func (c *Curve) addPoint(at time.Time) {
	points := map[string]*CurvePoint{}
	for _, standing := range c.standings {
		for id := range standing.Courses {
			score, known := c.rules.RiskOf(standing, id, at)
			if !known {
				continue
			}
			p := points[id]
			if p == nil {
				p = &CurvePoint{At: at.UTC()}
				points[id] = p
			}
			p.Learners++
			p.Mean += score.Value
			if score.Value >= HighRisk {
				p.High++
			}
		}
	}
	for id, p := range points {
		p.Mean /= float64(p.Learners)
		c.courses[id] = append(c.courses[id], *p)
	}
	for id, before := range c.courses {
		if points[id] == nil && before[len(before)-1].Learners > 0 {
			c.courses[id] = append(before, CurvePoint{At: at.UTC()})
		}
	}
}
