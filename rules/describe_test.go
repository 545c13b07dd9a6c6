package rules_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"homeroom/engine"
	"homeroom/rules"
)

// TestExplain holds what is said of the rules of two folders against testdata/explain.txt.
func TestExplain(t *testing.T) {
	said := append(explainFolder(t, "testdata/good/design.txtar"), explainFolder(t, "testdata/good/words.txtar")...)
	said = append(said, explainFolder(t, "testdata/good/webhook.txtar")...)
	got := strings.Join(said, "\n\n")
	const golden = "testdata/explain.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// describe prints a ruleset for people.
func describe(rs *engine.Ruleset) string {
	var b strings.Builder
	s := rs.Settings
	fmt.Fprintf(&b, "settings: zone %s, patience %s, resolution %s, max age %s, caps %v, topics %v\n",
		s.Location, s.Patience, s.Resolution, s.MaxEventAge, s.Caps, s.Topics)
	if s.BackOff != nil {
		fmt.Fprintf(&b, "back-off: %v\n", *s.BackOff)
	}
	if s.Control > 0 {
		fmt.Fprintf(&b, "control: %v%%\n", s.Control)
	}
	if s.Quiet != nil {
		fmt.Fprintf(&b, "quiet: %v\n", *s.Quiet)
	}
	match := func(m *engine.Match) string {
		out := m.Event
		if m.If != nil {
			out += " if " + m.If.Source()
		}
		if m.Gate != nil {
			out += " gate " + m.Gate.Source()
		}
		if m.Mode != "" && m.Mode != engine.MatchSame {
			out += " " + string(m.Mode)
		}
		return out
	}
	for _, r := range rs.Rules {
		fmt.Fprintf(&b, "\n%s: priority %d, per %v, again %v\n", r.Name, r.Priority, r.Per, r.Again)
		if r.When.Date != nil {
			fmt.Fprintf(&b, "  when date %s, platform %v %s\n", r.When.Date.Source(), r.When.Platform, match(&r.When.Match))
		} else if r.When.Inactive > 0 {
			fmt.Fprintf(&b, "  when inactive %s, platform %v %s\n", r.When.Inactive, r.When.Platform, match(&r.When.Match))
		} else {
			fmt.Fprintf(&b, "  when %s\n", match(&r.When.Match))
		}
		for _, u := range r.Until {
			fmt.Fprintf(&b, "  until %s\n", match(&u))
		}
		if r.Goal != nil {
			fmt.Fprintf(&b, "  goal %s within %s\n", match(&r.Goal.Match), r.Goal.Within)
		}
		if r.Holdout > 0 || r.Paused {
			fmt.Fprintf(&b, "  holdout %v%%, paused %v\n", r.Holdout, r.Paused)
		}
		for pc, in := range r.Program {
			fmt.Fprintf(&b, "  %2d %-14s %-10s", pc, in.ID, in.Op)
			switch in.Op {
			case engine.OpWait:
				fmt.Fprintf(&b, " %s", in.Dur)
			case engine.OpWaitClock:
				fmt.Fprintf(&b, " %02d:%02d %v", in.Clock/60, in.Clock%60, in.Days)
			case engine.OpWaitTime:
				fmt.Fprintf(&b, " %s", in.Expr.Source())
			case engine.OpWaitFor:
				fmt.Fprintf(&b, " %s within %s else %d", match(in.Match), in.Dur, in.Else)
				if in.As != "" {
					fmt.Fprintf(&b, " as %s %v", in.As, in.Reads)
				}
			case engine.OpSend:
				fmt.Fprintf(&b, " %s by %s", in.Send.Message, in.Send.Channel)
				if in.Send.Topic != "" {
					fmt.Fprintf(&b, " topic %s", in.Send.Topic)
				}
				if in.Send.Transactional {
					b.WriteString(" transactional")
				}
				if in.Send.If != nil {
					fmt.Fprintf(&b, " if %s", in.Send.If.Source())
				}
				if in.Send.Patience > 0 {
					fmt.Fprintf(&b, " patience %s", in.Send.Patience)
				}
				if in.Send.Expires != nil {
					fmt.Fprintf(&b, " expires %s", in.Send.Expires.Source())
				}
				for _, w := range in.Send.With {
					fmt.Fprintf(&b, "\n%33s%s: %s", "", w.Name, w.Expr.Source())
				}
			case engine.OpSplit:
				fmt.Fprintf(&b, " %s", in.Split.Name)
				for _, arm := range in.Split.Arms {
					fmt.Fprintf(&b, ", %s %v to %d", arm.Name, arm.Weight, arm.PC)
				}
			case engine.OpBranch:
				fmt.Fprintf(&b, " %s else %d", in.Expr.Source(), in.Else)
			case engine.OpJump:
				fmt.Fprintf(&b, " to %d", in.Else)
			case engine.OpStop:
				fmt.Fprintf(&b, " %s", in.Reason)
			case engine.OpFallback:
				fmt.Fprintf(&b, " %s for %s, else %d", in.Nudge, in.Dur, in.Else)
			case engine.OpCollect:
				fmt.Fprintf(&b, " %s for %s or until %02d:%02d %v as %s %v, max %d", match(&in.Collect.Matches[0]), in.Dur, in.Clock/60, in.Clock%60, in.Days, in.As, in.Reads, in.Collect.Max)
			case engine.OpSet:
				fmt.Fprintf(&b, " %v", in.Traits)
			case engine.OpSuppress:
				fmt.Fprintf(&b, " %v for %s, %s", in.Topics, in.Dur, in.Reason)
			}
			b.WriteByte('\n')
		}
	}
	fmt.Fprintf(&b, "\nremember %s, count %v\n", rs.SentWindow, rs.Counted)
	if len(rs.CountedBy) > 0 {
		fmt.Fprintf(&b, "count by %v\n", rs.CountedBy)
	}
	b.WriteString("\nkeep:\n")
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for name := range rs.KeptProperties {
			if !yield(name) {
				return
			}
		}
	}) {
		fmt.Fprintf(&b, "  %s: %s\n", name, strings.Join(rs.KeptProperties[name], " "))
	}
	return b.String()
}

// explainFolder puts the rules of a folder into words.
func explainFolder(t *testing.T, file string) (said []string) {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	fsys := fstest.MapFS{}
	for _, f := range archive.Files {
		fsys[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	academy, problems := rules.Load(fsys, ".")
	if problems.Err() != nil {
		t.Fatal(problems)
	}
	for _, rule := range academy.Ruleset.Rules {
		text, err := academy.Explain(rule.Name)
		if err != nil {
			t.Fatal(err)
		}
		said = append(said, text)
	}
	return said
}
