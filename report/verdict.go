package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"homeroom/experiment"
	"homeroom/internal/narrate"
)

// Verdict is what the experiment of a rule has shown, as a sentence.
func (e *Experiment) Verdict() string {
	if e.Judgement.Verdict == experiment.NoExposure && len(e.Splits) > 0 {
		return "nobody was exposed to a message yet"
	}
	return describeVerdict(&e.Judgement, &e.Treated, &e.Holdout, e.Days, "the holdout")
}

// Verdict is what a message or a channel has shown, as a sentence.
func (p *Part) Verdict(days float64) string {
	return describeVerdict(&p.Judgement, &p.Treated, &p.Holdout, days, "the holdout")
}

// Verdict is what an arm has shown against the reference, as a sentence.
func (s *Split) Verdict(arm *Arm) string {
	for i := range s.Arms {
		if s.Arms[i].Name == s.Reference && arm.Judgement != nil {
			return describeVerdict(arm.Judgement, &arm.Side, &s.Arms[i].Side, s.Days, "the split")
		}
	}
	return "the others are compared with it"
}

func describeVerdict(j *experiment.Judgement, treated, other *Side, days float64, promise string) string {
	switch j.Verdict {
	case experiment.Helps:
		return fmt.Sprintf("helps: %s points, about %s more people", PointsRange(*j.Difference), aboutPeople(j.Won.Estimate))
	case experiment.Hurts:
		return fmt.Sprintf("hurts: %s points, about %s fewer people", PointsRange(*j.Difference), aboutPeople(-j.Won.Estimate))
	case experiment.NotProven:
		if j.MoreDays == 0 {
			return fmt.Sprintf("not proven: %s; no difference to be seen at this pace", PointsRange(*j.Difference))
		}
		return fmt.Sprintf("not proven: %s; about %s at this pace", PointsRange(*j.Difference), DaysText(j.MoreDays, " more"))
	case experiment.TooEarly:
		return describeTooEarly(treated, other, days)
	case experiment.Mismatch:
		return describeMismatch(treated, other, promise)
	case experiment.NoHoldout:
		return "no holdout: nothing to compare with"
	case experiment.NoExposure:
		return "nobody was exposed yet"
	case experiment.NoGoal:
		return "no goal: nothing to compare by"
	case experiment.Observed:
		return "observed only: who comes this far depends on the messages before"
	}
	return string(j.Verdict)
}

// describeTooEarly says what there must be before a verdict, and how much there is of what is missing.
func describeTooEarly(treated, other *Side, days float64) string {
	var sofar []string
	if days < experiment.MinDays {
		sofar = append(sofar, DaysText(math.Floor(days), ""))
	}
	if min(treated.People, other.People) < experiment.MinPeople {
		sofar = append(sofar, fmt.Sprintf("%s and %s people", narrate.Thousands(treated.People), narrate.Thousands(other.People)))
	}
	return fmt.Sprintf("too early: no verdict before %d days and %d people in each group; %s so far",
		experiment.MinDays, experiment.MinPeople, strings.Join(sofar, ", "))
}

// describeMismatch says the sizes that the groups have and should have.
func describeMismatch(treated, other *Side, promise string) string {
	total := treated.Promised + other.Promised
	if total == 0 {
		return "no verdict: the groups have not the sizes that " + promise + " promised (p < 0.001)"
	}
	people := float64(treated.Known + other.Known)
	return fmt.Sprintf("no verdict: %s and %s people where %s promised %s and %s (p < 0.001)",
		narrate.Thousands(treated.Known), narrate.Thousands(other.Known), promise,
		narrate.Thousands(int(math.Round(people*treated.Promised/total))), narrate.Thousands(int(math.Round(people*other.Promised/total))))
}

// PointsRange writes the bounds of a difference of rates in points: "+2.9 to +9.5".
func PointsRange(i experiment.Interval) string {
	return Signed(100*i.Low, 1) + " to " + Signed(100*i.High, 1)
}

// Signed writes a number with its sign and so many digits behind the point. What rounds to zero has no sign but plus.
func Signed(x float64, digits int) string {
	text := strconv.FormatFloat(math.Abs(x), 'f', digits, 64)
	if x < 0 && strings.Trim(text, "0.") != "" {
		return "−" + text
	}
	return "+" + text
}

// aboutPeople writes a number of people to two digits that count.
func aboutPeople(n float64) string {
	unit := 1.0
	for n/unit >= 100 {
		unit *= 10
	}
	return narrate.Thousands(int(math.Round(n/unit) * unit))
}

// DaysText writes a time as people plan it, rounded up: "3 weeks". The word is put behind the number: "3 more weeks".
func DaysText(days float64, word string) string {
	n := int(math.Ceil(days))
	unit := "day"
	switch {
	case days > 2*365:
		n = int(math.Ceil(days / 365))
		unit = "year"
	case days > 26*7:
		n = int(math.Ceil(days / 30.4))
		unit = "month"
	case word != "" && days > 14:
		n = int(math.Ceil(days / 7))
		unit = "week"
	}
	if n != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%s%s %s", narrate.Thousands(n), word, unit)
}
