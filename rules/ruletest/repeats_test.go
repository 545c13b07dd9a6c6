package ruletest_test

import (
	"testing"
	"testing/fstest"

	"homeroom/rules"
	"homeroom/rules/ruletest"
)

// TestARepeatOfACountedEvent: a lesson that was not the third starts nothing when it is sent once more after the third.
func TestARepeatOfACountedEvent(t *testing.T) {
	academy, problems := rules.Load(fstest.MapFS{
		"settings.yaml":     {Data: []byte("sender: {from: maya@academy.example, name: Academy}\n")},
		"rules/third.yaml":  {Data: []byte("rule: third\nwhen:\n  event: lesson.completed\n  if: count(\"lesson.completed\", \"7d\") == 3\nagain: always\ndo:\n  - {send: third, channel: email}\n")},
		"messages/third.md": {Data: []byte("---\nsubject: The third\n---\nWell done\n")},
	}, ".")
	if academy == nil {
		t.Fatal(problems)
	}
	tests, problems := ruletest.Parse("tests/t.yaml", []byte(`
test: the third lesson, and two repeats
start: 2026-03-02T10:00:00Z
learner: {traits: {email: ada@example.org}}
events:
  - {at: +0s, id: e0, event: lesson.completed, properties: {lesson_id: l0}}
  - {at: +1h, id: e1, event: lesson.completed, properties: {lesson_id: l1}}
  - {at: +2h, id: e2, event: lesson.completed, properties: {lesson_id: l2}}
  - {at: +3h, id: e0, event: lesson.completed, properties: {lesson_id: l0}}
  - {at: +4h, id: e1, event: lesson.completed, properties: {lesson_id: l1}}
until: +1d
expect:
  - {at: +2h, sent: third}
`))
	if len(tests) != 1 {
		t.Fatal(problems)
	}
	prepared, problems := tests[0].Prepare(ruletest.Folder{Ruleset: academy.Ruleset, Catalog: academy.Catalog})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if res := prepared.Run(nil); !res.Passed {
		t.Error(diff(t, res))
	}
}
