package content

import (
	"strings"
	"testing"
)

// Errors are kept, in decisions and in Temporal: what a learner's values say is not for them.
func TestErrorsHoldNoValues(t *testing.T) {
	failed := 0
	for _, body := range []string{
		`{% button "Go" learner.traits.website %}`,
		`{% button "Go" "{{ learner.traits.website }}/x" %}`,
		`{{ learner.traits.website | plus: 1 }}`,
		`{{ learner.traits.website | divided_by: 0 }}`,
		`{{ learner.traits.website | map: "x" }}`,
		`{{ learner.traits.website | slice: learner.traits.website }}`,
		`{{ learner.traits.website | round }}`,
		`{{ 1 | plus: learner.traits.website }}`,
		`{{ 1 | round: learner.traits.website }}`,
		`{{ "abc" | truncate: learner.traits.website }}`,
	} {
		m, err := Parse("m.md", []byte("---\nsubject: Hi\n---\n"+body+"\n"))
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		l, err := NewLibrary([]*Message{m}, Site{Sender: Sender{From: "a@academy.example", PostalAddress: "x"}})
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		v := SampleVars(nil)
		v.Learner.Traits["website"] = "Ada %Lovelace ada%40example.org"
		if _, err = l.Render("m", "", v); err != nil {
			failed++
			if strings.Contains(err.Error(), "Lovelace") {
				t.Errorf("%s tells who it was: %v", body, err)
			}
		}
	}
	if failed < 5 {
		t.Errorf("only %d of the messages failed: this tests nothing any more", failed)
	}
}

func TestWhoIsAMinor(t *testing.T) {
	for value, want := range map[any]bool{
		true: true, false: false, "true": true, "yes": true, "ja": true, "1": true, "no": false, "false": false, "0": false, "": false, 1.0: true, 0.0: false, nil: false,
	} {
		if got := IsMinor(map[string]any{"is_minor": value}); got != want {
			t.Errorf("is_minor %v: %t, want %t", value, got, want)
		}
	}
}
