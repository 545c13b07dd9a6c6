package catalog_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"homeroom/catalog"
	"homeroom/internal/yamlfile"
)

const team = `
events:
  webinar.attended:
    category: community
    volume: low
    activity: true
    about: A learner attends a webinar.
    keys: [webinar_id, course_id]
    required: [webinar_id]
    properties:
      webinar_id: string
      course_id: string
      minutes: number
      starts_at: timestamp
      host: learner
  badge.earned:
  lesson.completed:
    properties: {mood: string, cohort_id: string}
    keys: [cohort_id]
`

func TestExtend(t *testing.T) {
	base := builtin(t)
	c, err := base.Extend("catalog.yaml", []byte(team))
	if err != nil {
		t.Fatal(err)
	}
	webinar, _ := c.Event("webinar.attended")
	want := &catalog.Event{
		Name:     "webinar.attended",
		Category: "community",
		Volume:   catalog.Low,
		Activity: true,
		About:    "A learner attends a webinar.",
		Keys:     []string{"webinar_id", "course_id"},
		Properties: []catalog.Property{
			{Name: "webinar_id", Type: catalog.String, Required: true},
			{Name: "course_id", Type: catalog.String},
			{Name: "minutes", Type: catalog.Number},
			{Name: "starts_at", Type: catalog.Timestamp},
			{Name: "host", Type: catalog.String, Learner: true},
		},
	}
	if diff := cmp.Diff(want, webinar); diff != "" {
		t.Errorf("webinar.attended (-want +got):\n%s", diff)
	}
	badge, _ := c.Event("badge.earned")
	if diff := cmp.Diff(&catalog.Event{Name: "badge.earned", Category: "custom", Volume: catalog.Medium}, badge); diff != "" {
		t.Errorf("badge.earned (-want +got):\n%s", diff)
	}
	lesson, _ := c.Event("lesson.completed")
	if p, ok := lesson.Property("mood"); !ok || p.Type != catalog.String || !lesson.Activity {
		t.Errorf("lesson.completed = %+v, want it with a mood", lesson)
	}
	if diff := cmp.Diff([]string{"lesson_id", "course_id", "cohort_id"}, lesson.Keys); diff != "" {
		t.Errorf("keys of lesson.completed (-want +got):\n%s", diff)
	}
	if got, want := len(c.Events()), len(base.Events())+2; got != want {
		t.Errorf("%d events, want %d", got, want)
	}

	if _, ok := base.Event("webinar.attended"); ok {
		t.Error("the catalog that was extended knows the new event")
	}
	if old, _ := base.Event("lesson.completed"); len(old.Keys) != 2 {
		t.Errorf("the catalog that was extended has new keys: %v", old.Keys)
	}

	_, derr := c.Decode("u", "webinar.attended", []byte(`{"id":"e1","properties":{"webinar_id":"w1","starts_at":"soon"}}`), received)
	if derr == nil || derr.Error() != "starts_at must be a time; write RFC 3339, as in 2026-03-02T10:00:00Z" {
		t.Errorf("a webinar that starts soon: %v", derr)
	}
}

// TestLinksAndRequiredProperties: a property may be a link, and a team's own event may need any of its properties.
func TestLinksAndRequiredProperties(t *testing.T) {
	c, err := builtin(t).Extend("catalog.yaml", []byte("events:\n  class.soon:\n    properties: {join_url: url, note: string}\n    required: [join_url]\n"))
	if err != nil {
		t.Fatal(err)
	}
	for properties, want := range map[string]string{
		`{"join_url":"https://live.example/7?x=1"}`:      "",
		`{"join_url":"HTTP://live.example/7","note":""}`: "",
		`{"note":"x"}`:                            "class.soon needs join_url; add it to properties",
		`{"join_url":null}`:                       "class.soon needs join_url; add it to properties",
		`{"join_url":7}`:                          "join_url must be a link; write a complete address, as in https://academy.example/join/7",
		`{"join_url":""}`:                         "join_url must be a link; write a complete address, as in https://academy.example/join/7",
		`{"join_url":"live.example/7"}`:           "join_url must be a link; write a complete address, as in https://academy.example/join/7",
		`{"join_url":"javascript:alert(1)"}`:      "join_url must be a link; write a complete address, as in https://academy.example/join/7",
		`{"join_url":"https://live.example/a b"}`: "join_url must be a link; write a complete address, as in https://academy.example/join/7",
		`{"join_url":"https:///7"}`:               "join_url must be a link; write a complete address, as in https://academy.example/join/7",
	} {
		got := ""
		if _, refused := c.Decode("u", "class.soon", []byte(`{"id":"e1","properties":`+properties+`}`), received); refused != nil {
			got = refused.Error()
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", properties, got, want)
		}
	}
}

