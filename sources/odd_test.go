package sources_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"homeroom/sources"
)

// Times in the forms that Ruby, Python, PostgreSQL and PHP write by themselves say which instant they mean.
func TestTimesOfOtherForms(t *testing.T) {
	c := shipped(t, "xapi")
	want := time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)
	for _, text := range []string{"2026-03-02T10:30+01:00", "2026-03-02T09:30Z", "2026-03-02 09:30Z", "2026-03-02 09:30:00Z", "2026-03-02 09:30:00.000000+00:00", "2026-03-02 10:30:00 +0100", "2026-03-02 09:30:00 UTC",
		"2026-03-02T10:30:00+0100", "2026-03-02T10:30:00+01"} {
		d, problem := c.Decode("", "", []byte(strings.Replace(completedLesson, "2026-03-02T10:00:00Z", text, 1)), received)
		if problem != nil || !d.Event.Time.Equal(want) {
			t.Errorf("%s: %v %v", text, d.Event.Time, problem)
		}
	}
	for _, text := range []string{"2026-03-02", "2026-03-02T10:30", "10:30Z", "2026-03-02 10:30:00 CET", "1772445600", "2026-03-02 10:30:00+24:00", "2026-03-02T10:30:00-2400"} {
		if d, problem := c.Decode("", "", []byte(strings.Replace(completedLesson, "2026-03-02T10:00:00Z", text, 1)), received); problem == nil {
			t.Errorf("%s is read as %v", text, d.Event.Time)
		}
	}
}

const completedLesson = `{"id":"00000000-0000-4000-8000-000000000001","actor":{"mbox":"mailto:ada@example.org"},"verb":{"id":"http://adlnet.gov/expapi/verbs/completed"},"object":{"id":"https://lms.example/l1"},"result":{"duration":"PT1M"},"timestamp":"2026-03-02T10:00:00Z"}`

// Java and PHP write each unit of a duration, also of which there are none; a year has no fixed length.
func TestDurationsWithUnitsOfNothing(t *testing.T) {
	c := shipped(t, "xapi")
	for text, want := range map[string]any{"P0Y0M0DT0H5M30S": 330.0, "P0Y0M1DT0H0M0S": 86400.0, "P0M": 0.0, "P1Y0M0DT0H0M0S": nil, "P0Y2M": nil, "P0MT1Y": nil} {
		d, problem := c.Decode("", "", []byte(strings.Replace(completedLesson, "PT1M", text, 1)), received)
		if got := d.Event.Properties["duration_seconds"]; got != want || (problem == nil) != (want != nil) {
			t.Errorf("%s: got %v, want %v: %v", text, got, want, problem)
		}
	}
}

// Two numbers that JSON's readers cannot tell apart are not one id.
func TestIDsTooLargeToBeExact(t *testing.T) {
	c := shipped(t, "teachable")
	for id, read := range map[string]bool{"47692296": true, `"9007199254740993"`: true, "9007199254740993": false, "1.5": false} {
		body := `{"type":"Enrollment.completed","id":1,"livemode":true,"created":"2026-03-02T10:00:00Z","hook_event_id":` + id + `,"object":{"course_id":3,"user":{"id":5}}}`
		d, problem := c.Decode("", "", []byte(body), received)
		if (problem == nil) != read || read && d.Event.ID != strings.Trim(id, `"`) {
			t.Errorf("%s: %q %v", id, d.Event.ID, problem)
		}
	}
}

// Nor are they if an expression writes them as a text, or takes a part of them.
func TestPartsOfIDsTooLargeToBeExact(t *testing.T) {
	c := shipped(t, "teachable", "canvas")
	const sale = `{"type":"Sale.created","id":%s,"livemode":true,"created":"2026-03-02T10:00:00Z","object":{"user":{"id":5},"product":{"id":3}}}`
	const completed = `{"metadata":{"event_name":"course_completed","event_time":"2026-03-02T10:00:00Z","root_account_id":"21070000000000001"},"body":{"user":{"id":%s},"course":{"id":"565"}}}`
	for _, tt := range []struct {
		body, id string
		learner  string // empty: it is refused
	}{
		{sale, "47692296", "5"},
		{sale, `"9007199254740993"`, "5"},
		{sale, "9007199254740993", ""},
		{completed, "48", "21070000000000048"},
		{completed, `"21070000000000049"`, "21070000000000049"},
		{completed, "21070000000000049", ""},
		{completed, "[48]", ""},
	} {
		d, problem := c.Decode("", "", []byte(strings.Replace(tt.body, "%s", tt.id, 1)), received)
		if d.Event.Learner != tt.learner || (problem == nil) != (tt.learner != "") {
			t.Errorf("%s as an id: %q %v", tt.id, d.Event.Learner, problem)
		}
	}
}

