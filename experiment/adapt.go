package experiment

import (
	"math"
	"slices"
)

// ArmWeights returns with what probability each arm is the best, by Thompson's rule, for the next learners to be drawn by: the probability that its rate is the
// highest, where the rates are Beta distributed (from the uniform prior) after what is known. No weight is below the floor (0 to 1/arms). The weights add up to 1. The
// groups are the learners of an arm whose time for the goal is over.
//
// W. R. Thompson, "On the likelihood that one unknown probability exceeds another in view of the evidence of two samples", Biometrika 25 (1933). The integral is
// worked out on a grid instead of by draws, so the same outcomes always give the same weights.
func ArmWeights(arms []Group, floor float64) []float64 {
	grid := ratesGrid(arms)
	densities := make([][]float64, len(arms))
	below := make([][]float64, len(arms))
	for i, a := range arms {
		densities[i], below[i] = posteriorOf(a, grid)
	}
	best := make([]float64, len(arms))
	total := 0.0
	for i := range arms {
		best[i] = integrateOver(grid, func(k int) float64 {
			density := densities[i][k]
			for j := range arms {
				if j != i {
					density *= below[j][k]
				}
			}
			return density
		})
		total += best[i]
	}
	rest := 1 - floor*float64(len(arms))
	for i := range best {
		best[i] = floor + rest*best[i]/total
	}
	return best
}

// gridReach is how many standard deviations of each posterior the grid covers to both sides, and gridSteps is in how many steps.
const (
	gridReach = 9
	gridSteps = 360
)

// ratesGrid are the rates at which the posteriors of the arms are looked at, in ascending order: close together where one of them is.
func ratesGrid(arms []Group) []float64 {
	const edge = 1e-9
	grid := []float64{edge, 1 - edge}
	for _, a := range arms {
		n := float64(a.People) + 2
		mean := (float64(a.Reached) + 1) / n
		deviation := math.Sqrt(mean * (1 - mean) / (n + 1))
		for step := range gridSteps + 1 {
			x := mean + deviation*gridReach*(2*float64(step)/gridSteps-1)
			if x > edge && x < 1-edge {
				grid = append(grid, x)
			}
		}
	}
	slices.Sort(grid)
	return slices.Compact(grid)
}

// posteriorOf returns the density of an arm's rate at each point of the grid, and the probability that the rate is below it.
func posteriorOf(arm Group, grid []float64) (density, below []float64) {
	density = make([]float64, len(grid))
	for k, x := range grid {
		density[k] = float64(arm.Reached)*math.Log(x) + float64(arm.People-arm.Reached)*math.Log1p(-x)
	}
	highest := slices.Max(density)
	for k := range density {
		density[k] = math.Exp(density[k] - highest)
	}
	below = make([]float64, len(grid))
	for k := 1; k < len(grid); k++ {
		below[k] = below[k-1] + (grid[k]-grid[k-1])*(density[k]+density[k-1])/2
	}
	total := below[len(below)-1]
	for k := range grid {
		density[k] /= total
		below[k] /= total
	}
	return density, below
}

// integrateOver returns the integral of a function of the grid's points, by trapezoids.
func integrateOver(grid []float64, f func(k int) float64) float64 {
	sum := 0.0
	before := f(0)
	for k := 1; k < len(grid); k++ {
		now := f(k)
		sum += (grid[k] - grid[k-1]) * (now + before) / 2
		before = now
	}
	return sum
}

// Stratum is the learners of a group who came into it with the same probability.
type Stratum struct {
	People  int
	Reached int
	Share   float64 // the probability, above 0 and at most 1
}

// WeighStrata puts learners together who came into a group with different probabilities: each counts by the inverse of the probability (J. Hajek, 1971). Probabilities that
// follow the outcomes would make a plain rate too low: an arm with an unlucky beginning gets few learners afterwards who would correct it. A group of one probability stays as
// it is.
//
// The weighted rate is as uncertain as that of L. Kish's effective sample size (Survey Sampling, 1965), the square of the sum of the weights over the sum of their
// squares. Intervals use that many people and their rate, with what they do for few people, because few of great weight decide the rate of an arm that fell behind.
func WeighStrata(strata []Stratum) Group {
	var g Group
	var people, reached, squares float64
	same := true
	for _, s := range strata {
		g.People += s.People
		g.Reached += s.Reached
		people += float64(s.People) / s.Share
		reached += float64(s.Reached) / s.Share
		squares += float64(s.People) / (s.Share * s.Share)
		same = same && s.Share == strata[0].Share
	}
	if !same && people > 0 {
		effective := people * people / squares
		g.Weighted = &Weighted{
			People:  effective,
			Reached: effective * reached / people,
		}
	}
	return g
}

// Weighted is what a group of learners with different probabilities of coming into it is worth.
type Weighted struct {
	People  float64 `json:"people"`  // how many learners with one probability tell as much
	Reached float64 `json:"reached"` // of them, by the weighted rate
}
