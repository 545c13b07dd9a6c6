package rules

import (
	"fmt"
	"strings"

	"homeroom/engine"
	"homeroom/internal/yamlfile"
)

// The floor of an adaptive split, in percent of learners: what it is when it is not said, and the least. With the least a learner of an arm that fell behind counts a hundred
// times in the report.
const (
	defaultFloor = 5
	leastFloor   = 1
)

// adaptSpec is what a split says of how its weights follow outcomes.
type adaptSpec struct {
	at      yamlfile.Position
	floorAt yamlfile.Position
	goal    bool
	floor   float64 // percent
}

// readAdapt reads {goal: true, floor: 5%}.
func readAdapt(d *decoder, s *stepSpec, k, v *yamlfile.Node) {
	a := &adaptSpec{at: k.At, floorAt: k.At, floor: defaultFloor}
	s.adapt = a
	readKeys(d, v, "adapt", []key[adaptSpec]{{name: "goal", read: readAdaptGoal}, {name: "floor", read: readFloor}}, a)
	if v.Kind == yamlfile.Mapping && !a.goal {
		d.Fail(k.At, "write adapt: {goal: true}", "adapt does not say what the weights follow")
	}
}

func readAdaptGoal(d *decoder, a *adaptSpec, _, v *yamlfile.Node) {
	yes, ok := d.Bool(v, "goal")
	if ok && !yes {
		d.Fail(v.At, "write goal: true, or take adapt out", "the weights of a split can follow nothing but the goal")
	}
	a.goal = true
}

func readFloor(d *decoder, a *adaptSpec, _, v *yamlfile.Node) {
	a.floorAt = v.At
	floor, ok := d.readPercent(v, "floor")
	if ok && floor < leastFloor {
		d.Fail(v.At, "write at least 1%", "with a floor of %s an arm that falls behind would get too few learners to be judged by", percentText(floor))
	}
	a.floor = floor
}

// compileAdapt returns how the weights of a split follow outcomes; nil: they stay as they are.
func (b *builder) compileAdapt(s *stepSpec) *engine.Adapt {
	if s.adapt == nil {
		return nil
	}
	if b.spec.goal == nil {
		b.d.Fail(s.adapt.at, "give the rule a goal, or take adapt out", "the weights of the split %s are to follow the goal, but the rule has none", s.split.Text)
	}
	if most := 100 / float64(len(s.arms)); s.adapt.floor > most {
		b.d.Fail(s.adapt.floorAt, fmt.Sprintf("write at most %d%%", int(most)), "%d arms cannot each have %s of the learners", len(s.arms), percentText(s.adapt.floor))
	}
	return &engine.Adapt{Floor: s.adapt.floor}
}

// adaptWords says how the weights of a split follow outcomes.
func adaptWords(a *engine.Adapt) string {
	if a == nil {
		return ""
	}
	return fmt.Sprintf("; once a day the shares follow how often each arm reaches the goal, none below %s; a learner keeps their arm", percentText(a.Floor))
}

// splitWords says what shares of learners go which way.
func splitWords(s *engine.Split) string {
	total := 0.0
	for _, arm := range s.Arms {
		total += arm.Weight
	}
	var arms []string
	for _, arm := range s.Arms {
		arms = append(arms, fmt.Sprintf("%s (%s) goes to %d", arm.Name, percentText(arm.Weight/total*100), arm.PC))
	}
	return fmt.Sprintf("split %s: %s%s", s.Name, strings.Join(arms, ", "), adaptWords(s.Adapt))
}
