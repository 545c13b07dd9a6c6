package report

import (
	"fmt"
	"math"
	"testing"
	"time"

	"homeroom/engine"
	"homeroom/experiment"
)

// TestArmsWhoseSharesChangedAreWeighed: an arm did badly at first and got few learners afterwards, who reached the goal like everybody. Its plain rate stays below the truth, the
// weighted one does not.
func TestArmsWhoseSharesChangedAreWeighed(t *testing.T) {
	counter := NewCounter(Options{Now: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)})
	outcomes := NewArmOutcomes("tone")
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	n := 0
	group := func(day int, arm string, percentA float64, people, reached int) {
		for i := range people {
			n++
			arms := []engine.ArmShare{{Name: "a", Percent: percentA, Sends: true}, {Name: "b", Percent: 100 - percentA, Sends: true}}
			d := engine.Decision{
				ID:       fmt.Sprint("d", n),
				Learner:  fmt.Sprint("u", n),
				Rule:     "retry",
				Run:      fmt.Sprint("r", n),
				At:       at.AddDate(0, 0, day),
				Kind:     engine.KindAssigned,
				Arm:      "tone=" + arm,
				Exposure: &engine.Exposure{Group: engine.GroupTreated, Within: 86400, Arms: arms},
			}
			converted := engine.Decision{ID: fmt.Sprint("c", n), Learner: d.Learner, Rule: "retry", Run: d.Run, At: d.At.Add(time.Hour), Kind: engine.KindConverted, Reason: engine.ReasonGoal}
			all := []engine.Decision{d}
			if i < reached {
				all = append(all, converted, converted)
			}
			for i := range all {
				counter.Decision(&all[i])
				outcomes.Decision(&all[i])
			}
		}
	}
	group(0, "a", 50, 200, 20) // a tenth, where the truth is a fifth
	group(0, "b", 50, 200, 40)
	group(10, "a", 10, 40, 12) // three tenths
	group(10, "b", 10, 360, 72)
	r := counter.Report()
	split := r.Rules[0].Experiment.Splits[0]
	a := &split.Arms[0]
	b := &split.Arms[1]
	if a.People != 240 || a.Reached != 32 || a.Weighted == nil || math.Abs(a.Group().Rate()-0.2) > 1e-9 || math.Abs(b.Group().Rate()-0.2) > 1e-9 || !split.Weighted {
		t.Errorf("a %+v %+v, b %+v", a.Side, a.Weighted, b.Side)
	}
	if j := b.Judgement; j == nil || math.Abs(j.Difference.Estimate) > 1e-9 || j.Difference.ExcludesZero() {
		t.Errorf("b against a: %+v", b.Judgement)
	}
	if split.SampleRatioP < experiment.MinRatioP {
		t.Errorf("the sizes are those that the shares promised, p = %v", split.SampleRatioP)
	}
	if got := outcomes.Groups([]string{"a", "b"}, at.AddDate(0, 0, 60)); got[0] != (experiment.Group{People: 240, Reached: 32}) || got[1] != (experiment.Group{People: 560, Reached: 112}) {
		t.Errorf("the weights follow %+v", got)
	}
	if got := outcomes.Groups([]string{"b", "c"}, at.AddDate(0, 0, 5)); got[0] != (experiment.Group{People: 200, Reached: 40}) || got[1] != (experiment.Group{}) {
		t.Errorf("while the time of the later ones runs they follow %+v", got)
	}
}
