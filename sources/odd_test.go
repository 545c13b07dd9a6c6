package sources_test

import (
	"strings"
	"testing"
	"time"
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
	for _, text := range []string{"2026-03-02", "2026-03-02T10:30", "10:30Z", "2026-03-02 10:30:00 CET", "1772445600"} {
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
