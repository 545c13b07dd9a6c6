package sources_test

import (
	"strings"
	"testing"

	"homeroom/sources"
)

// TestWhatATestSays: a test that comes out otherwise, and a mistake in a file of tests, are told at their place.
func TestWhatATestSays(t *testing.T) {
	known := builtin(t)
	set, problems := sources.Compile("s.yaml", []byte(`sources: {lms: {recognise: has(body.kind), event: 'has(body.kind) ? body.kind : headers["x-kind"]', learner: body.user, time: body.?at, events: {done: {as: lesson.completed, properties: {lesson_id: body.l}}}, ignore: [ping]}}`), known)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, test, says string }{
		{"right", `{test: a, body: {kind: done, user: 7, l: l1}, expect: {event: lesson.completed, learner: "7", properties: {lesson_id: l1}}}`, ""},
		{"a body as text", `{test: a, body: '{"kind":"ping"}', expect: ignored}`, ""},
		{"headers", `{test: a, source: lms, headers: {x-kind: done}, body: {user: 7, l: l1}, expect: {event: lesson.completed}}`, ""},
		{"no time", `{test: a, body: {kind: done, user: 7, l: l1}, expect: {time: "2026-01-01T00:00:00Z"}}`, ""},
		{"another event", `{test: a, body: {kind: done, user: 7, l: l1}, expect: {event: course.completed}}`, `t.yaml:1:63: event is expected to be "course.completed", and is "lesson.completed"`},
		{"another property", `{test: a, body: {kind: done, user: 7, l: l1}, expect: {properties: {lesson_id: l2}}}`, `is expected to be {"lesson_id":"l2"}, and is {"lesson_id":"l1"}`},
		{"refused instead", `{test: a, body: {kind: lost, user: 7}, expect: {event: lesson.completed}}`, "an event is expected, and it is refused (unknown_event)"},
		{"not refused", `{test: a, body: {kind: ping}, expect: {refused: unknown_event}}`, "is expected to be refused as unknown_event, and is ignored"},
		{"not ignored", `{test: a, body: {kind: done, user: 7, l: l1}, expect: ignored}`, "is expected to be ignored, and is the event lesson.completed"},
		{"no such source", `{test: a, source: lns, body: {}, expect: ignored}`, `sources.yaml has no source "lns"; did you mean lms?`},
		{"a key", `{test: a, bdoy: {}, expect: ignored}`, `has no key "bdoy"; did you mean body?`},
		{"no word", `{test: a, body: {kind: ping}, expect: nothing}`, `"nothing" says not what comes out`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			results, problems := sources.RunTests("t.yaml", []byte(tt.test), known.WithTranslator(set), set, func(string) bool { return true })
			if len(results) != 1 || results[0].Passed != (tt.says == "") {
				t.Errorf("%+v", results)
			}
			text := ""
			if err := problems.Err(); err != nil {
				text = err.Error()
			}
			if tt.says == "" && text != "" || !strings.Contains(text, tt.says) {
				t.Errorf("it says %q, not %q", text, tt.says)
			}
		})
	}
}

// FuzzRunTests reads any file of tests: it neither panics nor passes what is wrong.
func FuzzRunTests(f *testing.F) {
	f.Add("{test: a, body: {kind: done}, expect: {event: lesson.completed, properties: {a: [1, null]}}}\n---\n{test: b, body: x, expect: ignored}")
	f.Add("test: a\nsource: lms\nheaders: {a: b}\nbody: '{'\nexpect: {refused: unreadable}")
	known := builtin(f)
	f.Fuzz(func(t *testing.T, text string) {
		results, problems := sources.RunTests("t.yaml", []byte(text), known, nil, func(string) bool { return true })
		for _, r := range results {
			if !r.Passed && problems.Err() == nil {
				t.Errorf("%+v failed, and nothing says why", r)
			}
		}
	})
}
