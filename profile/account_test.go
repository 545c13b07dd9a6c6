package profile

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"homeroom/engine"
)

// Statements are given as the trait they carry, "-" for none; "!" before it for feedback.
func TestUpdatesKeepTheOrder(t *testing.T) {
	for said, want := range map[string]string{
		"":            "",
		"- -":         "",
		"a - b":       "a b (3)",
		"a b !- c":    "a b (2) | ! c (4)",
		"a !b c":      "a (1) | ! b c (3)",
		"!- !a !-":    "! (1) | ! a (2) | ! (3)",
		"- - !- - b":  "! b (5)",
		"a !- b !- c": "a (1) | ! b (3) | ! c (5)",
	} {
		var statements []Statement
		for _, word := range strings.Fields(said) {
			rest, feedback := strings.CutPrefix(word, "!")
			var s Statement
			if feedback {
				s.Feedback.Leave = true
			}
			if rest != "-" {
				s.Traits = map[string]any{"name": rest}
			}
			statements = append(statements, s)
		}
		var got []string
		for _, u := range Updates(statements) {
			text := ""
			if u.Feedback.Leave {
				text = "! "
			}
			for _, s := range u.Traits {
				text += fmt.Sprint(s.Traits["name"], " ")
			}
			got = append(got, fmt.Sprintf("%s(%d)", text, u.Upto))
		}
		if strings.Join(got, " | ") != want {
			t.Errorf("%q: got %q, want %q", said, strings.Join(got, " | "), want)
		}
	}
}

func TestAStatementIsNeverFromTheFuture(t *testing.T) {
	arrival := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	ev := engine.Event{Name: "email.unsubscribed", Time: arrival.Add(time.Hour), Properties: map[string]any{"topic": "offers"}}
	s := StatementOf(&ev, nil, arrival)
	if !s.At.Equal(arrival) || s.Feedback.Topic != "offers" || s.IsEmpty() {
		t.Errorf("got %+v", s)
	}
	ev = engine.Event{Name: "lesson.completed", Time: arrival.Add(-time.Hour)}
	if s := StatementOf(&ev, nil, arrival); !s.At.Equal(ev.Time) || !s.IsEmpty() {
		t.Errorf("got %+v", s)
	}
}
