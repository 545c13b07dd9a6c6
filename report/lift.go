package report

import "math"

// MinGroup is how many people both groups must have for a lift to be told.
const MinGroup = 30

// z95 is the standard normal quantile of a two-sided 95 % interval.
const z95 = 1.959963984540054

// Group is how many people there are, and how many of them reached the goal.
type Group struct {
	People  int `json:"people"`
	Reached int `json:"reached"`
}

// Rate is the share that reached the goal, 0 to 1; of nobody, 0.
func (g Group) Rate() float64 {
	if g.People == 0 {
		return 0
	}
	return float64(g.Reached) / float64(g.People)
}

// wilsonInterval is Wilson's 95 % score interval of the rate (E. B. Wilson, 1927).
func (g Group) wilsonInterval() (low, high float64) {
	n := float64(g.People)
	p := g.Rate()
	z2 := z95 * z95
	center := p + z2/(2*n)
	spread := z95 * math.Sqrt(p*(1-p)/n+z2/(4*n*n))
	return max(0, (center-spread)/(1+z2/n)), min(1, (center+spread)/(1+z2/n))
}

// Lift is the difference between two rates, -1 to 1, with the bounds of its 95 % confidence interval.
type Lift struct {
	Difference float64 `json:"difference"`
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
}

// LiftOf compares who was sent something with who was held out; nil: too few to say. The interval is Newcombe's hybrid
// score interval without continuity correction (R. G. Newcombe, Statistics in Medicine 17, 1998, method 10).
func LiftOf(sent, holdout Group) *Lift {
	if sent.People < MinGroup || holdout.People < MinGroup {
		return nil
	}
	l := rateDifference(sent, holdout)
	return &l
}

func rateDifference(a, b Group) Lift {
	lowA, highA := a.wilsonInterval()
	lowB, highB := b.wilsonInterval()
	d := a.Rate() - b.Rate()
	return Lift{
		Difference: d,
		Low:        d - math.Hypot(a.Rate()-lowA, highB-b.Rate()),
		High:       d + math.Hypot(highA-a.Rate(), b.Rate()-lowB),
	}
}
