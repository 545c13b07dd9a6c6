package nullsim

import (
	"math"
	"testing"

	"homeroom/rules"
)

// TestNothingIsSeenWhereNothingIs is a small table: of learners whom no message moves, whoever looks daily is told of a difference in at most 5 % of
// the experiments, and the differences have a mean of zero. docs/growth.md has the large table.
func TestNothingIsSeenWhereNothingIs(t *testing.T) {
	academy, problems := rules.LoadDir("../../examples/academy")
	if academy == nil {
		t.Fatal(problems)
	}
	rows, err := Run(t.Context(), Options{
		Academy:       academy,
		Repetitions:   30,
		Learners:      250,
		Days:          45,
		Holdout:       50,
		Seed:          7,
		Undeliverable: 8,
	})
	if err != nil {
		t.Fatal(err)
	}
	experiments := 0
	excludes := 0
	ever := 0
	for i := range rows {
		r := &rows[i]
		experiments += r.Repetitions
		excludes += r.Excludes
		ever += r.FixedEver
		if r.HeldOut < 0.4*r.People || r.HeldOut > 0.6*r.People || r.Reached == 0 || r.Reached == 1 {
			t.Errorf("%s measures nothing: %+v", r.Rule, *r)
		}
		// Four standard errors of the mean of differences between two groups of half the people.
		if most := 4 * 100 * math.Sqrt(4*r.Reached*(1-r.Reached)/r.People/float64(r.Repetitions)); math.Abs(r.Difference) > most {
			t.Errorf("%s: a mean difference of %+.2f points, at most %.2f are chance", r.Rule, r.Difference, most)
		}
	}
	if len(rows) < 8 || experiments < 200 {
		t.Fatalf("%d rules, %d experiments", len(rows), experiments)
	}
	if share := float64(excludes) / float64(experiments); share > 0.05 {
		t.Errorf("an always-valid interval excluded 0 in %.1f %% of %d experiments", 100*share, experiments)
	}
	if share := float64(ever) / float64(experiments); share < 0.10 {
		t.Errorf("a fixed interval excluded 0 at some look in %.1f %% of experiments only; were the looks not daily?", 100*share)
	}
}