func TestExtendWithNothing(t *testing.T) {
	for _, src := range []string{"", "# nothing yet\n", "events:\n", "events: {}\n"} {
		c, err := builtin(t).Extend("catalog.yaml", []byte(src))
		if err != nil || len(c.Events()) != len(builtin(t).Events()) {
			t.Errorf("Extend(%q): %v", src, err)
		}
	}
}

func TestExtendRefuses(t *testing.T) {
	tests := []struct{ name, src, want string }{
		{"an unknown key", "event:\n  a.b: {}\n", `c.yaml:1:1: the file has no key "event"; did you mean events?`},
		{"an unknown field", "events:\n  a.b:\n    propertys: {x: string}\n", `c.yaml:3:5: event a.b has no key "propertys"; did you mean properties?`},
		{"an unknown type", "events:\n  a.b:\n    properties:\n      x: bool\n", `c.yaml:4:10: "bool" is not a property type; one of string, number, integer, boolean, timestamp, url, strings, any, learner`},
		{"a mistyped type", "events:\n  a.b:\n    properties:\n      x: strng\n", `c.yaml:4:10: "strng" is not a property type; did you mean string?`},
		{"a bad name", "events:\n  Lesson Done: {}\n", `c.yaml:2:3: "Lesson Done" is not an event name; name it thing.happened in small letters, at most 64`},
		{"a name of one word", "events:\n  lesson: {}\n", `c.yaml:2:3: "lesson" is not an event name; name it thing.happened in small letters, at most 64`},
		{"a property called time", "events:\n  a.b:\n    properties: {time: string}\n", `c.yaml:3:18: event.time is when the event happened, no property can be called time; give it another name`},
		{"a property with a dash", "events:\n  a.b:\n    properties: {a-b: string}\n", `c.yaml:3:18: "a-b" is not a property name; use letters, digits and underscores`},
		{"a key without a property", "events:\n  a.b:\n    keys: [x_id]\n", `c.yaml:3:12: a.b has no property x_id to be a key; add it to properties`},
		{"a key that is a number", "events:\n  a.b:\n    keys: [x_id]\n    properties: {x_id: number}\n", `c.yaml:3:12: the key x_id of a.b is a number; make it a string`},
		{"required but no property", "events:\n  a.b:\n    required: [y]\n    properties: {x: string}\n", `c.yaml:3:16: y is required but is not a property of a.b; add it to properties, or don't require it`},
		{"a known event changed", "events:\n  lesson.completed:\n    volume: low\n", `c.yaml:3:5: lesson.completed is known already: its volume cannot be changed; give it more properties and keys only, or name an event of your own`},
		{"a known property changed", "events:\n  lesson.completed:\n    properties: {course_id: number}\n", `c.yaml:3:18: lesson.completed has a property course_id already`},
		{"an admin event", "events:\n  a.b:\n    admin: true\n", `c.yaml:3:5: event a.b has no key "admin"; one of category, volume, activity, about, keys, required, properties`},
		{"a list of events", "events: [a.b]\n", `c.yaml:1:9: events must be a block of keys, not a list; write it as key: value`},
		{"keys in one text", "events:\n  a.b:\n    keys: x_id\n", `c.yaml:3:11: keys of a.b must be a list, not a single value; begin each entry with "- "`},
		{"an unknown volume", "events:\n  a.b:\n    volume: hihg\n", `c.yaml:3:13: "hihg" is not a volume; did you mean high?`},
		{"yes for true", "events:\n  a.b:\n    activity: yes\n", `c.yaml:3:15: activity is neither true nor false: "yes"; write true or false`},
		{"two documents", "events: {}\n---\nevents: {}\n", `c.yaml:3:1: a second document in one file; move what follows the --- into a file of its own`},
		{"an event twice", "events:\n  a.b: {}\n  a.b: {}\n", `c.yaml:3:3: the key a.b stands twice, first in line 2; keep one of them`},
		{"two mistakes", "events:\n  a.b:\n    volume: 7\n    keys: {}\n", "c.yaml:3:13: \"7\" is not a volume; one of high, medium, low\nc.yaml:4:11: keys of a.b must be a list, not a block of keys; begin each entry with \"- \""},
		{"too much", strings.Repeat("#", 1<<20+1), `c.yaml: the file is larger than 256 KiB; split it into smaller files`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := builtin(t).Extend("c.yaml", []byte(tt.src))
			var problems yamlfile.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("got %v, want problems", err)
			}
			if got := err.Error(); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func FuzzExtend(f *testing.F) {
	f.Add([]byte(team))
	f.Add([]byte("events: [a.b]\n---\n"))
	f.Add([]byte("events:\n  a.b: &x {properties: *x}\n"))
	f.Add([]byte("? {a: b}\n: |\n  x\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		c, err := builtin(t).Extend("c.yaml", src)
		if (c == nil) == (err == nil) {
			t.Fatalf("catalog %v, error %v", c, err)
		}
	})
}
