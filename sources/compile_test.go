package sources_test

import (
	"strings"
	"testing"
	"time"

	"homeroom/sources"
)

// Every mistake is said with its place, and with the nearest name.
func TestProblemsOfAFile(t *testing.T) {
	for _, tc := range []struct{ name, file, want string }{
		{"an unknown shipped source", "sources:\n  openedz:\n", `s.yaml:2:3: Homeroom ships no source "openedz"; did you mean openedx?`},
		{"no condition", "sources:\n  lms:\n    event: body.x\n    taxonomy: true\n", `does not say how its bodies are recognised`},
		{"no name, and only names to ignore", "sources:\n  lms:\n    recognise: has(body.kind)\n    ignore: ['*']\n", `does not say where a body names its event`},
		{"an unknown variable", "sources:\n  lms:\n    recognise: has(bdy.kind)\n    event: body.kind\n    taxonomy: true\n", `s.yaml:3:20: "bdy" means nothing here; did you mean body?`},
		{"an unknown function", "sources:\n  lms:\n    recognise: milis(body.at) == body.x\n    event: body.kind\n    taxonomy: true\n", `s.yaml:3:16: "milis" means nothing here; did you mean millis?`},
		{"syntax", "sources:\n  lms:\n    recognise: has(body.kind\n    event: body.kind\n    taxonomy: true\n", `this is not an expression`},
		{"a condition that is a text", "sources:\n  lms:\n    recognise: '\"x\"'\n    event: body.kind\n    taxonomy: true\n", `recognise of lms must give true or false, this gives string`},
		{"an unknown event", "sources:\n  lms:\n    recognise: has(body.kind)\n    event: body.kind\n    events:\n      done: lesson.complete\n", `s.yaml:6:13: there is no event lesson.complete; did you mean lesson.completed?`},
		{"a missing key", "sources:\n  lms:\n    recognise: has(body.kind)\n    event: body.kind\n    events:\n      done: lesson.completed\n", `lesson.completed needs lesson_id; add lesson_id: to its properties`},
		{"an unknown property", "sources:\n  lms:\n    recognise: has(body.kind)\n    event: body.kind\n    events:\n      done: {as: lesson.completed, properties: {lesson_id: body.l, cuorse_id: body.c}}\n", `s.yaml:6:68: lesson.completed has no property "cuorse_id"; did you mean course_id?`},
		{"a trait in another spelling", "sources:\n  lms:\n    recognise: has(body.kind)\n    event: body.kind\n    taxonomy: true\n    traits: {firstName: body.f}\n", `did you mean first_name?`},
		{"no zone", "sources:\n  lms:\n    recognise: has(body.kind)\n    event: body.kind\n    taxonomy: true\n    zone: Berlin\n", `"Berlin" is not a time zone`},
		{"neither of two", "sources:\n  lms:\n    recognise: has(body.kind)\n    event: body.kind\n    taxonomy: true\n    nulls: drop\n", `s.yaml:6:12: "drop" is neither; write ignore`},
		{"a twin", "sources:\n  openedx:\n  other: {base: openedx}\n", `warning: other recognises the same bodies as openedx, which stands first and reads them all (shared-bodies)`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, problems := sources.Compile("s.yaml", []byte(tc.file), builtin(t))
			if !strings.Contains(problems.Error(), tc.want) {
				t.Errorf("got %q, want %q", problems.Error(), tc.want)
			}
		})
	}
}

