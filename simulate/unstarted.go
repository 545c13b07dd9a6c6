package simulate

import (
	"fmt"
	"io"
	"strings"

	"homeroom/engine"
	"homeroom/internal/cells"
	"homeroom/internal/narrate"
)

// Unstarted is a rule that no event of a simulation started, and why.
type Unstarted struct {
	Rule string `json:"rule"`
	Why  string `json:"why"` // a sentence for people
}

// findUnstarted lists the rules that began no run, by name. seen are how many events of each name there were.
func findUnstarted(rs *engine.Ruleset, started, seen map[string]int) []Unstarted {
	var list []Unstarted
	for _, rule := range rs.Rules {
		if started[rule.Name] == 0 {
			list = append(list, Unstarted{Rule: rule.Name, Why: whyUnstarted(rs, rule, seen)})
		}
	}
	return list
}

func whyUnstarted(rs *engine.Ruleset, rule *engine.Rule, seen map[string]int) string {
	condition := ""
	if rule.When.Match.If != nil {
		condition = ", or its condition was not true"
	}
	if !rule.When.IsState() {
		if n := seen[rule.When.Match.Event]; n > 0 {
			nameless := ""
			if len(rule.Per) > 0 {
				nameless = ", or without its " + strings.Join(rule.Per, " or its ")
			}
			return fmt.Sprintf("%s came %s, but started no run: it came too late%s%s", rule.When.Match.Event, narrate.Count(n, "time"), nameless, condition)
		}
		return "no event " + rule.When.Match.Event
	}
	activity := 0
	for name, counts := range rs.Settings.Activity {
		if counts {
			activity += seen[name]
		}
	}
	switch {
	case !rule.When.Platform && seen[engine.EventEnrolled]+seen[engine.EventFreeEnrolled] == 0:
		return "nobody enrolled in a course: no event " + engine.EventEnrolled
	case rule.When.Overdue > 0 && !rs.HasDueDates() && seen[engine.EventAssessmentScheduled]+seen[engine.EventAssignmentScheduled] == 0:
		return "no course has " + rule.When.OverdueWords() + " with a due date"
	case rule.When.Overdue > 0:
		return "nothing was overdue for " + engine.FormatDuration(rule.When.Overdue) + condition
	case rule.When.Schedule != nil:
		return "nobody had been active of late at the hours of its schedule" + condition
	case rule.When.Date != nil:
		return "no date came: " + rule.When.Date.Source() + condition
	case activity == 0:
		return "no event here counts as activity, and silence without any did not start it" + condition
	}
	return "nobody was silent for as long as it waits" + condition
}

// WriteUnstarted writes the rules that began no run below a summary.
func WriteUnstarted(w io.Writer, list []Unstarted) error {
	if len(list) == 0 {
		return nil
	}
	rows := make([][]string, len(list))
	for i, u := range list {
		rows[i] = []string{"  " + u.Rule, u.Why}
	}
	_, err := io.WriteString(w, "\nNever started\n"+cells.Table(rows))
	return err
}
