package catalog_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"homeroom/catalog"
	"homeroom/engine"
)

var received = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func TestDecode(t *testing.T) {
	tests := []struct {
		name, learner, event, body string
		want                       catalog.Decoded
	}{
		{
			name: "everything in the body, as on a line of NDJSON",
			body: `{"id":"e1","event":"lesson.completed","learner_id":"u_42","time":"2026-03-02T11:00:00+01:00","properties":{"lesson_id":"l1","course_id":"c1","duration_seconds":420}}`,
			want: catalog.Decoded{
				Event: engine.Event{
					ID:         "e1",
					Name:       "lesson.completed",
					Learner:    "u_42",
					Time:       time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC),
					Properties: map[string]any{"lesson_id": "l1", "course_id": "c1", "duration_seconds": 420.0},
				},
			},
		},
		{
			name:    "learner and event in the subject, no time",
			learner: "auth0|7",
			event:   "user.signed_up",
			body:    `{"id":"e1"}`,
			want:    catalog.Decoded{Event: engine.Event{ID: "e1", Name: "user.signed_up", Learner: "auth0|7", Time: received}},
		},
		{
			name:    "body and subject agree",
			learner: "åda",
			event:   "user.signed_up",
			body:    `{"id":"e1","event":"user.signed_up","learner_id":"\u00e5da"}`,
			want:    catalog.Decoded{Event: engine.Event{ID: "e1", Name: "user.signed_up", Learner: "åda", Time: received}},
		},
		{
			name:    "extra properties pass, null ones are absent",
			learner: "u",
			event:   "assessment.graded",
			body:    `{"id":"e1","time":null,"sent_by":null,"properties":{"assessment_id":"a1","score_pct":null,"passed":false,"team":{"id":7},"note":null}}`,
			want: catalog.Decoded{
				Event: engine.Event{
					ID:         "e1",
					Name:       "assessment.graded",
					Learner:    "u",
					Time:       received,
					Properties: map[string]any{"assessment_id": "a1", "passed": false, "team": map[string]any{"id": 7.0}},
				},
			},
		},
		{
			name:    "a lone topic is a list of one",
			learner: "u",
			event:   "profile.learning_preferences_set",
			body:    `{"id":"e1","properties":{"preferred_topics":["go","sql"],"learning_goals":"a new job"}}`,
			want: catalog.Decoded{
				Event: engine.Event{
					ID:         "e1",
					Name:       "profile.learning_preferences_set",
					Learner:    "u",
					Time:       received,
					Properties: map[string]any{"preferred_topics": []any{"go", "sql"}, "learning_goals": []any{"a new job"}},
				},
			},
		},
		{
			name:    "traits come along, null forgets one",
			learner: "u",
			event:   "user.signed_up",
			body:    `{"id":"e1","properties":{"channel":"organic"},"traits":{"email":"ada@example.org","consent":true,"first_name":null,"plan":{"seats":3}}}`,
			want: catalog.Decoded{
				Event: engine.Event{ID: "e1", Name: "user.signed_up", Learner: "u", Time: received, Properties: map[string]any{"channel": "organic"}},
				Traits: map[string]any{
					"email": "ada@example.org", "consent": true, "first_name": nil, "plan": map[string]any{"seats": 3.0},
				},
			},
		},
		{
			name:    "the properties of profile.updated are traits",
			learner: "u",
			event:   "profile.updated",
			body:    `{"id":"e1","properties":{"email":"old@example.org","locale":"de"},"traits":{"email":"ada@example.org"}}`,
			want: catalog.Decoded{
				Event:  engine.Event{ID: "e1", Name: "profile.updated", Learner: "u", Time: received},
				Traits: map[string]any{"email": "ada@example.org", "locale": "de"},
			},
		},
		{
			name:    "an admin event has no learner",
			learner: "_",
			event:   "content.published",
			body:    `{"id":"e1","properties":{"content_id":"les_1"}}`,
			want: catalog.Decoded{
				Event: engine.Event{
					ID:         "e1",
					Name:       "content.published",
					Learner:    "_",
					Time:       received,
					Properties: map[string]any{"content_id": "les_1"},
				},
			},
		},
		{
			name: "an admin event on a line of NDJSON",
			body: `{"id":"e1","event":"content.published","properties":{"content_id":"les_1"}}`,
			want: catalog.Decoded{
				Event: engine.Event{
					ID:         "e1",
					Name:       "content.published",
					Learner:    "_",
					Time:       received,
					Properties: map[string]any{"content_id": "les_1"},
				},
			},
		},
		{
			name:    "an admin event about a learner keeps the learner",
			learner: "u",
			event:   "plagiarism.detected",
			body:    `{"id":"e1","properties":{"assignment_id":"as_1","matched_sources":3}}`,
			want: catalog.Decoded{
				Event: engine.Event{
					ID:         "e1",
					Name:       "plagiarism.detected",
					Learner:    "u",
					Time:       received,
					Properties: map[string]any{"assignment_id": "as_1", "matched_sources": 3.0},
				},
			},
		},
		{
			name:    "a key twice: the last counts",
			learner: "u",
			event:   "enrollment.created",
			body:    `{"id":"e0","id":"e1","properties":{"course_id":"c0","course_id":"c1"}}`,
			want: catalog.Decoded{
				Event: engine.Event{
					ID:         "e1",
					Name:       "enrollment.created",
					Learner:    "u",
					Time:       received,
					Properties: map[string]any{"course_id": "c1"},
				},
			},
		},
		{
			name:    "an hour ahead is a clock that is off",
			learner: "u",
			event:   "user.signed_up",
			body:    `{"id":"e1","time":"2026-03-02T13:00:00Z"}`,
			want:    catalog.Decoded{Event: engine.Event{ID: "e1", Name: "user.signed_up", Learner: "u", Time: received.Add(time.Hour)}},
		},
	}
	c := builtin(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := c.Decode(tt.learner, tt.event, []byte(tt.body), received)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	// Unless a case says otherwise, the subject is learning.u_42.assessment.graded.
	const good = `"properties":{"assessment_id":"a1"}`
	tests := []struct {
		name, learner, event, body string
		code, text                 string
	}{
		{"an empty body", "", "", ``, "unreadable", "the body is empty; publish a JSON object"},
		{"half a body", "", "", `{"id":"e1",`, "unreadable", "the body is not JSON: unexpected end of JSON input, at byte 11"},
		{"not JSON", "", "", `hello`, "unreadable", "the body is not JSON: invalid character 'h' looking for beginning of value, at byte 1"},
		{"NaN", "", "", `{"id":"e1","properties":{"score_pct":NaN}}`, "unreadable", "the body is not JSON: invalid character 'N' looking for beginning of value, at byte 38"},
		{"two bodies", "", "", `{"id":"e1"}{"id":"e2"}`, "unreadable", "the body is not JSON: invalid character '{' after top-level value, at byte 12"},
		{"an array", "", "", `[{"id":"e1"}]`, "unreadable", "the body must be an object, is an array; publish each event as a message of its own"},
		{"a text", "", "", `"e1"`, "unreadable", "the body must be an object, is text; publish a JSON object"},
		{"null", "", "", `null`, "unreadable", "the body must be an object, is null; publish a JSON object"},
		{"Latin-1", "", "", "{\"id\":\"\xe5\"}", "unreadable", "the body is not UTF-8; publish JSON in UTF-8"},
		{"a megabyte", "", "", `{"id":"` + strings.Repeat("x", 1<<20) + `"}`, "too_large", "the body has 1048585 bytes, at most 262144 are read; publish what rules and messages need, and keep the rest elsewhere"},
		{"a nesting bomb", "", "", strings.Repeat("[", 200_000), "too_complex", "the body nests objects and arrays more than 8 deep; flatten it"},
		{"nine levels", "", "", `{"id":"e1","properties":{"x":` + strings.Repeat("[", 7) + strings.Repeat("]", 7) + `}}`, "too_complex", "the body nests objects and arrays more than 8 deep; flatten it"},
		{"201 properties", "", "", `{"id":"e1","properties":{` + numbered(201) + `}}`, "too_complex", "the event has 201 properties, at most 200 are read; publish what rules and messages need"},

		{"an unknown event", "u", "lesson.complete", `{"id":"e1"}`, "unknown_event", "unknown event lesson.complete, did you mean lesson.completed?"},
		{"an unheard-of event", "u", "weather.changed", `{"id":"e1"}`, "unknown_event", "unknown event weather.changed; use a name of the catalog, or add this one to catalog.yaml"},
		{"no event anywhere", "u", "-", `{"id":"e1"}`, "unknown_event", "the body does not say which event it is; add event, for example lesson.completed"},
		{"an event that is a number", "u", "-", `{"id":"e1","event":7}`, "unknown_event", "event must be text; name it as in lesson.completed"},
		{"another event than the subject", "", "", `{"id":"e1","event":"assessment.started"}`, "event_mismatch", `the body says event "assessment.started", the subject says "assessment.graded"; make the two agree, or leave event out of the body`},

		{"another learner than the subject", "", "", `{"id":"e1","learner_id":"u_43",` + good + `}`, "learner_mismatch", `the body says learner_id "u_43", the subject says "u_42"; make the two agree, or leave learner_id out of the body`},
		{"no learner anywhere", "-", "", `{"id":"e1",` + good + `}`, "bad_learner", "the body does not say whose event it is; add learner_id"},
		{"a learner that is a number", "-", "", `{"id":"e1","learner_id":42}`, "bad_learner", `learner_id must be text; write it in quotes, as in "u_42"`},
		{"a learner called _", "_", "", `{"id":"e1",` + good + `}`, "bad_learner", `assessment.graded needs a learner, and "_" stands for events that have none; publish it under the learner's own id`},
		{"a learner called _, and the body knows better", "_", "", `{"id":"e1","learner_id":"auth0|7",` + good + `}`, "bad_learner", `assessment.graded needs a learner, and "_" stands for events that have none; publish it under learning.auth0=7C7.assessment.graded`},
		{"a learner with a long name", strings.Repeat("x", 129), "", `{"id":"e1",` + good + `}`, "bad_learner", "a learner id has at most 128 bytes, this one has 129"},

		{"no id", "", "", `{` + good + `}`, "bad_id", "the event has no id; give each event an id of its own, so that a repeat can be recognised"},
		{"an empty id", "", "", `{"id":""}`, "bad_id", "the event's id is empty; give each event an id of its own, so that a repeat can be recognised"},
		{"an id that is a number", "", "", `{"id":7}`, "bad_id", "id must be text; write it in quotes"},
		{"a long id", "", "", `{"id":"` + strings.Repeat("x", 129) + `"}`, "bad_id", "the event's id has 129 bytes, at most 128 are allowed"},
		{"an id with a line break", "", "", `{"id":"a\nb"}`, "bad_id", "the event's id contains control characters"},
		{"a long key", "", "", `{"id":"e1","properties":{"assessment_id":"a1","course_id":"` + strings.Repeat("x", 257) + `"}}`, "bad_id", "course_id has 257 bytes, at most 256 are allowed"},

		{"a bounce in a word that nobody knows", "u", "email.bounced", `{"id":"e1","event":"email.bounced","properties":{"send_id":"s","bounce_type":"wobbly"}}`, "unknown_word",
			`bounce_type "wobbly" is not known; write one of block, blocked, bounce, dropped, hard, hardbounce, permanent, soft, softbounce, temporary, transient, undetermined ` +
				`(case, spaces, hyphens and underscores do not matter)`},
		{"a time that is a number", "", "", `{"id":"e1","time":1772445600}`, "bad_time", "time must be text; write RFC 3339, as in 2026-03-02T10:00:00Z"},
		{"a time in words", "", "", `{"id":"e1","time":"yesterday"}`, "bad_time", `time "yesterday" is not a time; write RFC 3339, as in 2026-03-02T10:00:00Z`},
		{"a time without a zone", "", "", `{"id":"e1","time":"2026-03-02T10:00:00"}`, "bad_time", `time "2026-03-02T10:00:00" is not a time; write RFC 3339, as in 2026-03-02T10:00:00Z`},
		{"long ago", "", "", `{"id":"e1","time":"1999-12-31T23:59:59Z"}`, "bad_time", "time 1999-12-31T23:59:59Z is before 2000; check the publisher's clock"},
		{"the future", "", "", `{"id":"e1","time":"2026-03-02T13:00:01Z"}`, "bad_time", "time 2026-03-02T13:00:01Z is more than an hour after the event arrived (2026-03-02T12:00:00Z); check the publisher's clock"},

		{"a number in quotes", "", "", `{"id":"e1","properties":{"assessment_id":"a1","score_pct":"85"}}`, "wrong_type", "score_pct must be a number, is text; write numbers without quotes"},
		{"a key that is a number", "", "", `{"id":"e1","properties":{"assessment_id":7}}`, "wrong_type", "assessment_id must be text, is a number; write it in quotes"},
		{"a word for true", "", "", `{"id":"e1","properties":{"assessment_id":"a1","passed":"yes"}}`, "wrong_type", "passed must be true or false, is text; write true or false without quotes"},
		{"half an attempt", "", "", `{"id":"e1","properties":{"assessment_id":"a1","attempt_number":1.5}}`, "wrong_type", "attempt_number must be a whole number, has a fraction"},
		{"a number beyond all numbers", "", "", `{"id":"e1","properties":{"assessment_id":"a1","score_pct":1e999}}`, "wrong_type", "the body holds a number that is too large, at byte 64"},
		{"a list of mixed things", "", "profile.learning_preferences_set", `{"id":"e1","properties":{"preferred_topics":["go",1]}}`, "wrong_type", `preferred_topics must be an array of texts, holds a number; write it as ["a", "b"]`},
		{"properties in a list", "", "", `{"id":"e1","properties":["assessment_id"]}`, "wrong_type", `properties must be an object, is an array; write it as {"name": value}`},
		{"a trait of the wrong type", "", "", `{"id":"e1",` + good + `,"traits":{"email":["ada@example.org"]}}`, "wrong_type", "the trait email must be text, is an array; write it in quotes"},
		{"traits in profile.updated", "", "profile.updated", `{"id":"e1","properties":{"consent":"yes"}}`, "wrong_type", "the trait consent must be true or false, is text; write true or false without quotes"},
		{"nobody referred", "", "referral.converted", `{"id":"e1","properties":{"referrer_id":"_","referred_id":"u_43"}}`, "wrong_type", `referrer_id does not name a learner: the learner id "_" is taken: it stands for events that have no learner`},
		{"several mistakes at once", "", "", `{"id":"e1","properties":{"score_pct":"85","passed":1}}`, "missing_key", "assessment.graded needs assessment_id, score_pct must be a number, is text, passed must be true or false, is a number; add it to properties"},

		{"a missing key", "", "", `{"id":"e1","properties":{"course_id":"c1"}}`, "missing_key", "assessment.graded needs assessment_id; add it to properties"},
		{"a course that the event does not know, without bounds", "", "trial.started", `{"id":"e1","properties":{"course_id":"` + strings.Repeat("c", 257) + `"}}`, "too_large", "course_id has 257 bytes, at most 256 are allowed"},
		{"a title without bounds", "", "", `{"id":"e1","properties":{"assessment_id":"a1","course_title":"` + strings.Repeat("c", 1025) + `"}}`, "too_large", "course_title has 1025 bytes, at most 1024 are allowed"},
		{"a missing key, no properties", "", "", `{"id":"e1"}`, "missing_key", "assessment.graded needs assessment_id; add it to properties"},
		{"a key that is null", "", "", `{"id":"e1","properties":{"assessment_id":null}}`, "missing_key", "assessment.graded needs assessment_id; add it to properties"},
		{"an empty key", "", "", `{"id":"e1","properties":{"assessment_id":""}}`, "missing_key", "assessment_id is empty, and assessment.graded needs it"},
		{"a key spelled otherwise", "", "", `{"id":"e1","properties":{"assessmentId":"a1"}}`, "missing_key", "assessment.graded needs assessment_id; the body has assessmentId: call it assessment_id"},
		{"a key spelled otherwise twice", "", "", `{"id":"e1","properties":{"assessmentId":"a1","assessment-id":"a2","ASSESSMENT_ID":"a3"}}`, "missing_key", "assessment.graded needs assessment_id; the body has ASSESSMENT_ID: call it assessment_id"},
	}
	c := builtin(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := c.Decode(subject(tt.learner, "u_42"), subject(tt.event, "assessment.graded"), []byte(tt.body), received)
			if err == nil {
				t.Fatal("it was accepted")
			}
			if err.Code != tt.code || err.Error() != tt.text {
				t.Errorf("got  %s: %s\nwant %s: %s", err.Code, err, tt.code, tt.text)
			}
		})
	}
}

