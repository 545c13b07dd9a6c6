package experiment

import "math"

// Alpha is the share of intervals that miss the true value, at most: the intervals are 95 % intervals.
const Alpha = 0.05

// Tuning is the number of people, both groups together, at which a sequential interval is tightest.
const Tuning = 5000

// z95 is the standard normal quantile of a two-sided 95 % interval.
const z95 = 1.959963984540054

// Group is how many people there are, and how many of them reached the goal.
type Group struct {
	People  int `json:"people"`
	Reached int `json:"reached"`
	// Weighted is what the people count for where they came into the group with different probabilities; nil: each counts for one. See [WeighStrata].
	Weighted *Weighted `json:"weighted,omitempty"`
}

// counts are the people, and those who reached the goal, as far as they count.
func (g Group) counts() (people, reached float64) {
	if g.Weighted != nil {
		return g.Weighted.People, g.Weighted.Reached
	}
	return float64(g.People), float64(g.Reached)
}

// Rate is the share of people who reached the goal, 0 to 1; of nobody, 0.
func (g Group) Rate() float64 {
	people, reached := g.counts()
	if people == 0 {
		return 0
	}
	return reached / people
}

// outcomeVariance is the variance of one person's outcome. It counts one half more who reached the goal and one half more who did not, because
// a group in which nobody or everybody reached it does not prove that nobody or everybody ever will.
func (g Group) outcomeVariance() float64 {
	people, reached := g.counts()
	p := (reached + 0.5) / (people + 1)
	return p * (1 - p)
}

// wilsonInterval is Wilson's 95 % score interval of the rate (E. B. Wilson, 1927).
func (g Group) wilsonInterval() (low, high float64) {
	n, _ := g.counts()
	p := g.Rate()
	z2 := z95 * z95
	center := p + z2/(2*n)
	spread := z95 * math.Sqrt(p*(1-p)/n+z2/(4*n*n))
	return max(0, (center-spread)/(1+z2/n)), min(1, (center+spread)/(1+z2/n))
}

// Interval is an estimate with the bounds of its 95 % interval.
type Interval struct {
	Estimate float64 `json:"estimate"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
}

// ExcludesZero reports whether the interval proves that there is a difference.
func (i Interval) ExcludesZero() bool { return i.Low > 0 || i.High < 0 }

// scaleBy multiplies the estimate and both bounds by a factor of at least 0.
func (i Interval) scaleBy(factor float64) Interval {
	return Interval{
		Estimate: i.Estimate * factor,
		Low:      i.Low * factor,
		High:     i.High * factor,
	}
}

// Method says how an interval is worked out.
type Method string

// The methods.
const (
	Sequential Method = "always valid" // valid at all looks together
	Fixed      Method = "fixed end"    // valid at one look that was planned before
)

// Difference is the treated group's rate minus the held-out group's, -1 to 1. Both groups must have people.
func (m Method) Difference(treated, heldOut Group) Interval {
	if m == Fixed {
		return newcombeInterval(treated, heldOut)
	}
	estimate := treated.Rate() - heldOut.Rate()
	people, _ := treated.counts()
	others, _ := heldOut.counts()
	variance := treated.outcomeVariance()/people + heldOut.outcomeVariance()/others
	half := sequentialWidth(people+others, Alpha) * math.Sqrt(variance)
	return Interval{
		Estimate: estimate,
		Low:      max(-1, estimate-half),
		High:     min(1, estimate+half),
	}
}

// RelativeLift is the difference as a share of the held-out group's rate, by the delta method; false: nobody held out reached the goal,
// so there is nothing to relate it to.
func (m Method) RelativeLift(treated, heldOut Group) (Interval, bool) {
	base := heldOut.Rate()
	if base == 0 {
		return Interval{}, false
	}
	rate := treated.Rate()
	people, _ := treated.counts()
	others, _ := heldOut.counts()
	variance := treated.outcomeVariance()/people/(base*base) + heldOut.outcomeVariance()/others*rate*rate/(base*base*base*base)
	width := z95
	if m != Fixed {
		width = sequentialWidth(people+others, Alpha)
	}
	estimate := rate/base - 1
	half := width * math.Sqrt(variance)
	return Interval{
		Estimate: estimate,
		Low:      max(-1, estimate-half),
		High:     estimate + half,
	}, true
}

// newcombeInterval is the hybrid score interval without continuity correction (R. G. Newcombe, Statistics in Medicine 17, 1998, method 10).
func newcombeInterval(a, b Group) Interval {
	lowA, highA := a.wilsonInterval()
	lowB, highB := b.wilsonInterval()
	d := a.Rate() - b.Rate()
	return Interval{
		Estimate: d,
		Low:      d - math.Hypot(a.Rate()-lowA, highB-b.Rate()),
		High:     d + math.Hypot(highA-a.Rate(), b.Rate()-lowB),
	}
}

// sequentialWidth is how many standard errors a sequential interval reaches to each side when n people have been seen.
//
// It is the asymptotic confidence sequence of I. Waudby-Smith, D. Arbour, R. Sinha, E. H. Kennedy and A. Ramdas, "Time-uniform central limit
// theory and asymptotic confidence sequences" (2021-2024), equation 9, with rho after equation 161 so that it is tightest at [Tuning] people.
func sequentialWidth(n, alpha float64) float64 {
	rho2 := sequentialRho2(alpha)
	x := n*rho2 + 1
	return math.Sqrt(2 * x * math.Log(math.Sqrt(x)/alpha) / (n * rho2))
}

func sequentialRho2(alpha float64) float64 {
	l := -2 * math.Log(alpha)
	return (l + math.Log(l+1)) / Tuning
}

// SequentialP is the always-valid p-value of the difference: 1 over the e-value that the confidence sequence inverts (the same paper,
// equation 155). It may be read at every look.
func SequentialP(treated, heldOut Group) float64 {
	if treated.People == 0 || heldOut.People == 0 {
		return 1
	}
	people, _ := treated.counts()
	others, _ := heldOut.counts()
	d := treated.Rate() - heldOut.Rate()
	se2 := treated.outcomeVariance()/people + heldOut.outcomeVariance()/others
	nr := (people + others) * sequentialRho2(Alpha)
	z2 := d * d / se2
	logE := z2*nr/(2*(nr+1)) - 0.5*math.Log(nr+1)
	return min(1, math.Exp(-logE))
}
