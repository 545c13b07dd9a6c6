package admin

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"homeroom/engine"
	"homeroom/internal/narrate"
	"homeroom/publish"
	"homeroom/store"
)

// Outlook says what a prepared publication would do, over several lines.
func (p *Publication) Outlook() string {
	plan := p.plan
	from := plan.From
	var b strings.Builder
	switch {
	case plan.InForce():
		fmt.Fprintf(&b, "%s is in force already, as no. %d: nothing differs. Publishing it goes over learners once more.\n", narrate.ShortHash(from.Hash), from.Number)
	case from.Hash == "":
		fmt.Fprintf(&b, "%s will be the first in force.\n", narrate.ShortHash(plan.Change.To))
	default:
		fmt.Fprintf(&b, "%s will replace %s (no. %d, by %s at %s%s).\n", narrate.ShortHash(plan.Change.To), narrate.ShortHash(from.Hash),
			from.Number, from.Author, from.At.Format(time.RFC3339), narrate.NoteSuffix(from.Note))
	}
	if p.Over != "" {
		fmt.Fprintf(&b, "The folder began from %s: what was published since is not in it, and --force publishes over it.\n", narrate.ShortHash(p.Over))
	}
	if !plan.InForce() { // then the change is that of the publication before, for its sweep
		b.WriteString(DescribeChange(plan.Change))
	}
	fmt.Fprintf(&b, "Live runs %s: %s affected, %s to be woken.", describeRunPolicy(plan.RunPolicy),
		narrate.Count(p.Expected.LiveRuns, "learner"), narrate.Count(p.Expected.Woken, "more learner"))
	if words := p.DescribeMigration(); words != "" {
		b.WriteString("\n" + words)
	}
	return b.String()
}

// Replaced returns the publication in force that this one was prepared against; without a hash: there was none.
func (p *Publication) Replaced() store.Pointer { return p.plan.From }

// DescribeMigration says what becomes of the live runs that would move; empty: none would.
func (p *Publication) DescribeMigration() string {
	if p.Migration == nil {
		return ""
	}
	return strings.TrimRight(describeMigration(*p.Migration), "\n")
}

// describeMigration says per rule how many live runs would move and how many would end, where, and what to do about it.
func describeMigration(m publish.Migrations) string {
	var b strings.Builder
	ends := 0
	numbered := false
	for _, rule := range m.Rules {
		fmt.Fprintf(&b, "  %s: %s would move", rule.Rule, narrate.Count(rule.Moves, "run"))
		if rule.Ends > 0 {
			fmt.Fprintf(&b, ", %d would end (exited: migrated_away)", rule.Ends)
		}
		b.WriteString("\n")
		for _, gone := range rule.Gone {
			fmt.Fprintf(&b, "    %d: %s\n", gone.Runs, describeGone(gone))
		}
		ends += rule.Ends
		numbered = numbered || rule.Numbered
	}
	if m.Unanswered > 0 || m.NotAsked > 0 {
		fmt.Fprintf(&b, "  Looked at the runs of %s; %s did not answer, %d more were not asked.\n", narrate.Count(m.Asked, "learner"), narrate.Count(m.Unanswered, "workflow"), m.NotAsked)
	}
	if ends > 0 {
		b.WriteString("To keep runs that would end, publish with --in-flight finish: they end on the rules they began with.\n")
	}
	if numbered {
		b.WriteString("Live runs stand at steps without an id:, which go by their number: another step with that number takes them over. Give the steps an id:, for the next time.\n")
	}
	return b.String()
}

// describeGone says why the runs at a step would end.
func describeGone(g publish.GoneStep) string {
	switch g.Outcome {
	case engine.MigrationRuleGone:
		return "the rule is gone"
	case engine.MigrationRevisionLost:
		return "the rules they began with cannot be read any more"
	case engine.MigrationNoWait:
		if g.Now != "" {
			return fmt.Sprintf("they wait at step %s, which is no wait any more (now: %s)", g.Step, g.Now)
		}
		return fmt.Sprintf("they wait at step %s, which is no wait any more", g.Step)
	case engine.MigrationStepGone, engine.MigrationMoves:
	}
	return fmt.Sprintf("step %s is gone", g.Step)
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