// subject reads a table's cell: empty means the usual, "-" means not in the subject.
func subject(cell, usual string) string {
	switch cell {
	case "":
		return usual
	case "-":
		return ""
	}
	return cell
}

func numbered(n int) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = `"p` + strings.Repeat("x", i) + `":1`
	}
	return strings.Join(parts, ",")
}

func TestDecodeRecordedEvents(t *testing.T) {
	c := builtin(t)
	body := `{"id":"e1","event":"user.signed_up","learner_id":"u","time":"2090-01-01T00:00:00Z"}`
	if _, err := c.Decode("", "", []byte(body), time.Time{}); err != nil {
		t.Errorf("a recorded event may have any time: %v", err)
	}
	_, err := c.Decode("", "", []byte(`{"id":"e1","event":"user.signed_up","learner_id":"u"}`), time.Time{})
	if err == nil || err.Code != catalog.CodeBadTime {
		t.Errorf("a recorded event without a time: %v", err)
	}
}

// What was published must not be repeated in the error, which ends up in logs.
func TestErrorsRepeatNoPersonalData(t *testing.T) {
	c := builtin(t)
	for _, body := range []string{
		`{"id":"e1","properties":{"assessment_id":"a1","score_pct":"ada@example.org"}}`,
		`{"id":"e1","properties":{"assessment_id":"a1"},"traits":{"consent":"ada@example.org"}}`,
		`{"id":"e1","properties":"ada@example.org"}`,
	} {
		_, err := c.Decode("u", "assessment.graded", []byte(body), received)
		if err == nil || strings.Contains(err.Error(), "ada@") {
			t.Errorf("Decode(%s): %v", body, err)
		}
	}
}
