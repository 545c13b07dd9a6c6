package printing

import (
	"strings"
	"testing"
	"time"

	"homeroom/deadletters"
	"homeroom/internal/cells"
)

// Whatever publishers wrote, the list stays within its lines.
func TestTheListOfDeadLettersKeepsItsWidth(t *testing.T) {
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	plain := deadletters.Summary{Total: 1, Letters: []deadletters.Letter{{Sequence: 12, At: at, Learner: "auth0|7", Event: "certificate.earned", Reason: "learner_mismatch"}}}
	for line := range strings.Lines(DeadLettersText(IO{}, &plain)) {
		if w := cells.Width(strings.TrimRight(line, "\n")); w > 80 {
			t.Errorf("%d cells: %s", w, line)
		}
	}
	for _, hostile := range []string{strings.Repeat("学", 200), strings.Repeat("x", 128), strings.Repeat("a.", 60), "\x1b[2J" + strings.Repeat("\n", 90), strings.Repeat("e\u0301\u0301", 60),
		"\u202e" + strings.Repeat("ab", 60), strings.Repeat("🎓", 40), "a\tb\tc"} {
		r := deadletters.Summary{
			Total: 1_234_567,
			Reasons: []deadletters.ReasonCount{{
				Reason:  "unknown_event",
				Count:   1_234_567,
				Events:  map[string]int{hostile: 1_234_567, hostile + "b": 2, hostile + "c": 3, hostile + "d": 4},
				First:   at,
				Last:    at,
				Example: deadletters.Letter{Sequence: 1_234_567, Message: "unknown event " + hostile, Hint: hostile},
			}},
			Letters: []deadletters.Letter{{Sequence: 1_234_567, At: at, Learner: hostile, Event: hostile, Reason: "learner_mismatch"}},
		}
		text := DeadLettersText(IO{}, &r)
		for line := range strings.Lines(text) {
			line = strings.TrimRight(line, "\n")
			if w := cells.Width(line); w > 100 {
				t.Errorf("%.20q: %d cells: %s", hostile, w, line)
			}
			if strings.ContainsAny(line, "\x1b\t\u202e") {
				t.Errorf("%.20q: a line has what no terminal should get: %q", hostile, line)
			}
		}
	}
}
