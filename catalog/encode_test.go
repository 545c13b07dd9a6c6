package catalog_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"homeroom/catalog"
	"homeroom/engine"
)

func TestEncode(t *testing.T) {
	at := time.Date(2026, 3, 2, 11, 0, 0, 0, time.FixedZone("", 3600))
	tests := []struct {
		name string
		d    catalog.Decoded
		want string
	}{
		{
			"a lesson", catalog.Decoded{
				Event: engine.Event{
					ID:         "e1",
					Name:       "lesson.completed",
					Learner:    "auth0|7",
					Time:       at,
					Properties: map[string]any{"lesson_id": "<l1>", "duration_seconds": 420.0},
				},
			},
			`{"id":"e1","event":"lesson.completed","learner_id":"auth0|7","time":"2026-03-02T10:00:00Z","properties":{"duration_seconds":420,"lesson_id":"<l1>"}}`,
		},
		{
			"traits", catalog.Decoded{
				Event:  engine.Event{ID: "e1", Name: "profile.updated", Learner: "u", Time: at},
				Traits: map[string]any{"locale": "de"},
			},
			`{"id":"e1","event":"profile.updated","learner_id":"u","time":"2026-03-02T10:00:00Z","traits":{"locale":"de"}}`,
		},
		{
			"no learner", catalog.Decoded{
				Event: engine.Event{
					ID:         "e1",
					Name:       "content.published",
					Learner:    "_",
					Time:       at,
					Properties: map[string]any{"content_id": "l1"},
				},
			},
			`{"id":"e1","event":"content.published","time":"2026-03-02T10:00:00Z","properties":{"content_id":"l1"}}`,
		},
	}
	c := builtin(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := c.Encode(tt.d)
			if err != nil || string(got) != tt.want {
				t.Fatalf("got  %s, %v\nwant %s", got, err, tt.want)
			}
			back, derr := c.Decode("", "", got, received)
			if derr != nil {
				t.Fatal(derr)
			}
			tt.d.Event.Time = at.UTC()
			if diff := cmp.Diff(tt.d, back); diff != "" {
				t.Errorf("decoded again (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEncodeWhatIsNoJSON(t *testing.T) {
	_, err := builtin(t).Encode(catalog.Decoded{Event: engine.Event{Name: "lesson.completed", Properties: map[string]any{"x": func() {}}}})
	if err == nil {
		t.Error("a function was encoded")
	}
}

func TestValue(t *testing.T) {
	tests := []struct {
		event, name, text string
		want              any
		err               string
	}{
		{"assessment.graded", "score_pct", "85", 85.0, ""},
		{"assessment.graded", "score_pct", "high", nil, `score_pct must be a number, not "high"`},
		{"assessment.graded", "score_pct", "NaN", nil, `score_pct must be a number, not "NaN"`},
		{"assessment.graded", "passed", "true", true, ""},
		{"assessment.graded", "passed", "yes", nil, `passed must be true or false, not "yes"`},
		{"assessment.graded", "assessment_id", "42", "42", ""},
		{"profile.learning_preferences_set", "preferred_topics", "go, sql", []any{"go", "sql"}, ""},
		{"plagiarism.detected", "matched_sources", `["a"]`, []any{"a"}, ""},
		{"profile.updated", "email", "ada@example.org", "ada@example.org", ""},
		{"profile.updated", "consent", "true", true, ""},
		{"profile.updated", "first_name", "null", "null", ""},
		{"lesson.completed", "mood", "good", "good", ""},
		{"lesson.completed", "mood", "3", 3.0, ""},
	}
	c := builtin(t)
	for _, tt := range tests {
		t.Run(tt.name+"="+tt.text, func(t *testing.T) {
			e, _ := c.Event(tt.event)
			got, err := e.Value(tt.name, tt.text)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if (err == nil) != (tt.err == "") || err != nil && err.Error() != tt.err {
				t.Errorf("err = %v, want %q", err, tt.err)
			}
		})
	}
}
