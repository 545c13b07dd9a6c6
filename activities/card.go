package activities

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"homeroom/engine"
	"homeroom/internal/narrate"
	"homeroom/workflows"
)

// What a card shows at the most. Temporal keeps 20 KB of details, and every decision records them.
const (
	maxCardCourses = 8
	maxCardRuns    = 10
	maxCardBytes   = 16 << 10
	maxAttribute   = 50 // entries of a search attribute
	// maxAttributeBytes bounds a search attribute's JSON: Temporal terminates a workflow that sets one of over 2,048 bytes.
	maxAttributeBytes = 2000
)

// Scene is what a card is drawn from: a learner just after a decision.
type Scene struct {
	Env    engine.Env
	State  engine.State
	Now    time.Time
	WakeAt time.Time // zero: nothing happens before an event
}

// Card says how things stand in sentences, for an operator who looks at one learner at night.
func (s Scene) Card() workflows.Card {
	var b strings.Builder
	fmt.Fprintf(&b, "Learner **%s**, as of %s%s.\n", plainText(s.State.Learner), formatMoment(s.Now), localTime(s.Now, s.Env.Profile.Timezone))
	if note := s.reachableSentence(); note != "" {
		fmt.Fprintf(&b, "\n%s\n", note)
	}
	writeSection(&b, "Courses", s.courseSentences())
	writeSection(&b, "Under way", s.runSentences())
	b.WriteString("\n**Next**: " + s.nextSentence() + "\n")
	writeSection(&b, "Last decisions", s.recentSentences())
	return workflows.Card{Details: clipText(b.String(), maxCardBytes), Courses: s.openCourses(), Rules: s.liveRules()}
}

func writeSection(b *strings.Builder, title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(b, "\n**%s**\n\n", title)
	for _, line := range lines {
		b.WriteString("- " + line + "\n")
	}
}

// reachableSentence says what keeps every message from going out; it is empty if nothing does.
func (s Scene) reachableSentence() string {
	switch p := s.Env.Profile; {
	case p.Reach[engine.ChannelEmail].Suppressed && !p.Reach[engine.ChannelEmail].SuppressedUntil.IsZero():
		return "Nothing is sent: " + p.RefusalDetail(engine.ReasonSuppressed, engine.ChannelEmail) + "."
	case p.Reach[engine.ChannelEmail].Suppressed:
		return "Nothing is sent: the address is suppressed."
	case !p.Reach[engine.ChannelEmail].Known:
		return "Nothing is sent: no address is known."
	case p.Consent != nil && !*p.Consent:
		return "Nothing is sent: the learner did not consent."
	default:
		return ""
	}
}

