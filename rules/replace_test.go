package rules_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"homeroom/rules"
)

// applyReplacement returns a file with a replacement applied.
func applyReplacement(content string, r *rules.Replacement) string {
	lines := strings.Split(content, "\n")
	line := []rune(lines[r.Start.Line-1])
	lines[r.Start.Line-1] = string(line[:r.Start.Col-1]) + r.Text + string(line[r.End.Col-1:])
	return strings.Join(lines, "\n")
}

// TestReplacementsMend applies each replacement of the cases in testdata/bad: the problem that it belongs to is gone.
func TestReplacementsMend(t *testing.T) {
	cases, err := filepath.Glob("testdata/bad/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	applied := 0
	for _, name := range cases {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files := map[string]string{}
		for _, f := range archive.Files {
			if f.Name != "want" {
				files[f.Name] = string(f.Data)
			}
		}
		_, problems := rules.Load(withBase(files), ".")
		for _, p := range problems {
			if p.EndCol != 0 && (p.EndCol <= p.Col || p.EndCol > len([]rune(p.Source))+1) {
				t.Errorf("%s: %s ends at column %d of %q", name, p.Head(), p.EndCol, p.Source)
			}
			if p.Replacement == nil {
				continue
			}
			applied++
			mended := map[string]string{}
			for file, content := range files {
				mended[file] = content
			}
			mended[p.File] = applyReplacement(files[p.File], p.Replacement)
			_, after := rules.Load(withBase(mended), ".")
			for _, left := range after {
				if left.File == p.File && left.Line == p.Line && left.Col == p.Col && left.Message == p.Message {
					t.Errorf("%s: %s is still there with %+v:\n%s", name, p.Head(), *p.Replacement, mended[p.File])
				}
			}
		}
	}
	if applied < 20 {
		t.Errorf("only %d problems have a replacement", applied)
	}
}

// TestEndsAndReplacements says for each kind of text what is underlined and what is put in its place.
func TestEndsAndReplacements(t *testing.T) {
	rule := func(lines ...string) string {
		return "rule: r\nwhen:\n  event: assessment.graded\n" + strings.Join(lines, "\n") + "\n"
	}
	const send = "do: [{send: hello}]"
	for _, c := range []struct {
		name, text, wrong, becomes string
	}{
		{"a key", rule("holdaut: 10%", send), "holdaut", "holdout: 10%"},
		{"a value", rule("do:", "  - send: hallo  # the greeting"), "hallo", "- send: hello  # the greeting"},
		{"a value in quotes", rule(`do: [{send: "hallo"}]`), `"hallo"`, `{send: "hello"}`},
		{"an event", "rule: r\nwhen: {event: assessment.gradet}\n" + send + "\n", "assessment.gradet", "event: assessment.graded}"},
		{"a property in a condition", rule("do:", "  - if: event2 == trigger.pased", "    then: [{send: hello}]"), "pased", "trigger.passed"},
		{"a word in a condition", rule("do:", "  - {if: triger.passed, then: [{send: hello}]}"), "triger", "trigger.passed"},
		{"and in a condition", rule("do:", "  - if: 'trigger.passed and has(trigger.score)'", "    then: [{send: hello}]"), "", "trigger.passed && has"},
		{"a condition of several lines", rule("do:", "  - if: >-", "      trigger.passed", "      && trigger.pased", "    then: [{send: hello}]"), "pased", "&& trigger.passed"},
		{"a step", rule("do:", "  - sent: hello"), "sent", "- send: hello"},
		{"the name", "rule: rr\nwhen: {event: assessment.graded}\n" + send + "\n", "rr", "rule: r\n"},
		{"a percentage", rule("holdout: 0.1", "goal: {event: course.completed, within: 7d, any: true}", send), "0.1", "holdout: 10%"},
		{"letters of two bytes before it", rule("do: [{send: hello, with: {a: '\"ä\" + trigger.grade_x'}}]"), "grade_x", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, problems := rules.Load(withBase(map[string]string{"rules/r.yaml": c.text}), ".")
			for _, p := range problems {
				if p.File != "rules/r.yaml" || p.EndCol == 0 {
					continue
				}
				wrong := string([]rune(p.Source)[p.Col-1 : p.EndCol-1])
				if c.wrong != "" && wrong != c.wrong {
					continue
				}
				if c.becomes == "" {
					return
				}
				if p.Replacement == nil {
					t.Fatalf("nothing is put in its place: %s", p.Error())
				}
				if got := applyReplacement(c.text, p.Replacement); !strings.Contains(got, c.becomes) {
					t.Errorf("it becomes\n%s", got)
				}
				return
			}
			t.Errorf("no problem is about %q:\n%s", c.wrong, printed(t, problems))
		})
	}
}
