package printing

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"homeroom/deadletters"
	"homeroom/internal/cells"
	"homeroom/internal/narrate"
	"homeroom/subjects"
)

// DeadLettersText counts dead letters by reason and lists the newest.
func DeadLettersText(o IO, r *deadletters.Summary) string {
	if r.Total == 0 {
		return "No dead letters.\n"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s.\n", narrate.Count(r.Total, "dead letter"))
	for _, reason := range r.Reasons {
		fmt.Fprintf(&b, "\n%s  %s, %s to %s\n", o.paint("1", cells.Printable(reason.Reason)), narrate.Thousands(reason.Count), minuteText(reason.First), minuteText(reason.Last))
		names := slices.SortedFunc(maps.Keys(reason.Events), func(a, b string) int {
			return cmp.Or(cmp.Compare(reason.Events[b], reason.Events[a]), cmp.Compare(a, b))
		})
		for i, name := range names[:min(3, len(names))] {
			names[i] = fmt.Sprintf("%s %s", cells.Cut(cells.Printable(name), maxEventCells), narrate.Thousands(reason.Events[name]))
		}
		if more := len(names) - 3; more > 0 {
			names = append(names[:3], narrate.Count(more, "other"))
		}
		for _, text := range []string{
			strings.Join(names, ", "),
			fmt.Sprintf("for example %d: %s", reason.Example.Sequence, cells.Printable(reason.Example.Message)),
			reason.Example.Hint,
		} {
			writeWrapped(&b, 2, text)
		}
	}
	if len(r.Letters) == 0 {
		return b.String()
	}
	b.WriteString("\n" + Table(func(row func(...any)) {
		row("SEQ", "REFUSED", "LEARNER", "EVENT", "REASON")
		for _, l := range r.Letters {
			row(l.Sequence, minuteText(l.At), cells.Cut(cells.Printable(l.Learner), maxLearnerCells), cells.Cut(cells.Printable(l.Event), maxEventCells), cells.Cut(cells.Printable(l.Reason), maxReasonCells))
		}
	}))
	if more := r.Total - len(r.Letters); more > 0 {
		fmt.Fprintf(&b, "and %s older.\n", narrate.Thousands(more))
	}
	fmt.Fprintf(&b, "\nLook at one with `homeroom deadletters show %d`.\nSee what can be published again: `homeroom deadletters replay --all --dry-run`.\n", r.Letters[0].Sequence)
	return b.String()
}

// LetterText writes a dead letter for people. The refusal is why it would be refused again; nil: it would be accepted.
func LetterText(l *deadletters.Letter, refusal error) string {
	var b strings.Builder
	b.WriteString(Table(func(row func(...any)) {
		for _, line := range []struct{ name, value string }{
			{"reason", l.Reason}, {"what is wrong", l.Message}, {"what to do", l.Hint},
			{"learner", l.Learner}, {"event", l.Event},
			{"published to", l.Subject},
			{"stored", fmt.Sprintf("%s, as %d in %s", l.Stored.UTC().Format(time.RFC3339), l.Original, subjects.Stream)},
			{"refused", l.At.UTC().Format(time.RFC3339)},
		} {
			if line.value != "" {
				row(line.name, line.value)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(l.Header)) {
			row("header "+name, strings.Join(l.Header[name], ", "))
		}
		switch {
		case refusal != nil:
			row("now", "it would be refused again: "+refusal.Error())
		default:
			row("now", fmt.Sprintf("it would be accepted: homeroom deadletters replay %d", l.Sequence))
		}
	}))
	b.WriteString("\n" + indentBody(l.Body) + "\n")
	if l.Truncated > len(l.Body) {
		fmt.Fprintf(&b, "… the first %s of %s bytes; the rest is gone\n", narrate.Thousands(len(l.Body)), narrate.Thousands(l.Truncated))
	}
	return b.String()
}

// indentBody indents JSON; anything else is quoted where a terminal would not print it.
func indentBody(body []byte) string {
	var out bytes.Buffer
	if utf8.Valid(body) && json.Indent(&out, body, "", "  ") == nil {
		body = out.Bytes()
	}
	lines := strings.Split(string(body), "\n")
	for i, line := range lines {
		lines[i] = cells.Printable(line)
	}
	return strings.Join(lines, "\n")
}