// courseSentences say how far the learner is in each course, open courses first.
func (s Scene) courseSentences() []string {
	ids := make([]string, 0, len(s.Env.Standing.Courses))
	for id := range s.Env.Standing.Courses {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int {
		if oa, ob := isOpen(s.Env.Standing.Courses[a]), isOpen(s.Env.Standing.Courses[b]); oa != ob {
			if oa {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	var lines []string
	for i, id := range ids {
		if i == maxCardCourses {
			return append(lines, fmt.Sprintf("and %d more", len(ids)-i))
		}
		lines = append(lines, s.courseSentence(id, s.Env.Standing.Courses[id]))
	}
	return lines
}

func (s Scene) courseSentence(id string, c *engine.Course) string {
	name := plainText(id)
	if title := s.courseTitle(id, c); title != "" {
		name = fmt.Sprintf("%s (%s)", plainText(title), name)
	}
	var parts []string
	switch {
	case isAfter(c.CompletedAt, c.EnrolledAt):
		parts = append(parts, "completed "+formatMoment(c.CompletedAt))
	case isAfter(c.CancelledAt, c.EnrolledAt):
		parts = append(parts, "canceled "+formatMoment(c.CancelledAt))
	default:
		progress := c.ProgressNow()
		if !progress.At.IsZero() {
			parts = append(parts, fmt.Sprintf("%.0f %% done", progress.Pct))
		}
		switch {
		case progress.Total > 0:
			parts = append(parts, fmt.Sprintf("%d of %d lessons", progress.Done, progress.Total))
		case progress.Done > 0:
			parts = append(parts, countNoun(progress.Done, "lesson"))
		}
		switch {
		case len(c.Active) > 0:
			parts = append(parts, "last active "+formatMoment(time.UnixMilli(c.Active[len(c.Active)-1])))
		case !c.EnrolledAt.IsZero():
			parts = append(parts, "enrolled "+formatMoment(c.EnrolledAt)+", not active since")
		}
	}
	if len(parts) == 0 {
		return name
	}
	return name + ": " + strings.Join(parts, ", ")
}

func (s Scene) courseTitle(id string, c *engine.Course) string {
	if s.Env.Current != nil {
		if info := s.Env.Current.Courses[id]; info.Title != "" {
			return info.Title
		}
	}
	return c.Title
}

// runSentences say what each live run does next, and which deliveries have no outcome yet.
func (s Scene) runSentences() []string {
	var lines []string
	for _, f := range s.State.PendingDeliveries {
		line := fmt.Sprintf("*%s*%s is delivering *%s* by %s", plainText(f.Send.Rule), scopeWords(f.Send.Scope), plainText(f.Send.Message), plainText(f.Send.Channel))
		if f.ExitReason != "" {
			line += ", though it has ended: " + plainText(narrate.Reason(f.ExitReason))
		}
		lines = append(lines, line)
	}
	live := slices.DeleteFunc(slices.Clone(s.State.Runs), func(r engine.Run) bool { return r.Ended || s.isDelivering(r.ID) })
	for i, r := range live {
		if i == maxCardRuns {
			return append(lines, fmt.Sprintf("and %d more", len(live)-i))
		}
		lines = append(lines, fmt.Sprintf("*%s*%s %s", plainText(r.Rule), scopeWords(r.Scope), s.planSentence(r)))
	}
	return lines
}

// planSentence says what a run waits for.
func (s Scene) planSentence(r engine.Run) string {
	at := formatMoment(r.Due) + localTime(r.Due, s.Env.Profile.Timezone)
	in := s.currentStep(r)
	switch {
	case r.Due.IsZero():
		return "waits for the end of a delivery"
	case !r.Due.After(s.Now):
		return "was due on " + at + " and waits for the stream"
	case in != nil && in.Op == engine.OpWaitFor && in.Match != nil:
		return fmt.Sprintf("waits for %s until %s", plainText(in.Match.Event), at)
	case in != nil && in.Collect != nil:
		return fmt.Sprintf("collects *%s* until %s, %s", plainText(in.As), at, collectedWords(r, in.As))
	case in != nil && in.Send != nil && !r.FirstDue.IsZero() && r.FirstDue.Before(r.Due):
		return fmt.Sprintf("will send *%s* on %s, put off since %s", plainText(in.Send.Message), at, formatMoment(r.FirstDue))
	case in != nil && in.Send != nil:
		return fmt.Sprintf("will send *%s* on %s", plainText(in.Send.Message), at)
	default:
		return "will act on " + at
	}
}

// collectedWords says how much a run has gathered under a name.
func collectedWords(r engine.Run, name string) string {
	for i := range r.Awaited {
		if r.Awaited[i].Name == name {
			count, _ := r.Awaited[i].Event.Number(engine.CollectedCount)
			return fmt.Sprintf("%.0f so far", count)
		}
	}
	return "none so far"
}

// currentStep returns the step that a run waits in, or the next one if it waits in a plain wait; nil if the run's
// revision cannot be read.
func (s Scene) currentStep(r engine.Run) *engine.Instr {
	if s.Env.Revision == nil {
		return nil
	}
	rs := s.Env.Revision(r.Revision)
	if rs == nil {
		return nil
	}
	rule := rs.Rule(r.Rule)
	if rule == nil {
		return nil
	}
	pc := r.PC
	if r.Waiting && pc < len(rule.Program) && rule.Program[pc].Op != engine.OpWaitFor && rule.Program[pc].Op != engine.OpCollect {
		pc++
	}
	if pc >= len(rule.Program) {
		return nil
	}
	return &rule.Program[pc]
}

func (s Scene) isDelivering(run string) bool {
	return slices.ContainsFunc(s.State.PendingDeliveries, func(f engine.PendingDelivery) bool { return f.Send.Run == run })
}

// Next says in a few words what happens at WakeAt, as the timer's summary; empty if nothing is due.
func (s Scene) Next() string {
	if s.WakeAt.IsZero() {
		return ""
	}
	return "next: " + s.nextThing()
}

func (s Scene) nextThing() string {
	behind := false
	for _, r := range s.State.Runs {
		switch {
		case r.Ended || r.Due.IsZero() || s.isDelivering(r.ID):
		case r.Due.Equal(s.WakeAt):
			return r.Rule + " acts"
		case !r.Due.After(s.Now):
			behind = true
		}
	}
	if behind {
		return "looks whether the stream has caught up"
	}
	if unit := s.nextOverdue(); unit != "" {
		return "looks whether " + unit + " has been handed in"
	}
	if s.Env.Current != nil {
		var silent []string
		for _, rule := range s.Env.Current.Rules {
			if rule.When.Inactive > 0 || rule.When.Schedule != nil || rule.When.Date != nil {
				silent = append(silent, rule.Name)
			}
		}
		if len(silent) == 1 {
			return silent[0] + " looks for activity"
		}
	}
	return "looks for activity"
}

// nextOverdue returns what is looked at next because it may be overdue, such as assessment_id=a1; empty: something else is due first.
func (s Scene) nextOverdue() string {
	if s.Env.Current == nil || s.Env.Standing == nil {
		return ""
	}
	for _, pending := range engine.PendingSilences(s.Env, s.State, s.Now) {
		if pending.Due.Equal(s.WakeAt) {
			return pending.Unit
		}
	}
	return ""
}

func (s Scene) nextSentence() string {
	if s.WakeAt.IsZero() {
		return "nothing is due; sleeps until an event comes."
	}
	return fmt.Sprintf("%s on %s%s.", plainText(s.nextThing()), formatMoment(s.WakeAt), localTime(s.WakeAt, s.Env.Profile.Timezone))
}

// recentSentences describe the last decisions, newest first.
func (s Scene) recentSentences() []string {
	var lines []string
	for _, d := range slices.Backward(s.State.Recent) {
		lines = append(lines, fmt.Sprintf("%s: *%s*%s · %s", formatMoment(d.At), plainText(d.Rule), scopeWords(d.Scope), narrate.Decision(&d, cardStyle)))
	}
	return lines
}

func (s Scene) openCourses() []string {
	var ids []string
	for id, c := range s.Env.Standing.Courses {
		if isOpen(c) {
			ids = append(ids, id)
		}
	}
	return sortedIDs(ids)
}

func (s Scene) liveRules() []string {
	var names []string
	for _, r := range s.State.Runs {
		if !r.Ended {
			names = append(names, r.Rule)
		}
	}
	return sortedIDs(names)
}

// sortedIDs sorts a list for a search attribute, without repeats. Ids for which the attribute has no room are left out.
func sortedIDs(list []string) []string {
	slices.Sort(list)
	list = slices.Compact(list)
	list = list[:min(len(list), maxAttribute)]
	size := len("[]")
	for i, text := range list {
		entry, err := json.Marshal(text)
		if size += len(entry) + len(","); err != nil || size > maxAttributeBytes {
			return list[:i]
		}
	}
	return list
}

func isOpen(c *engine.Course) bool {
	return !isAfter(c.CompletedAt, c.EnrolledAt) && !isAfter(c.CancelledAt, c.EnrolledAt)
}

// isAfter reports whether t is known and not before the (latest) enrollment.
func isAfter(t, enrolled time.Time) bool { return !t.IsZero() && !t.Before(enrolled) }

func scopeWords(s string) string {
	if s == "" {
		return ""
	}
	return " (" + plainText(s) + ")"
}

func countNoun(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
