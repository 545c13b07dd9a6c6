package publish

import (
	"bytes"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"
	"time"

	"homeroom/engine"
	"homeroom/rules"
)

// Change says how two revisions differ. The lists are sorted; rules by name, files by path.
type Change struct {
	From    string   `json:"from,omitempty"` // hash; empty: nothing was in force
	To      string   `json:"to"`
	Added   []string `json:"added,omitempty"`
	Removed []string `json:"removed,omitempty"`
	Changed []string `json:"changed,omitempty"`
	Lifted  []string `json:"lifted,omitempty"` // rules whose pause ended
	Files   []string `json:"files,omitempty"`  // changed, added or removed
	// NewFiles and GoneFiles are those of Files that were added and removed.
	NewFiles  []string `json:"new_files,omitempty"`
	GoneFiles []string `json:"gone_files,omitempty"`
	// Reworded are the unchanged rules that send a changed message.
	Reworded []string `json:"reworded,omitempty"`

	silenceChanges []silenceChange
}

// OtherFiles lists the changed files that hold no rule.
func (c Change) OtherFiles() []string {
	var others []string
	for _, file := range c.Files {
		if !strings.HasPrefix(file, "rules/") {
			others = append(others, file)
		}
	}
	return others
}

// silenceChange is an inactivity rule that may fall due earlier than before: as it is, and as it was.
type silenceChange struct {
	now, before *engine.Ruleset // of this rule only; before is nil if the rule is new, or may start for learners for whom it could not
}

// Compare finds what changed from old to next; old nil: everything is new.
func Compare(old, next *rules.Academy) Change {
	if old == nil {
		old = &rules.Academy{Ruleset: &engine.Ruleset{}}
	}
	c := Change{From: old.Ruleset.Hash, To: next.Ruleset.Hash, Files: ChangedFiles(old.Files, next.Files)}
	for _, file := range c.Files {
		if _, was := old.Files[file]; !was {
			c.NewFiles = append(c.NewFiles, file)
		} else if _, is := next.Files[file]; !is {
			c.GoneFiles = append(c.GoneFiles, file)
		}
	}
	texts := changedMessages(c.Files)
	for _, rule := range next.Ruleset.Rules {
		was := old.Ruleset.Rule(rule.Name)
		switch {
		case was == nil:
			c.Added = append(c.Added, rule.Name)
		case was.Hash != rule.Hash || !bytes.Equal(ruleFile(old, rule.Name), ruleFile(next, rule.Name)):
			c.Changed = append(c.Changed, rule.Name)
		case sendsAnyOf(rule, texts):
			c.Reworded = append(c.Reworded, rule.Name)
		}
		if was != nil && was.Paused && !rule.Paused {
			c.Lifted = append(c.Lifted, rule.Name)
		}
		if s, ok := newSilenceChange(old.Ruleset, was, next.Ruleset, rule); ok {
			c.silenceChanges = append(c.silenceChanges, s)
		}
	}
	for _, rule := range old.Ruleset.Rules {
		if next.Ruleset.Rule(rule.Name) == nil {
			c.Removed = append(c.Removed, rule.Name)
		}
	}
	return c
}

func ruleFile(a *rules.Academy, name string) []byte { return a.Files["rules/"+name+".yaml"] }

// ChangedFiles returns the paths of the files that were changed, added or removed from old to next, sorted.
func ChangedFiles(old, next map[string][]byte) []string {
	var files []string
	for name, content := range next {
		if was, ok := old[name]; !ok || !bytes.Equal(was, content) {
			files = append(files, name)
		}
	}
	for name := range old {
		if _, ok := next[name]; !ok {
			files = append(files, name)
		}
	}
	slices.Sort(files)
	return files
}

// changedMessages are the names of the messages among changed files.
func changedMessages(files []string) map[string]bool {
	names := map[string]bool{}
	for _, file := range files {
		if dir, base := path.Split(file); dir == "messages/" {
			name, _, _ := strings.Cut(base, ".")
			names[name] = true
		}
	}
	return names
}

func sendsAnyOf(rule *engine.Rule, messages map[string]bool) bool {
	return slices.ContainsFunc(rule.Program, func(in engine.Instr) bool { return in.Send != nil && messages[in.Send.Message] })
}

// newSilenceChange reports whether an inactivity rule may fall due earlier than it did.
func newSilenceChange(old *engine.Ruleset, was *engine.Rule, next *engine.Ruleset, rule *engine.Rule) (silenceChange, bool) {
	if !rule.When.IsState() {
		return silenceChange{}, false
	}
	s := silenceChange{now: rulesetOfRule(next, rule)}
	if was == nil || !was.When.IsState() || was.When.Platform != rule.When.Platform {
		return s, true
	}
	if was.Again != rule.Again {
		return s, true
	}
	if rule.When.Date != nil && (was.When.Date == nil || was.When.Date.Source() != rule.When.Date.Source()) {
		return s, true // what the profile says of the date is not known here
	}
	if fallsDueAlike(old, was, next, rule) {
		return silenceChange{}, false
	}
	if rule.When.DateReadsProfile() {
		return s, true
	}
	s.before = rulesetOfRule(old, was)
	return s, true
}

