package catalog_test

import (
	"encoding/base64"
	"math"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"homeroom/catalog"
	"homeroom/engine"
)

// header is what the client of a publisher writes.
type header = map[string][]string

// One event, told in every format: whichever a platform publishes, Homeroom hears the same.
func TestEveryFormatSaysTheSame(t *testing.T) {
	want := catalog.Decoded{
		Event: engine.Event{
			ID:         "e1",
			Name:       "lesson.completed",
			Learner:    "auth0|7",
			Time:       time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC),
			Properties: map[string]any{"lesson_id": "l1", "course_id": "c1", "duration_seconds": 420.0},
		},
		Traits: map[string]any{"email": "ada@example.org", "first_name": "Ada", "phone": nil},
	}
	const (
		properties = `"lesson_id":"l1","course_id":"c1","duration_seconds":420`
		traits     = `"traits":{"email":"ada@example.org","first_name":"Ada","phone":null}`
		data       = `{` + properties + `,` + traits + `}`
		attributes = `"specversion":"1.0","id":"e1","source":"https://lms.example.org","type":"lesson.completed","subject":"auth0|7","time":"2026-03-02T11:00:00+01:00"`
	)
	binary := func(change header) header {
		h := header{
			"ce-specversion": {"1.0"}, "ce-id": {"e1"}, "ce-source": {"/lms"}, "ce-type": {"lesson.completed"},
			"ce-subject": {"auth0|7"}, "ce-time": {"2026-03-02T10:00:00Z"}, "Content-Type": {"application/json; charset=utf-8"},
		}
		for name, values := range change {
			if values == nil {
				delete(h, name)
			} else {
				h[name] = values
			}
		}
		return h
	}
	tests := []struct {
		name   string
		header header
		body   string
		lines  bool // NDJSON says it as well, with no headers and no subject
	}{
		{"native", nil, `{"id":"e1","event":"lesson.completed","learner_id":"auth0|7","time":"2026-03-02T10:00:00Z","properties":{` + properties + `},` + traits + `}`, true},
		{"native, with the headers of a common client", header{"Content-Type": {"application/json"}, "Nats-Msg-Id": {"auth0=7C7:e1"}, "traceparent": {"00-1-2-01"}},
			`{"id":"e1","time":"2026-03-02T10:00:00Z","properties":{` + properties + `},` + traits + `}`, false},

		{"CloudEvents, structured", header{"Content-Type": {"application/cloudevents+json; charset=UTF-8"}}, `{` + attributes + `,"data":` + data + `}`, true},
		{"CloudEvents, structured, the header in small letters", header{"content-type": {"application/cloudevents"}}, `{` + attributes + `,"data":` + data + `}`, true},
		{"CloudEvents, structured, as servers without headers have it", nil, `{` + attributes + `,"datacontenttype":"application/json","data":` + data + `}`, true},
		{"CloudEvents, structured, the type after a domain", nil,
			`{` + strings.Replace(attributes, `"lesson.completed"`, `"org.example.lms.lesson.completed"`, 1) + `,"data":` + data + `}`, true},
		{"CloudEvents, structured, the data as bytes", nil, `{` + attributes + `,"data_base64":"` + base64.StdEncoding.EncodeToString([]byte(data)) + `"}`, true},
		{"CloudEvents, structured in spite of attributes in headers", binary(header{"Content-Type": {"application/cloudevents+json"}, "ce-id": {"another"}}),
			`{` + attributes + `,"data":` + data + `}`, false},

		{"CloudEvents, binary", binary(nil), data, false},
		{"CloudEvents, binary, headers as HTTP clients write them", header{
			"Ce-Specversion": {"1.0"}, "Ce-Id": {"e1"}, "CE-TYPE": {"lesson.completed"}, "Ce-Subject": {"auth0|7"}, "Ce-Time": {"2026-03-02T10:00:00Z"},
		}, data, false},
		{"CloudEvents, binary, values escaped and in quotes", binary(header{"ce-subject": {"auth0%7c7"}, "ce-id": {`"\e1"`}, "ce-type": {" org.example.lesson.completed "}}), data, false},
		{"CloudEvents, binary, the NATS subject says who and what", binary(header{"ce-subject": nil, "ce-type": nil}), data, false},
		{"CloudEvents, binary, one header in two spellings that agree", binary(header{"Ce-Id": {"e1"}}), data, false},

		{"Segment", nil, `{"type":"track","messageId":"e1","userId":"auth0|7","event":"lesson.completed","timestamp":"2026-03-02T10:00:00Z",
			"properties":{` + properties + `},"context":{"library":{"name":"analytics-go"},` + traits + `},"sentAt":"2026-03-02T10:00:01Z"}`, true},
		{"Segment, in Segment's spelling", nil, `{"type":"track","messageId":"e1","userId":"auth0|7","anonymousId":"x","event":"Lesson Completed","originalTimestamp":"2026-03-02T10:00:00Z",
			"properties":{` + properties + `},"context":{"traits":{"email":"ada@example.org","firstName":"Ada","phone":null}}}`, true},
	}
	c := builtin(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := c.DecodeMessage("auth0|7", "lesson.completed", tt.header, []byte(tt.body), received)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if !tt.lines {
				return
			}
			if got, err = c.Decode("", "", []byte(tt.body), time.Time{}); err != nil {
				t.Fatalf("as a line of NDJSON: %v", err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("as a line of NDJSON (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeMessage(t *testing.T) {
	tests := []struct {
		name, learner, event string
		header               header
		body                 string
		want                 catalog.Decoded
	}{
		{
			name:    "a CloudEvent without time and data happened when it arrived",
			learner: "u",
			event:   "user.signed_up",
			header:  header{"ce-specversion": {"1.0"}, "ce-id": {"e1"}},
			want:    catalog.Decoded{Event: engine.Event{ID: "e1", Name: "user.signed_up", Learner: "u", Time: received}},
		},
		{
			name:    "the data of profile.updated are traits",
			learner: "u",
			event:   "profile.updated",
			body:    `{"specversion":"1.0","id":"e1","type":"profile.updated","subject":"u","data":{"locale":"de","traits":{"email":"ada@example.org"}}}`,
			want: catalog.Decoded{
				Event:  engine.Event{ID: "e1", Name: "profile.updated", Learner: "u", Time: received},
				Traits: map[string]any{"locale": "de", "email": "ada@example.org"},
			},
		},
		{
			name:    "an admin event's subject is not a learner",
			learner: "_",
			event:   "content.published",
			body:    `{"specversion":"1.0","id":"e1","type":"content.published","subject":"courses/l1","data":{"content_id":"l1"}}`,
			want:    catalog.Decoded{Event: engine.Event{ID: "e1", Name: "content.published", Learner: "_", Time: received, Properties: map[string]any{"content_id": "l1"}}},
		},
		{
			name:    "identify is profile.updated",
			learner: "u",
			event:   "profile.updated",
			body:    `{"type":"identify","messageId":"e1","userId":"u","traits":{"firstName":"Ada","plan":"pro"},"context":{"traits":{"plan":"free","locale":"de"}}}`,
			want: catalog.Decoded{
				Event:  engine.Event{ID: "e1", Name: "profile.updated", Learner: "u", Time: received},
				Traits: map[string]any{"first_name": "Ada", "plan": "pro", "locale": "de"},
			},
		},
		{
			name: "identify on a line of NDJSON",
			body: `{"type":"identify","messageId":"e1","userId":"u","timestamp":"2026-03-02T10:00:00Z","traits":{"email":null}}`,
			want: catalog.Decoded{
				Event:  engine.Event{ID: "e1", Name: "profile.updated", Learner: "u", Time: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)},
				Traits: map[string]any{"email": nil},
			},
		},
		{
			name:    "both spellings of the first name: ours counts",
			learner: "u",
			event:   "user.signed_up",
			body:    `{"type":"track","messageId":"e1","event":"User Signed Up","context":{"traits":{"firstName":"A.","first_name":"Ada"}}}`,
			want: catalog.Decoded{
				Event:  engine.Event{ID: "e1", Name: "user.signed_up", Learner: "u", Time: received},
				Traits: map[string]any{"first_name": "Ada"},
			},
		},
	}
	c := builtin(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := c.DecodeMessage(tt.learner, tt.event, tt.header, []byte(tt.body), received)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeMessageRefuses(t *testing.T) {
	// The subject is learning.u_42.lesson.completed.
	const data = `{"lesson_id":"l1","course_id":"c1"}`
	binary := func(name string, values ...string) header {
		h := header{"ce-specversion": {"1.0"}, "ce-id": {"e1"}, "ce-type": {"lesson.completed"}, "ce-subject": {"u_42"}}
		if name != "" {
			h[name] = values
		}
		return h
	}
	structured := func(members string) string { return `{"specversion":"1.0",` + members + `}` }
	track := func(members string) string { return `{"type":"track",` + members + `}` }
	tests := []struct {
		name       string
		header     header
		body       string
		code, text string
	}{
		{"a CloudEvent of another version", nil, `{"specversion":"0.3","id":"e1","data":` + data + `}`, "unreadable", `specversion is "0.3"; Homeroom reads CloudEvents 1.0: say "1.0"`},
		{"a version that is a number", nil, `{"specversion":1.0,"id":"e1","data":` + data + `}`, "unreadable", `specversion must be text, is a number; Homeroom reads CloudEvents 1.0: say "1.0"`},
		{"announced as a CloudEvent, and is none", header{"Content-Type": {"application/cloudevents+json"}}, `{"id":"e1"}`, "unreadable", `the CloudEvent has no specversion; Homeroom reads CloudEvents 1.0: say "1.0"`},
		{"a batch of CloudEvents", header{"Content-Type": {"application/cloudevents-batch+json"}}, `[]`, "unreadable", "the body is a batch of CloudEvents; publish each event as a message of its own"},
		{"CloudEvents in another format", header{"Content-Type": {"application/cloudevents+avro"}}, `x`, "unreadable", "Homeroom reads CloudEvents as JSON, not as application/cloudevents+avro; publish application/cloudevents+json"},
		{"another type", nil, structured(`"id":"e1","type":"lesson.started","data":` + data), "event_mismatch", `the CloudEvent says type "lesson.started", the NATS subject says "lesson.completed"; make the two agree, or leave type out of the CloudEvent`},
		{"a type that merely ends alike", nil, structured(`"id":"e1","type":"pre-lesson.completed","data":` + data), "event_mismatch", `the CloudEvent says type "pre-lesson.completed", the NATS subject says "lesson.completed"; make the two agree, or leave type out of the CloudEvent`},
		{"another subject", nil, structured(`"id":"e1","subject":"u_43","data":` + data), "learner_mismatch", `the CloudEvent says subject "u_43", the NATS subject says "u_42"; make the two agree, or leave subject out of the CloudEvent`},
		{"a CloudEvent without id", nil, structured(`"data":` + data), "bad_id", "the event has no id; give each event an id of its own, so that a repeat can be recognised"},
		{"a CloudEvent of the future", nil, structured(`"id":"e1","time":"2026-03-03T10:00:00Z","data":` + data), "bad_time", "time 2026-03-03T10:00:00Z is more than an hour after the event arrived (2026-03-02T12:00:00Z); check the publisher's clock"},
		{"data that are text", nil, structured(`"id":"e1","data":"{}"`), "wrong_type", `data must be an object, is text; write it as {"name": value}`},
		{"data without a key", nil, structured(`"id":"e1","data":{"course_id":"c1"}`), "missing_key", "lesson.completed needs lesson_id; add it to data"},
		{"data that are not Base64", nil, structured(`"id":"e1","data_base64":"{}"`), "unreadable", "data_base64 is not Base64; put the object into data instead"},
		{"data in Base64 that are not JSON", nil, structured(`"id":"e1","data_base64":"` + base64.StdEncoding.EncodeToString([]byte("x")) + `"`), "unreadable", "in data_base64, the body is not JSON: invalid character 'x' looking for beginning of value, at byte 1"},
		{"data in Base64 that nest too deep", nil, structured(`"id":"e1","data_base64":"` + base64.StdEncoding.EncodeToString([]byte(`{"x":`+strings.Repeat("[", 7)+strings.Repeat("]", 7)+`}`)) + `"`), "too_complex", "in data_base64, the body nests objects and arrays more than 7 deep; flatten it"},

		{"binary, of another version", binary("ce-specversion", "0.3"), data, "unreadable", `ce-specversion is "0.3"; Homeroom reads CloudEvents 1.0: say "1.0"`},
		{"binary, another type", binary("ce-type", "lesson.started"), data, "event_mismatch", `the headers say ce-type "lesson.started", the NATS subject says "lesson.completed"; make the two agree, or leave ce-type out of the headers`},
		{"binary, another subject", binary("ce-subject", "u_43"), data, "learner_mismatch", `the headers say ce-subject "u_43", the NATS subject says "u_42"; make the two agree, or leave ce-subject out of the headers`},
		{"binary, no id", binary("ce-id"), data, "bad_id", "the event has no ce-id; give each event an id of its own, so that a repeat can be recognised"},
		{"binary, an id with a line break", binary("ce-id", "a%0Ab"), data, "bad_id", "the event's id contains control characters"},
		{"binary, an id that is not UTF-8", binary("ce-id", "%C0%A0"), data, "unreadable", "the header ce-id is not UTF-8; escape it as %XX of its UTF-8"},
		{"binary, two ids", binary("Ce-Id", "e2"), data, "unreadable", "the header ce-id comes twice and disagrees with itself; give each header once"},
		{"binary, a time in words", binary("ce-time", "yesterday"), data, "bad_time", `ce-time "yesterday" is not a time; write RFC 3339, as in 2026-03-02T10:00:00Z`},
		{"binary, XML", binary("ce-datacontenttype", "text/xml"), `<x/>`, "unreadable", "the data are text/xml, Homeroom reads JSON; publish the data as application/json"},
		{"binary, XML as HTTP says it", binary("Content-Type", "text/xml"), `<x/>`, "unreadable", "the data are text/xml, Homeroom reads JSON; publish the data as application/json"},
		{"binary, a list", binary(""), `[]`, "unreadable", "the body must be an object, is an array; publish each event as a message of its own"},
		{"binary, data too deep", binary(""), `{"x":` + strings.Repeat("[", 7) + strings.Repeat("]", 7) + `}`, "too_complex", "the body nests objects and arrays more than 7 deep; flatten it"},

		{"a call without messageId", nil, track(`"event":"Lesson Completed","properties":` + data), "bad_id", "the event has no messageId; give each event an id of its own, so that a repeat can be recognised"},
		{"a call about another event", nil, track(`"messageId":"e1","event":"Lesson Started","properties":` + data), "event_mismatch", `the call says event "Lesson Started", the NATS subject says "lesson.completed"; make the two agree, or leave event out of the call`},
		{"a call of another user", nil, track(`"messageId":"e1","userId":"u_43","properties":` + data), "learner_mismatch", `the call says userId "u_43", the NATS subject says "u_42"; make the two agree, or leave userId out of the call`},
		{"a user that is a number", nil, track(`"messageId":"e1","userId":42,"properties":` + data), "bad_learner", `userId must be text; write it in quotes, as in "u_42"`},
		{"a call at no time", nil, track(`"messageId":"e1","timestamp":"noon","properties":` + data), "bad_time", `timestamp "noon" is not a time; write RFC 3339, as in 2026-03-02T10:00:00Z`},
		{"a property in Segment's spelling", nil, track(`"messageId":"e1","properties":{"lessonId":"l1","course_id":"c1"}`), "missing_key", "lesson.completed needs lesson_id; the body has lessonId: call it lesson_id"},
		{"traits in a list", nil, track(`"messageId":"e1","properties":` + data + `,"context":{"traits":[]}`), "wrong_type", `context.traits must be an object, is an array; write it as {"name": value}`},
		{"a trait of the wrong type", nil, track(`"messageId":"e1","properties":` + data + `,"context":{"traits":{"consent":"yes"}}`), "wrong_type", "the trait consent must be true or false, is text; write true or false without quotes"},
		{"identify under another event", nil, `{"type":"identify","messageId":"e1","userId":"u_42"}`, "event_mismatch", `an identify call is profile.updated, the NATS subject says "lesson.completed"; publish it as learning.<learner>.profile.updated`},
		{"a page", nil, `{"type":"page","messageId":"e1","userId":"u_42"}`, "unknown_event", "Homeroom reads track and identify calls, not page; publish what the learner did as a track call, or don't publish it"},
	}
	c := builtin(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := c.DecodeMessage("u_42", "lesson.completed", tt.header, []byte(tt.body), received)
			if err == nil {
				t.Fatal("it was accepted")
			}
			if err.Code != tt.code || err.Error() != tt.text {
				t.Errorf("got  %s: %s\nwant %s: %s", err.Code, err, tt.code, tt.text)
			}
		})
	}
}

func TestNDJSONMustNameWhatTheSubjectWould(t *testing.T) {
	c := builtin(t)
	for _, tt := range []struct{ name, body, text string }{
		{"a CloudEvent of nobody", `{"specversion":"1.0","id":"e1","type":"user.signed_up","time":"2026-03-02T10:00:00Z"}`, "the CloudEvent does not say whose event it is; add subject"},
		{"a call of nobody", `{"type":"track","messageId":"e1","event":"User Signed Up","timestamp":"2026-03-02T10:00:00Z"}`, "the call does not say whose event it is; add userId"},
		{"a CloudEvent of no type", `{"specversion":"1.0","id":"e1","subject":"u"}`, "the CloudEvent does not say which event it is; add type, for example lesson.completed"},
		{"a type nobody knows", `{"specversion":"1.0","id":"e1","subject":"u","type":"org.example.weather.changed"}`, "unknown event org.example.weather.changed; use a name of the catalog, or add this one to catalog.yaml"},
		{"a misspelled call", `{"type":"track","messageId":"e1","userId":"u","event":"Lesson Complete"}`, "unknown event Lesson Complete, did you mean lesson.completed?"},
	} {
		if _, err := c.Decode("", "", []byte(tt.body), time.Time{}); err == nil || err.Error() != tt.text {
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.text)
		}
	}
}

// The headers of an event are looked at, not copied: most have one, and there are millions.
func TestHeadersCostTheNativePathNothing(t *testing.T) {
	c := builtin(t)
	body := []byte(gradedBody)
	headers := header{"Nats-Msg-Id": {"ou_541231:as-14984-541231"}, "Content-Type": {"application/json"}}
	decode := func(h header) (least float64) {
		least = math.Inf(1)
		for range 100 { // a pool may lose what was put into it, and does so at random under the race detector
			least = min(least, testing.AllocsPerRun(1, func() {
				if _, err := c.DecodeMessage("ou_541231", "assessment.graded", h, body, time.Time{}); err != nil {
					t.Fatal(err)
				}
			}))
		}
		return least
	}
	if with, without := decode(headers), decode(nil); with > without {
		t.Errorf("with headers %v allocations, without %v", with, without)
	}
}

func FuzzDecodeCloudEvent(f *testing.F) {
	f.Add("u_42", "lesson.completed", "1.0", "e1", "org.example.lesson.completed", "u%5f42", "2026-03-02T10:00:00Z", "application/json", []byte(`{"lesson_id":"l1","course_id":"c1","traits":{"email":"ada@example.org"}}`))
	f.Add("", "", "", "", "", "", "", "application/cloudevents+json", []byte(`{"specversion":"1.0","id":"e1","type":"user.signed_up","subject":"u","time":"2026-03-02T10:00:00Z","data":{"x":1}}`))
	f.Add("u", "profile.updated", "", "", "", "", "", "", []byte(`{"specversion":"1.0","id":"e1","data_base64":"eyJsb2NhbGUiOiJkZSJ9"}`))
	f.Add("_", "content.published", "1.0", `"\"e1"`, "content.published", "a%2", "", "", []byte(`{"content_id":"l1"}`))
	f.Fuzz(func(t *testing.T, learner, event, version, id, kind, subject, at, content string, body []byte) {
		h := header{"Content-Type": {content}}
		for name, value := range map[string]string{"ce-specversion": version, "Ce-Id": id, "CE-Type": kind, "ce-subject": subject, "ce-time": at} {
			if value != "" {
				h[name] = []string{value}
			}
		}
		acceptedIsWhole(t, learner, event, h, body)
	})
}

func FuzzDecodeSegment(f *testing.F) {
	f.Add("u", "lesson.completed", []byte(`{"type":"track","messageId":"e1","userId":"u","event":"Lesson Completed","timestamp":"2026-03-02T10:00:00Z","properties":{"lesson_id":"l1","course_id":"c1"},"context":{"traits":{"firstName":"Ada"}}}`))
	f.Add("", "", []byte(`{"type":"identify","messageId":"e1","userId":"u","originalTimestamp":"2026-03-02T10:00:00Z","traits":{"email":null,"firstName":null},"context":{"traits":null}}`))
	f.Add("u", "", []byte(`{"type":"track","messageId":"e1","event":"PROFILE-UPDATED","properties":{"traits":{}},"context":7}`))
	f.Add("u", "x", []byte(`{"type":"alias","messageId":1,"id":null}`))
	f.Fuzz(func(t *testing.T, learner, event string, body []byte) { acceptedIsWhole(t, learner, event, nil, body) })
}

func TestUnescapedHeadersRoundTrip(t *testing.T) {
	c := builtin(t)
	for _, learner := range []string{"u_42", "auth0|7", "åda", `a"b`, "100%", "a b", "%41"} {
		h := header{"ce-specversion": {"1.0"}, "ce-id": {"e1"}, "ce-type": {"user.signed_up"}, "ce-subject": {url.PathEscape(learner)}}
		got, err := c.DecodeMessage("", "", h, nil, received)
		if err != nil || got.Event.Learner != learner {
			t.Errorf("%q came as %q, %v", learner, got.Event.Learner, err)
		}
	}
}
