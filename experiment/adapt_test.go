package experiment

import (
	"math"
	"math/rand/v2"
	"testing"
)

// adaptiveTerm is a split that gets so many learners a day for 40 days. A goal is known a week after the assignment; the weights are worked out each
// day from those of whom it is known.
type adaptiveTerm struct {
	share    float64 // of the learners in the last arm
	weighted float64 // the difference that the report gives, last less first
	plain    float64 // the difference of plain means
	fixed    bool    // the interval for a planned end misses the truth
	everOut  bool    // the interval for any look misses it at one of the daily looks
}

func runAdaptiveTerm(seed uint64, rates []float64) adaptiveTerm {
	const days, perDay, window, floor = 40, 50, 7, 0.05
	random := rand.New(rand.NewPCG(seed, 1))
	last := len(rates) - 1
	truth := rates[last] - rates[0]
	known := make([]Group, len(rates))
	strata := make([][]Stratum, len(rates))
	var term adaptiveTerm
	for day := range days {
		weights := ArmWeights(known, floor)
		today := make([]Stratum, len(rates))
		for range perDay {
			place := random.Float64()
			arm := 0
			for arm < last && place >= weights[arm] {
				place -= weights[arm]
				arm++
			}
			today[arm].People++
			if random.Float64() < rates[arm] {
				today[arm].Reached++
			}
		}
		for arm := range today {
			today[arm].Share = weights[arm]
			strata[arm] = append(strata[arm], today[arm])
			if past := day - window; past >= 0 {
				known[arm].People += strata[arm][past].People
				known[arm].Reached += strata[arm][past].Reached
			}
		}
		first := WeighStrata(strata[0])
		second := WeighStrata(strata[last])
		if first.People == 0 || second.People == 0 {
			continue
		}
		misses := func(i Interval) bool { return truth < i.Low || truth > i.High }
		if min(first.People, second.People) >= MinPeople {
			term.everOut = term.everOut || misses(Sequential.Difference(second, first))
		}
		term.fixed = misses(Fixed.Difference(second, first))
		term.weighted = second.Rate() - first.Rate()
		term.plain = float64(second.Reached)/float64(second.People) - float64(first.Reached)/float64(first.People)
		term.share = float64(second.People) / float64((day+1)*perDay)
	}
	return term
}

// TestAdaptiveSplits: a split that learns brings most learners into the better arm, and its report stays right: what it says of the difference is the truth but for
// chance, and its intervals miss the truth no more often than they promise.
func TestAdaptiveSplits(t *testing.T) {
	const terms = 400
	for _, c := range []struct {
		name  string
		rates []float64
		share float64 // of the learners who are in the last arm, at least
	}{
		{"ten points better, 20 and 30 %", []float64{0.2, 0.3}, 0.6},
		{"ten points better, 5 and 15 %", []float64{0.05, 0.15}, 0.6},
		{"ten points better than two others", []float64{0.2, 0.2, 0.3}, 0.6},
		{"no difference, 25 %", []float64{0.25, 0.25}, 0},
		{"no difference, 5 %", []float64{0.05, 0.05}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			truth := c.rates[len(c.rates)-1] - c.rates[0]
			var share, weighted, plain, squares float64
			inBetter := 0
			fixed := 0
			everOut := 0
			for n := range uint64(terms) {
				term := runAdaptiveTerm(n+1, c.rates)
				share += term.share / terms
				weighted += term.weighted / terms
				plain += term.plain / terms
				squares += (term.weighted - truth) * (term.weighted - truth)
				inBetter += countOne(term.share >= 0.6)
				fixed += countOne(term.fixed)
				everOut += countOne(term.everOut)
			}
			chance := math.Sqrt(squares) / terms // standard error of the mean
			t.Logf("in the last arm %.1f %%, at least 60 %% in %d of %d terms; difference %+.2f points (chance %.2f; plain rates %+.2f); the truth is outside a fixed interval in %.1f %%, outside one valid at every look ever in %.1f %%",
				100*share, inBetter, terms, 100*weighted, 100*chance, 100*plain, 100*float64(fixed)/terms, 100*float64(everOut)/terms)
			if share < c.share {
				t.Errorf("%.1f %% of the learners are in the better arm", 100*share)
			}
			if math.Abs(weighted-truth) > 3*chance {
				t.Errorf("the difference is %+.2f points in the mean, the truth %+.2f", 100*weighted, 100*truth)
			}
			if most := terms * (Alpha + 2*math.Sqrt(Alpha*(1-Alpha)/terms)); float64(fixed) > most {
				t.Errorf("%d of %d intervals for one look miss the truth", fixed, terms)
			}
			if everOut > terms*Alpha {
				t.Errorf("%d of %d terms have an interval that misses the truth at a look", everOut, terms)
			}
		})
	}
}

func countOne(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// TestArmWeights compares the weights with what is known of Beta distributions.
func TestArmWeights(t *testing.T) {
	for _, c := range []struct {
		name  string
		arms  []Group
		floor float64
		want  []float64
	}{
		{"nothing known", []Group{{}, {}}, 0.05, []float64{0.5, 0.5}},
		{"nothing known of three", []Group{{}, {}, {}}, 0, []float64{1. / 3, 1. / 3, 1. / 3}},
		{"one success against the prior", []Group{{People: 1, Reached: 1}, {}}, 0, []float64{2. / 3, 1. / 3}},
		{"one success against one failure", []Group{{People: 1, Reached: 1}, {People: 1}}, 0, []float64{5. / 6, 1. / 6}},
		{"clear, at the floor", []Group{{People: 5000, Reached: 2000}, {People: 5000, Reached: 1000}}, 0.05, []float64{0.95, 0.05}},
		{"a million", []Group{{People: 1e6, Reached: 3e5}, {People: 1e6, Reached: 3e5}, {}}, 0.05, []float64{0.1775, 0.1775, 0.645}},
		{"nobody and everybody", []Group{{People: 300}, {People: 300, Reached: 300}}, 0.1, []float64{0.1, 0.9}},
		{"no room beside the floors", []Group{{People: 9}, {People: 9, Reached: 9}}, 0.5, []float64{0.5, 0.5}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ArmWeights(c.arms, c.floor)
			sum := 0.0
			for i := range got {
				sum += got[i]
				if math.Abs(got[i]-c.want[i]) > 0.001 {
					t.Errorf("weights %.4f, want %.4f", got, c.want)
					break
				}
			}
			if math.Abs(sum-1) > 1e-9 {
				t.Errorf("the weights add up to %v", sum)
			}
		})
	}
}

// TestWeighStrata: equal probabilities change nothing, and a learner who came in with a tenth of the probability counts ten times.
func TestWeighStrata(t *testing.T) {
	if g := WeighStrata([]Stratum{{People: 10, Reached: 4, Share: 0.5}, {People: 30, Reached: 6, Share: 0.5}}); g != (Group{People: 40, Reached: 10}) {
		t.Errorf("one probability: %+v", g)
	}
	g := WeighStrata([]Stratum{{People: 100, Reached: 50, Share: 0.5}, {People: 20, Reached: 20, Share: 0.1}})
	// 200 learners half of whom reached it beside 200 who all did; (200+200)^2 / (100*4 + 20*100) = 66.7 effective ones.
	if g.People != 120 || g.Reached != 70 || math.Abs(g.Rate()-0.75) > 1e-12 || math.Abs(g.Weighted.People-66.6667) > 0.001 {
		t.Errorf("two probabilities: %+v %+v", g, g.Weighted)
	}
	if g := WeighStrata(nil); g != (Group{}) {
		t.Errorf("nobody: %+v", g)
	}
}