// A text of a number that JSON has not is none: divided by infinity, each grade would be 0 %.
func TestTextsOfNumbersThatJSONHasNot(t *testing.T) {
	c := shipped(t, "canvas")
	for points, want := range map[string]any{`"10"`: 70.0, "10": 70.0, `"Infinity"`: nil, `"NaN"`: nil, `"1e400"`: nil, "[10]": nil} {
		body := `{"metadata":{"event_name":"grade_change","event_time":"2026-03-02T10:00:00Z"},"body":{"assignment_id":"7","student_id":"88","score":7,"points_possible":` + points + `}}`
		d, problem := c.Decode("", "", []byte(body), received)
		if got := d.Event.Properties["score_pct"]; got != want || (problem == nil) != (want != nil) {
			t.Errorf("%s: got %v, want %v: %v", points, got, want, problem)
		}
	}
}

// What a text holds may lie no deeper than what a body holds: a workflow could not read it.
func TestDeepTexts(t *testing.T) {
	known := builtin(t)
	set, problems := sources.Compile("s.yaml", []byte(`sources: {lms: {recognise: has(body.kind), event: body.kind, learner: body.user, id: body.ref, events: {done: {as: lesson.completed, properties: json(body.data)}}}}`), known)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	c := known.WithTranslator(set)
	for _, tt := range []struct {
		data string
		read bool
	}{
		{`{"lesson_id":"l1"}`, true},
		{`{"lesson_id":"l1","more":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}`, true},
		{`{"lesson_id":"l1","more":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`, false},
		{`{"lesson_id":"l1","more":` + strings.Repeat(`{"a":`, 2000) + "1" + strings.Repeat("}", 2000) + `}`, false},
	} {
		body, err := json.Marshal(map[string]any{"kind": "done", "user": "u1", "ref": "r1", "data": tt.data})
		if err != nil {
			t.Fatal(err)
		}
		if _, problem := c.Decode("", "", body, received); (problem == nil) != tt.read {
			t.Errorf("%.60s…: %v", tt.data, problem)
		}
	}
}

// PHP writes an object without members as a list without items.
func TestObjectsOfPHPWithoutMembers(t *testing.T) {
	c := shipped(t, "segment")
	for object, read := range map[string]bool{`{}`: true, `[]`: true, `null`: true, `["a"]`: false, `"a"`: false} {
		body := `{"type":"track","event":"Onboarding Started","userId":"88","messageId":"m1","timestamp":"2026-03-02T10:00:00Z","properties":` + object + `}`
		if _, problem := c.Decode("", "", []byte(body), received); (problem == nil) != read {
			t.Errorf("%s: %v", object, problem)
		}
	}
}

// Software and people whom nobody names are no learners, and not one learner together.
func TestNobodysCaliperEvents(t *testing.T) {
	c := shipped(t, "caliper")
	for actor, learner := range map[string]string{
		`"https://e.edu/users/5"`:                                                    "5",
		`{"id":"https://e.edu/users/5","type":"Person"}`:                             "5",
		`{"id":"https://e.edu/users/5"}`:                                             "5",
		`{"id":"http://purl.imsglobal.org/caliper/Person","type":"Person"}`:          "",
		`"http://purl.imsglobal.org/ctx/caliper/v1p1/Person"`:                        "",
		`{"id":"_:b0","type":"Person"}`:                                              "",
		`{"id":"https://e.edu/autograder","type":"SoftwareApplication","name":"AG"}`: "",
	} {
		body := `{"@context":"http://purl.imsglobal.org/ctx/caliper/v1p2","id":"urn:uuid:1","type":"AssessmentEvent","actor":` + actor + `,"action":"Submitted","object":{"id":"https://e.edu/a/1","type":"Assessment"},"eventTime":"2026-03-02T10:00:00.000Z"}`
		d, problem := c.Decode("", "", []byte(body), received)
		if problem.IsIgnored() != (learner == "") || d.Event.Learner != learner || problem != nil && !problem.IsIgnored() {
			t.Errorf("%s: %q %v", actor, d.Event.Learner, problem)
		}
	}
}

// A scaled score is within -1 and 1. One that is not says nothing; 40 would be 4000 %, and enough for every test.
func TestScaledScoresOutOfRange(t *testing.T) {
	c := shipped(t, "xapi")
	for score, want := range map[string]any{
		`{"scaled":0.4}`:                              40.0,
		`{"scaled":1}`:                                100.0,
		`{"scaled":-0.5,"raw":1,"max":10}`:            -50.0,
		`{"scaled":40}`:                               nil,
		`{"scaled":-2}`:                               nil,
		`{"scaled":40,"raw":40,"min":0,"max":80}`:     50.0,
		`{"scaled":"0.4","raw":4,"min":0,"max":10}`:   40.0,
		`{"scaled":null,"raw":"4","min":0,"max":"9"}`: nil,
	} {
		body := strings.NewReplacer("verbs/completed", "verbs/failed", `"result":{"duration":"PT1M"}`, `"result":{"score":`+score+`}`).Replace(completedLesson)
		d, problem := c.Decode("", "", []byte(body), received)
		if got := d.Event.Properties["score_pct"]; problem != nil || got != want {
			t.Errorf("%s: got %v, want %v: %v", score, got, want, problem)
		}
	}
}
