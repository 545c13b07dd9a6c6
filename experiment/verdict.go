package experiment

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// No verdict is given before both groups have MinPeople people and the first of them entered MinDays days ago: a week has its own rhythm, and an
// asymptotic interval needs numbers.
const (
	MinPeople = 100
	MinDays   = 7
)

// MinRatioP is the p-value of the groups' sizes below which there is no verdict.
const MinRatioP = 0.001

// Verdict is what the figures mean, as one word for machines.
type Verdict string

// The verdicts.
const (
	Helps      Verdict = "helps"
	Hurts      Verdict = "hurts"
	NotProven  Verdict = "not_proven"
	TooEarly   Verdict = "too_early"   // fewer than MinPeople in a group, or fewer than MinDays days
	Mismatch   Verdict = "mismatch"    // the groups have not the sizes that the holdout promises
	NoHoldout  Verdict = "no_holdout"  // nothing to compare with
	NoExposure Verdict = "no_exposure" // nobody has reached a message yet
	NoGoal     Verdict = "no_goal"     // nothing to compare by
	Observed   Verdict = "observed"    // no experiment: who is in a group depends on earlier messages
)

// Comparison is a treated group beside the group from which the message was withheld.
type Comparison struct {
	Treated Group
	HeldOut Group
	Days    float64 // since the first person entered, in days
	RatioP  float64 // see SampleRatio; 1 where no share was promised
	Method  Method
}

// Judgement is what can be said of a comparison.
type Judgement struct {
	Verdict    Verdict   `json:"verdict"`
	Method     Method    `json:"method"`
	Difference *Interval `json:"difference,omitempty"` // of rates, -1 to 1
	Relative   *Interval `json:"relative,omitempty"`   // of the held-out group's rate
	Won        *Interval `json:"won,omitempty"`        // treated people who reached the goal because of the message
	MoreDays   float64   `json:"more_days,omitempty"`  // until the present difference would be proven, at the present pace; 0: it is, or never
	P          float64   `json:"p"`                    // always-valid p-value
}

// Judge says what a comparison means.
func Judge(c Comparison) Judgement {
	j := Judgement{
		Method: c.Method,
		P:      1,
	}
	if c.Treated.People == 0 && c.HeldOut.People == 0 {
		j.Verdict = NoExposure
		return j
	}
	if c.HeldOut.People == 0 {
		j.Verdict = NoHoldout
		return j
	}
	if c.Treated.People == 0 {
		j.Verdict = TooEarly
		return j
	}
	difference := c.Method.Difference(c.Treated, c.HeldOut)
	won := difference.scaleBy(float64(c.Treated.People))
	j.Difference = &difference
	j.Won = &won
	j.P = SequentialP(c.Treated, c.HeldOut)
	if relative, ok := c.Method.RelativeLift(c.Treated, c.HeldOut); ok {
		j.Relative = &relative
	}
	switch {
	case c.RatioP < MinRatioP:
		j.Verdict = Mismatch
	case min(c.Treated.People, c.HeldOut.People) < MinPeople || c.Days < MinDays:
		j.Verdict = TooEarly
	case difference.Low > 0:
		j.Verdict = Helps
	case difference.High < 0:
		j.Verdict = Hurts
	default:
		j.Verdict = NotProven
		j.MoreDays = daysUntilProven(c)
	}
	return j
}

// maxFactor bounds how far ahead daysUntilProven looks: a hundred times the people seen so far.
const maxFactor = 100

// daysUntilProven is how many more days the comparison must run at its present pace until its present difference is proven; 0: not within
// a hundred times the days so far.
func daysUntilProven(c Comparison) float64 {
	proven := func(factor float64) bool {
		grow := func(g Group) Group {
			people, reached := g.counts()
			return Group{
				People:  int(math.Round(people * factor)),
				Reached: int(math.Round(reached * factor)),
			}
		}
		return c.Method.Difference(grow(c.Treated), grow(c.HeldOut)).ExcludesZero()
	}
	if !proven(maxFactor) {
		return 0
	}
	low := 1.0
	high := float64(maxFactor)
	for range 40 {
		middle := (low + high) / 2
		if proven(middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return c.Days * (high - 1)
}

// minExpected is the number of people to be expected in every group for a chi-squared test (W. G. Cochran, "Some methods for strengthening the
// common chi-squared tests", Biometrics 10, 1954).
const minExpected = 5

// SampleRatio is the p-value of Pearson's chi-squared test that the groups have the shares promised. Shares are expected people, in the order of
// observed; they need not add up to the observed total. With fewer than two groups, or where nothing is expected, it is 1. It is 1, too, while fewer than
// minExpected people are expected in a group: the distribution holds from there on.
func SampleRatio(observed []int, expected []float64) float64 {
	total := 0.0
	share := 0.0
	for i := range observed {
		total += float64(observed[i])
		share += expected[i]
	}
	if len(observed) < 2 || total == 0 || share == 0 {
		return 1
	}
	chi2 := 0.0
	small := false
	for i := range observed {
		want := expected[i] / share * total
		small = small || want > 0 && want < minExpected
		if want == 0 {
			if observed[i] > 0 {
				return 0
			}
			continue
		}
		chi2 += (float64(observed[i]) - want) * (float64(observed[i]) - want) / want
	}
	if small {
		return 1
	}
	return distuv.ChiSquared{K: float64(len(observed) - 1)}.Survival(chi2)
}

// Discoveries marks which of several p-values are discoveries when at most the share q of the marked may be false: Y. Benjamini and Y. Hochberg,
// "Controlling the False Discovery Rate" (1995).
func Discoveries(p []float64, q float64) []bool {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	last := -1
	for rank, i := range order {
		if p[i] <= q*float64(rank+1)/float64(len(p)) {
			last = rank
		}
	}
	found := make([]bool, len(p))
	for _, i := range order[:last+1] {
		found[i] = true
	}
	return found
}

// PeopleNeeded is how many people, both groups together, must enter until a difference of rates is proven with the given power (0 to 1) by a
// sequential interval: base is the held-out group's rate, heldOut the share held out. It is 0 where the question has no answer: a rate
// outside 0 to 1, no difference, a share of 0 or 1.
//
// With n people the estimate is normal around the difference with the standard error se(n); it is beyond the interval's reach with the
// power asked for when difference >= (width(n) + z(power)) * se(n). The width changes slowly, so n is found by bisection.
func PeopleNeeded(base, difference, heldOut, power float64) int {
	treated := base + difference
	if difference == 0 || base <= 0 || base >= 1 || treated <= 0 || treated >= 1 || heldOut <= 0 || heldOut >= 1 || power <= 0 || power >= 1 {
		return 0
	}
	z := distuv.UnitNormal.Quantile(power)
	enough := func(n float64) bool {
		se := math.Sqrt(treated*(1-treated)/(n*(1-heldOut)) + base*(1-base)/(n*heldOut))
		return math.Abs(difference) >= (sequentialWidth(n, Alpha)+z)*se
	}
	low := 2.0
	high := 2.0
	for !enough(high) {
		low = high
		high *= 2
		if high > 1e12 {
			return 0
		}
	}
	for high-low > 1 {
		middle := math.Floor((low + high) / 2)
		if enough(middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return int(high)
}