// fallsDueAlike reports whether an inactivity rule falls due at the same instants under both revisions, whatever a learner does.
func fallsDueAlike(old *engine.Ruleset, was *engine.Rule, next *engine.Ruleset, rule *engine.Rule) bool {
	sameZone := zoneName(old) == zoneName(next)
	switch {
	case rule.When.Date != nil && rule.When.DateReadsProfile() && !sameZone:
		return false // a day begins at another instant for those without a zone of their own
	case was.When.Inactive != rule.When.Inactive, was.When.AtRisk != rule.When.AtRisk, was.When.OrSilent != rule.When.OrSilent,
		!reflect.DeepEqual(was.When.Schedule, rule.When.Schedule), was.When.Overdue != rule.When.Overdue, was.When.Of != rule.When.Of,
		old.Settings.Resolution != next.Settings.Resolution:
		return false
	case rule.When.Platform:
		return true
	case rule.When.AtRisk > 0 && old.Settings.RiskIntercept() != next.Settings.RiskIntercept():
		return false
	}
	return maps.EqualFunc(coursesWithDates(old), coursesWithDates(next), func(a, b engine.CourseInfo) bool {
		return a.Starts.Equal(b.Starts) && a.Ends.Equal(b.Ends) && (rule.When.Overdue == 0 && rule.When.Date == nil || slices.EqualFunc(a.Assessments, b.Assessments, isDueAlike))
	})
}

// zoneName returns the name of the zone of learners who have none of their own.
func zoneName(rs *engine.Ruleset) string {
	if rs.Settings.Location == nil {
		return time.UTC.String()
	}
	return rs.Settings.Location.String()
}

// isDueAlike reports whether two entries of courses.yaml are about the same assessment and say the same of when it is due.
func isDueAlike(a, b engine.UnitInfo) bool { return a.ID == b.ID && a.Due.Equal(b.Due) }

// coursesWithDates returns the courses that begin or end at a time that courses.yaml names, or have assessments.
func coursesWithDates(rs *engine.Ruleset) map[string]engine.CourseInfo {
	dated := maps.Clone(rs.Courses)
	maps.DeleteFunc(dated, func(_ string, c engine.CourseInfo) bool {
		return c.Starts.IsZero() && c.Ends.IsZero() && len(c.Assessments) == 0
	})
	return dated
}

// rulesetOfRule is the ruleset with one rule.
func rulesetOfRule(rs *engine.Ruleset, rule *engine.Rule) *engine.Ruleset {
	one := *rs
	one.Rules = []*engine.Rule{rule}
	return &one
}

// Touched are the rules whose live runs the publication may touch.
func (c Change) Touched(mode engine.RunPolicy) []string {
	names := map[string]bool{}
	add := func(lists ...[]string) {
		for _, list := range lists {
			for _, name := range list {
				names[name] = true
			}
		}
	}
	add(c.Lifted)
	switch mode {
	case engine.RunPolicyFinish:
	case engine.RunPolicyCancel:
		add(c.Changed, c.Removed)
	case engine.RunPolicyMigrate:
		add(c.Changed, c.Removed, c.Reworded)
	}
	return slices.Sorted(maps.Keys(names))
}

// Silences reports whether an inactivity rule may fall due at other instants than before, or is new.
func (c Change) Silences() bool { return len(c.silenceChanges) > 0 }

// Wakes reports whether a sleeping learner must be woken, because an inactivity rule falls due for them earlier than it did before
// the change, or is new. What fell due before since does not count: it would be stale.
func (c Change) Wakes(st *engine.Standing, since time.Time) bool {
	for _, s := range c.silenceChanges {
		due, ok := engine.FirstSilence(s.now, st, since)
		if !ok {
			continue
		}
		if s.before == nil {
			return true
		}
		if was, had := engine.FirstSilence(s.before, st, since); !had || due.Before(was) {
			return true
		}
	}
	return false
}

// withOlder adds the rules that differ from an older revision: its runs may still be live.
func (c Change) withOlder(older Change) Change {
	join := func(a, b []string) []string {
		all := append(slices.Clone(a), b...)
		slices.Sort(all)
		return slices.Compact(all)
	}
	c.Changed = join(c.Changed, older.Changed)
	c.Removed = join(c.Removed, older.Removed)
	c.Reworded = join(c.Reworded, older.Reworded)
	return c
}
