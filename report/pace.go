package report

import (
	"fmt"
	"strings"

	"homeroom/engine"
	"homeroom/experiment"
	"homeroom/internal/narrate"
)

// Pace is how fast people enter an experiment and how many of them reach the goal without a message.
type Pace struct {
	PeoplePerDay float64 `json:"people_per_day"` // of both groups
	Base         float64 `json:"base"`           // the rate without a message, 0 to 1
	// Assumed says that nothing is known, and that Base is AssumedBase.
	Assumed bool `json:"assumed"`
}

// AssumedBase is the rate that is reckoned with where none is known.
const AssumedBase = 0.2

// AssumedHoldout is the holdout, in per cent, that is reckoned with for a rule without one.
const AssumedHoldout = 10

// power is how likely a difference is to be proven by as many people as are asked for.
const power = 0.8

// UnknownPace is what is reckoned with where nothing is known.
func UnknownPace() Pace {
	return Pace{
		Base:    AssumedBase,
		Assumed: true,
	}
}

// Pace returns the pace of an experiment so far. Nothing is known of one that began less than a day ago or whose people all, or none, reached
// the goal. The experiment may be nil.
func (e *Experiment) Pace() Pace {
	if e == nil {
		return UnknownPace()
	}
	days := e.Last.Sub(e.First).Hours() / 24
	base := &e.Holdout
	if base.People < experiment.MinPeople {
		base = &e.Treated // the held-out group is too small: the rate of the treated group stands in
	}
	rate := base.Group().Rate()
	if days < 1 || rate <= 0 || rate >= 1 {
		return UnknownPace()
	}
	return Pace{
		PeoplePerDay: float64(e.Treated.People+e.Holdout.People) / days,
		Base:         rate,
	}
}

// Needed is how many people, and days at the present pace, prove a difference.
type Needed struct {
	Points float64 `json:"points"`
	People int     `json:"people"`         // both groups together; 0: no number is enough
	Days   float64 `json:"days,omitempty"` // 0: the pace is not known
}

// Needs says what it takes to see 1, 3 and 5 points with a holdout, in per cent, and a power of 80 %.
func (p Pace) Needs(holdout float64) []Needed {
	var all []Needed
	for _, points := range []float64{1, 3, 5} {
		n := Needed{
			Points: points,
			People: experiment.PeopleNeeded(p.Base, points/100, holdout/100, power),
		}
		if p.PeoplePerDay > 0 {
			n.Days = float64(n.People) / p.PeoplePerDay
		}
		all = append(all, n)
	}
	return all
}

// ExplainHoldout says in words how long the holdout of a rule must run. It is empty for a rule without a goal.
func ExplainHoldout(rule *engine.Rule, pace Pace) string {
	if rule.Goal == nil {
		return ""
	}
	var b strings.Builder
	b.WriteString("\nHow long until a difference shows\n")
	holdout := rule.Holdout
	if holdout <= 0 || holdout >= 100 {
		holdout = AssumedHoldout
		fmt.Fprintf(&b, "  It has no holdout: there is nothing to compare with. With one of %d %%:\n", AssumedHoldout)
	}
	base := fmt.Sprintf("%.1f %% reach the goal without a message", 100*pace.Base)
	if pace.Assumed {
		fmt.Fprintf(&b, "  If %s (too little is known: --events FILE and --from-streams look at more).\n", base)
	} else {
		fmt.Fprintf(&b, "  At the present pace of %s people a day, of whom %s.\n", paceText(pace.PeoplePerDay), base)
	}
	fmt.Fprintf(&b, "  With a holdout of %g %%, to be proven in four of five cases:\n", holdout)
	for _, n := range pace.Needs(holdout) {
		unit := "points"
		if n.Points == 1 {
			unit = "point "
		}
		line := fmt.Sprintf("  %g %s  %13s people", n.Points, unit, narrate.Thousands(n.People))
		if n.People == 0 {
			line = fmt.Sprintf("  %g %s  not to be seen: that many reach the goal already", n.Points, unit)
		}
		if n.Days > 0 {
			line += ", " + DaysText(n.Days, "")
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// paceText writes people a day, below ten with a digit behind the point.
func paceText(perDay float64) string {
	if perDay < 10 {
		return fmt.Sprintf("%.1f", perDay)
	}
	return narrate.Thousands(int(perDay + 0.5))
}
