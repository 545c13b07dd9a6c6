package engine

import (
	"slices"
	"time"
)

// maxPickedArms is how many arms of adaptive splits are remembered of a learner. The oldest are forgotten.
const maxPickedArms = 32

// Adapt lets the weights of a split follow what its arms achieve.
type Adapt struct {
	Floor float64 // percent of learners whom every arm gets at least, above 0
}

// SplitWeights are one version of the weights of an adaptive split.
type SplitWeights struct {
	Version int                // 1 is the first that follows outcomes; 0 are the split's own weights
	Percent map[string]float64 // of learners, by arm; they add up to 100
}

// PickedArm is the arm of an adaptive split that a learner has. It stays when the weights change.
type PickedArm struct {
	Rule    string `json:"rule"`
	Split   string `json:"split"`
	Arm     string `json:"arm"`
	Version int    `json:"version,omitempty"` // of the weights by which it was drawn
	// Shares are those weights, in the order of the arms' names.
	Shares []PickedShare `json:"shares"`
}

// PickedShare is the weight of one arm when a learner's arm was drawn.
type PickedShare struct {
	Arm     string  `json:"arm"`
	Percent float64 `json:"percent"`
}

// pickAdaptive returns the learner's arm of an adaptive split. The first run that comes to the split draws it, by the weights that were in force when the run
// started; later ones keep it for as long as the split has the arm.
func (s *stepper) pickAdaptive(run *Run, sp *Split) (*Arm, *PickedArm) {
	for i := range s.st.Arms {
		picked := &s.st.Arms[i]
		if picked.Rule != run.Rule || picked.Split != sp.Name {
			continue
		}
		if arm := sp.armNamed(picked.Arm); arm != nil {
			return arm, picked
		}
		s.st.Arms = slices.Delete(s.st.Arms, i, i+1)
		break
	}
	percents, version := s.adaptedWeights(run, sp)
	arm := sp.armAt(placeLearner(s.st.Learner, "split", sp.Name), percents)
	picked := PickedArm{
		Rule:    run.Rule,
		Split:   sp.Name,
		Arm:     arm.Name,
		Version: version,
	}
	for i := range sp.Arms {
		picked.Shares = append(picked.Shares, PickedShare{Arm: sp.Arms[i].Name, Percent: percents[i]})
	}
	if extra := len(s.st.Arms) + 1 - maxPickedArms; extra > 0 {
		s.st.Arms = slices.Delete(s.st.Arms, 0, extra)
	}
	s.st.Arms = append(s.st.Arms, picked)
	return arm, &s.st.Arms[len(s.st.Arms)-1]
}

// adaptedWeights returns the percents of the arms that were in force when the run started. Weights that do not name just the arms of the split are those
// of another revision of it: the split's own hold then.
func (s *stepper) adaptedWeights(run *Run, sp *Split) (percents []float64, version int) {
	own := sp.ownPercents()
	if s.env.Weights == nil {
		return own, 0
	}
	weights, known := s.env.Weights(run.Rule, sp.Name, run.Started)
	if !known || len(weights.Percent) != len(sp.Arms) {
		return own, 0
	}
	for i := range sp.Arms {
		percent, named := weights.Percent[sp.Arms[i].Name]
		if !named || !(percent > 0) {
			return own, 0
		}
		percents = append(percents, percent)
	}
	return percents, weights.Version
}

// ownPercents are the percents of learners that the split's own weights promise to its arms.
func (sp *Split) ownPercents() []float64 {
	total := 0.0
	for i := range sp.Arms {
		total += sp.Arms[i].Weight
	}
	percents := make([]float64, len(sp.Arms))
	for i := range sp.Arms {
		percents[i] = 100 * sp.Arms[i].Weight / total
	}
	return percents
}

// armAt returns the arm at a place in [0, 100), when arms have these percents.
func (sp *Split) armAt(place float64, percents []float64) *Arm {
	for i := range sp.Arms {
		if place -= percents[i]; place < 0 {
			return &sp.Arms[i]
		}
	}
	return &sp.Arms[len(sp.Arms)-1]
}

func (sp *Split) armNamed(name string) *Arm {
	for i := range sp.Arms {
		if sp.Arms[i].Name == name {
			return &sp.Arms[i]
		}
	}
	return nil
}

// sharesOf are the shares of the arms as a picked arm was drawn by them. An arm that the split did not have then had none.
func (p *PickedArm) sharesOf(now []ArmShare) []ArmShare {
	for i := range now {
		now[i].Percent = 0
		for _, share := range p.Shares {
			if share.Arm == now[i].Name {
				now[i].Percent = share.Percent
			}
		}
	}
	return now
}

// WeightsInForce is how a step asks for the weights of an adaptive split of a rule that were in force at an instant; false: none followed outcomes yet.
type WeightsInForce func(rule, split string, at time.Time) (SplitWeights, bool)