// What bodies of the world have: numbers as ids, epochs, times without a zone, data as text, versions in names.
func TestForeignValues(t *testing.T) {
	known := builtin(t)
	set, problems := sources.Compile("s.yaml", []byte(`
sources:
  lms:
    recognise: has(body.kind)
    event: without(body.kind, ".v1")
    learner: body.user
    id: body.ref
    zone: Europe/Berlin
    time: 'has(body.ms) ? millis(body.ms) : body.at'
    events:
      done: {as: lesson.completed, properties: {lesson_id: json(body.data).lesson, course_id: body.course, duration_seconds: iso_seconds(body.took), lesson_number: double(body.part) / double(body.of)}}
    ignore: ["page_*"]
`), known)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	c := known.WithTranslator(set)
	for _, tc := range []struct{ name, body, want string }{
		{"milliseconds", `{"kind":"done.v1","user":7,"ref":12,"ms":1772445600000,"data":"{\"lesson\":\"l1\"}","took":"PT1M30S"}`, "lesson.completed 7 12 2026-03-02T10:00:00Z l1 90"},
		{"without a zone", `{"kind":"done","user":"u","ref":"a","at":"2026-03-02 11:00:00","data":{"lesson":4}}`, "lesson.completed u a 2026-03-02T10:00:00Z 4 <nil>"},
		{"an offset without a colon", `{"kind":"done","user":"u","ref":"a","at":"2026-03-02T11:00:00+0100","data":{"lesson":"l1"}}`, "lesson.completed u a 2026-03-02T10:00:00Z l1 <nil>"},
		{"ignored", `{"kind":"page_close"}`, "ignored"},
		{"an unknown name", `{"kind":"doen"}`, "unknown_event: did you mean done?"},
		{"no time where one is read", `{"kind":"done","user":"u","ref":"a","data":{"lesson":"l1"}}`, "bad_time"},
		{"a number as time", `{"kind":"done","user":"u","ref":"a","at":1772445600,"data":{"lesson":"l1"}}`, "millis(…) or seconds(…)"},
		{"an id that is not exact", `{"kind":"done","user":90071992547409931,"at":"2026-03-02T11:00:00Z","data":{"lesson":"l1"}}`, "too large to be exact"},
		{"an id that another is read as", `{"kind":"done","user":9007199254740993,"at":"2026-03-02T11:00:00Z","data":{"lesson":"l1"}}`, "too large to be exact"},
		{"the year 1", `{"kind":"done","user":"u","at":"0001-01-01T00:00:00Z","data":{"lesson":"l1"}}`, "bad_time"},
		{"a share of nothing", `{"kind":"done","user":"u","at":"2026-03-02T11:00:00Z","data":{"lesson":"l1"},"part":0,"of":0}`, "division by zero"},
		{"a number in name only", `{"kind":"done","user":"u","at":"2026-03-02T11:00:00Z","data":{"lesson":"l1"},"part":"Inf","of":1}`, "division by zero"},
		{"a duration that is none", `{"kind":"done","user":"u","at":"2026-03-02T11:00:00Z","data":{"lesson":"l1"},"took":"long"}`, "none of ISO 8601"},
		{"a missing key", `{"kind":"done","user":"u","at":"2026-03-02T11:00:00Z","data":{}}`, "missing_key"},
		{"nobody", `{"kind":"done","at":"2026-03-02T11:00:00Z","data":{"lesson":"l1"}}`, "bad_learner"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d, problem := c.Decode("", "", []byte(tc.body), received)
			got := ""
			if problem != nil {
				got = problem.Code + ": " + problem.Hint + "; " + problem.Message
			} else {
				p := d.Event.Properties
				got = strings.Join([]string{d.Event.Name, d.Event.Learner, d.Event.ID, d.Event.Time.Format(time.RFC3339), p["lesson_id"].(string), textOf(p["duration_seconds"])}, " ")
			}
			if !strings.Contains(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// A condition that always fails is told, and so are bodies that two sources recognize.
func TestTryTellsOfConditions(t *testing.T) {
	known := builtin(t)
	set, problems := sources.Compile("s.yaml", []byte(`
sources:
  never: {recognise: body.kind > 3, event: body.kind, taxonomy: true}
  one: {recognise: has(body.kind), event: body.kind, taxonomy: true}
  two: {recognise: has(body.user), event: body.kind, taxonomy: true}
`), known)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	trial := sources.Try(known.WithTranslator(set), set, []byte("{\"kind\":\"a\",\"user\":1}\n{\"kind\":\"b\"}\n"), noon)
	if trial.Broken["never"] == "" || len(trial.Broken) != 1 || trial.Shared["one, two"] != 1 {
		t.Errorf("broken %v, shared %v", trial.Broken, trial.Shared)
	}
	if s := trial.Suggest(known); !strings.Contains(s, `"a": `) {
		t.Errorf("suggested %q", s)
	}
}
