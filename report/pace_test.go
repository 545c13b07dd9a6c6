package report

import (
	"strings"
	"testing"
	"time"

	"homeroom/engine"
)

func TestHowLongAHoldoutMustRun(t *testing.T) {
	goal := &engine.Goal{Within: 7 * 24 * time.Hour}
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	known := Experiment{
		First:   start,
		Last:    start.AddDate(0, 0, 10),
		Treated: Side{People: 1600, Reached: 500},
		Holdout: Side{People: 400, Reached: 100},
	}
	fewHeldOut := known
	fewHeldOut.Holdout = Side{People: 60}
	cases := []struct {
		name string
		rule engine.Rule
		pace Pace
		want []string
	}{
		{"nothing is known", engine.Rule{Goal: goal, Holdout: 10}, UnknownPace(),
			[]string{"If 20.0 % reach the goal", "holdout of 10 %", "1 point         337,440 people\n", "3 points         32,368 people\n", "5 points         11,064 people\n"}},
		{"a pace and a rate", engine.Rule{Goal: goal, Holdout: 20}, known.Pace(),
			[]string{"200 people a day, of whom 25.0 %", "holdout of 20 %", "5 points          7,243 people, 37 days"}},
		{"too few held out for a rate: the treated stand in", engine.Rule{Goal: goal, Holdout: 20}, fewHeldOut.Pace(), []string{"of whom 31.2 %"}},
		{"no experiment yet", engine.Rule{Goal: goal, Holdout: 20}, (*Experiment)(nil).Pace(), []string{"If 20.0 % reach the goal"}},
		{"no holdout", engine.Rule{Goal: goal}, UnknownPace(), []string{"It has no holdout: there is nothing to compare with. With one of 10 %:", "11,064 people"}},
		{"nearly everybody reaches it", engine.Rule{Goal: goal, Holdout: 20}, Pace{Base: 0.97, PeoplePerDay: 3}, []string{"3.0 people a day", "5 points  not to be seen"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := ExplainHoldout(&c.rule, c.pace)
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("got\n%swithout %q", got, want)
				}
			}
		})
	}
	if got := ExplainHoldout(&engine.Rule{Holdout: 10}, UnknownPace()); got != "" {
		t.Errorf("a rule without a goal: %q", got)
	}
}
