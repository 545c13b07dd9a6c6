package admin

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"homeroom/engine"
	"homeroom/internal/narrate"
	"homeroom/publish"
)

// Outlook says what a prepared publication would do, over several lines.
func (p *Publication) Outlook() string {
	plan := p.plan
	from := plan.From
	var b strings.Builder
	switch {
	case plan.InForce():
		fmt.Fprintf(&b, "%s is in force already, as no. %d; learners are gone over once more.\n", narrate.ShortHash(from.Hash), from.Number)
	case from.Hash == "":
		fmt.Fprintf(&b, "%s will be the first in force.\n", narrate.ShortHash(plan.Change.To))
	default:
		fmt.Fprintf(&b, "%s will replace %s (no. %d, by %s at %s%s).\n", narrate.ShortHash(plan.Change.To), narrate.ShortHash(from.Hash),
			from.Number, from.Author, from.At.Format(time.RFC3339), narrate.NoteSuffix(from.Note))
	}
	if p.Over != "" {
		fmt.Fprintf(&b, "The folder began from %s: what was published since is not in it, and --force publishes over it.\n", narrate.ShortHash(p.Over))
	}
	b.WriteString(DescribeChange(plan.Change))
	fmt.Fprintf(&b, "Live runs %s: %s affected, %s to be woken.", describeRunPolicy(plan.RunPolicy),
		narrate.Count(p.Expected.LiveRuns, "learner"), narrate.Count(p.Expected.Woken, "more learner"))
	return b.String()
}

// Outcome says what was put in force and how many learners were signaled.
func (p *Publication) Outcome() string {
	swept := fmt.Sprintf("%s told: %d with live runs, %d woken.", narrate.Count(p.Swept.Signaled(), "learner"), p.Swept.LiveRuns, p.Swept.Woken)
	if p.Published == nil {
		return swept
	}
	return fmt.Sprintf("In force as no. %d: %s. %s", p.Published.Number, narrate.ShortHash(p.Published.Hash), swept)
}

// describeRunPolicy says what happens to live runs.
func describeRunPolicy(policy engine.RunPolicy) string {
	switch policy {
	case engine.RunPolicyMigrate:
		return "move to the new rules"
	case engine.RunPolicyCancel:
		return "of changed rules leave"
	case engine.RunPolicyFinish:
	}
	return "end on the rules they began with"
}

// DescribeChange lists what differs, one rule or file a line.
func DescribeChange(c publish.Change) string {
	var b strings.Builder
	for _, list := range []struct {
		sign, what string
		names      []string
	}{
		{"+", "new rule", c.Added},
		{"~", "changed rule", c.Changed},
		{"-", "removed rule", c.Removed},
		{"~", "reworded", c.Reworded},
		{">", "no longer paused", c.Lifted},
	} {
		for _, name := range list.names {
			fmt.Fprintf(&b, "  %s %s: %s\n", list.sign, name, list.what)
		}
	}
	for _, file := range c.Files {
		if !strings.HasPrefix(file, "rules/") {
			sign := "~"
			if slices.Contains(c.NewFiles, file) {
				sign = "+"
			} else if slices.Contains(c.GoneFiles, file) {
				sign = "-"
			}
			fmt.Fprintf(&b, "  %s %s\n", sign, file)
		}
	}
	if b.Len() == 0 {
		return "  nothing differs\n"
	}
	return b.String()
}
