package report

import (
	"maps"
	"slices"

	"homeroom/engine"
	"homeroom/experiment"
)

// armStrata are the people of one arm by the share of learners that the arm was to get when they were drawn, in percent.
type armStrata map[float64]*experiment.Stratum

func newArmStrata() *armStrata { return &armStrata{} }

// add counts people with what their decisions record of the shares of all arms.
func (a armStrata) add(shares []engine.ArmShare, arm string, people, reached int) {
	percent := 0.0
	for i := range shares {
		if shares[i].Name == arm {
			percent = shares[i].Percent
		}
	}
	stratum := a[percent]
	if stratum == nil {
		stratum = &experiment.Stratum{Share: percent / 100}
		a[percent] = stratum
	}
	stratum.People += people
	stratum.Reached += reached
}

// weighArms returns what the people count for; nil: each counts for one. Somebody who was drawn into an arm that had no share contradicts the records, and nobody is
// weighed then. Its order is the same whatever came first, because sums of fractions depend on it.
func (a *armStrata) weighArms() *experiment.Weighted {
	if a == nil {
		return nil
	}
	var strata []experiment.Stratum
	for _, percent := range slices.Sorted(maps.Keys(*a)) {
		if percent <= 0 || percent > 100 {
			return nil
		}
		strata = append(strata, *(*a)[percent])
	}
	return experiment.WeighStrata(strata).Weighted
}
