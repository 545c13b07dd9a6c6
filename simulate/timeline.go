package simulate

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"homeroom/engine"
	"homeroom/internal/cells"
	"homeroom/internal/narrate"
)

// maxTimelineCells is how wide the columns of learners and of subjects are at most, and kindCells how wide the column of kinds is.
const (
	maxTimelineCells = 36
	kindCells        = 9
)

// WriteTimeline writes one line a decision, printable whoever wrote its texts; paint colors a kind's word and may be nil.
func WriteTimeline(w io.Writer, decisions []engine.Decision, paint func(engine.Kind, string) string) error {
	learners := 0
	subjects := 0
	for i := range decisions {
		subject, _ := narrate.Summary(&decisions[i])
		learners = max(learners, min(cells.Width(cells.Printable(decisions[i].Learner)), maxTimelineCells))
		subjects = max(subjects, min(cells.Width(cells.Printable(subject)), maxTimelineCells))
	}
	for i := range decisions {
		d := &decisions[i]
		subject, why := narrate.Summary(d)
		kind := cells.Pad(cells.Printable(string(d.Kind)), kindCells)
		if paint != nil {
			kind = paint(d.Kind, kind)
		}
		line := fmt.Sprintf("%s  %s  %s  %s  %s", d.At.UTC().Format(narrate.TimeFormat), cells.Pad(cells.Printable(d.Learner), learners), kind,
			cells.Pad(cells.Printable(subject), subjects), cells.Printable(why))
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " ")); err != nil {
			return fmt.Errorf("write timeline: %w", err)
		}
	}
	return nil
}

// WriteTable writes the summary for people: a kind a block, the most frequent first, kinds that never came left out.
func (s *Summary) WriteTable(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s, %s\n", narrate.Count(s.Events, "event"), narrate.Count(s.Learners, "learner"), narrate.Count(s.DeadLetters, "dead letter"))
	width := 0
	for _, kind := range Kinds {
		for key := range s.Count(kind) {
			width = max(width, cells.Width(cells.Printable(key)))
		}
	}
	for _, kind := range Kinds {
		counts := s.Count(kind)
		total := 0
		for _, n := range counts {
			total += n
		}
		if total == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n%s  %10s\n", cells.Pad(string(kind), width+2), narrate.Thousands(total))
		keys := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
			return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
		})
		for _, key := range keys {
			fmt.Fprintf(&b, "  %s  %10s\n", cells.Pad(cmp.Or(cells.Printable(key), "(none)"), width), narrate.Thousands(counts[key]))
		}
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write summary: %w", err)
	}
	return nil
}

// ParseUntil reads the end of a simulation: an RFC 3339 time, a date (its first instant in UTC), or "+10d", a time
// after the last event (d and w as in rules). Exactly one of the results is set.
func ParseUntil(text string) (until time.Time, after time.Duration, err error) {
	if offset, ok := strings.CutPrefix(text, "+"); ok {
		after, err = engine.ParseDuration(offset)
		if err != nil {
			return time.Time{}, 0, err
		}
		return time.Time{}, after, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), 0, nil
		}
	}
	return time.Time{}, 0, fmt.Errorf("%q is no time; write 2026-03-02T10:00:00Z, 2026-03-02 or +10d", text)
}
