package catalog_test

import (
	"strings"
	"testing"
	"time"

	"homeroom/catalog"
)

// A field under another name is not passed over: an event of two years ago would count as one of now.
func TestFieldsUnderAnotherName(t *testing.T) {
	c := builtin(t)
	for _, tc := range []struct{ name, body, code, says string }{
		{"timestamp", `{"id":"e1","timestamp":"2024-01-05T10:00:00Z","properties":{"course_id":"c"}}`, catalog.CodeBadTime, "the body has timestamp and no time; call it time"},
		{"Time", `{"id":"e1","Time":"2024-01-05T10:00:00Z","properties":{"course_id":"c"}}`, catalog.CodeBadTime, "call it time"},
		{"occurred_at", `{"id":"e1","occurred_at":"2024-01-05T10:00:00Z","properties":{"course_id":"c"}}`, catalog.CodeBadTime, "call it time"},
		{"seconds since 1970", `{"id":"e1","ts":1704448800,"properties":{"course_id":"c"}}`, catalog.CodeBadTime, "call it time"},
		{"Properties", `{"id":"e1","Properties":{"course_id":"c"}}`, catalog.CodeMissingKey, "call it properties"},
		{"Traits", `{"id":"e1","properties":{"course_id":"c"},"Traits":{"email":"ada@example.org"}}`, catalog.CodeWrongType, "call it traits"},
		{"an event of a CloudEvent", `{"specversion":"1.0","id":"e1","type":"enrollment.created","subject":"u","timestamp":"2024-01-05T10:00:00Z","data":{"course_id":"c"}}`, catalog.CodeBadTime, "call it time"},
		{"a time in a Segment call", `{"type":"track","messageId":"e1","userId":"u","event":"enrollment.created","time":"2024-01-05T10:00:00Z","properties":{"course_id":"c"}}`, catalog.CodeBadTime, "call it timestamp"},
		{"with an escape", `{"id":"e\u0031","timestamp":"2024-01-05T10:00:00Z","properties":{"course_id":"c"}}`, catalog.CodeBadTime, "call it time"},
		{"both", `{"id":"e1","time":"2026-03-02T10:00:00Z","created_at":"x","properties":{"course_id":"c"}}`, catalog.CodeUnknownField, "put it under properties"},
		{"Event", `{"id":"e1","Event":"enrollment.created","properties":{"course_id":"c"}}`, catalog.CodeUnknownField, "the body has Event; call it event"},
		{"userId", `{"id":"e1","userId":"u","properties":{"course_id":"c"}}`, catalog.CodeUnknownField, "call it learner_id"},
		{"payload", `{"id":"e1","payload":{"course_id":"c"}}`, catalog.CodeUnknownField, "the body has payload; call it properties"},
		{"properties at the top", `{"id":"e1","course_id":"c","title":"Go"}`, catalog.CodeUnknownField, "the body has course_id, title, and an event has only"},
		{"a webhook", `{"id":"e1","resource":"enrollment","action":"created","payload":{},"properties":{"course_id":"c"}}`, catalog.CodeUnknownField, "this looks like a webhook of Thinkific"},
		{"null", `{"id":"e1","timestamp":null,"properties":{"course_id":"c"}}`, "", ""},
		{"a long key", `{"id":"e1","` + strings.Repeat("t", 5000) + `":1,"properties":{"course_id":"c"}}`, catalog.CodeUnknownField, "put it under properties"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := c.Decode("u", "enrollment.created", []byte(tc.body), received)
			switch {
			case err == nil && tc.code != "":
				t.Errorf("it was taken; want %s", tc.code)
			case err != nil && (err.Code != tc.code || !strings.Contains(err.Error(), tc.says)):
				t.Errorf("got %s: %v, want %s: %s", err.Code, err, tc.code, tc.says)
			}
		})
	}
}

func TestByteOrderMarks(t *testing.T) {
	c := builtin(t)
	const mark = "\ufeff"
	native := mark + `{"id":"e1","event":"user.signed_up","learner_id":"u","time":"2026-03-02T10:00:00Z","traits":{"email":"ada@example.org"}}`
	escaped := mark + `{"id":"e\u0031","event":"user.signed_up","learner_id":"u","time":"2026-03-02T10:00:00Z","traits":{"email":"ada@example.org"}}`
	for name, body := range map[string]string{"plain": native, "with an escape": escaped} {
		d, err := c.Decode("u", "user.signed_up", []byte(body), received)
		if err != nil || d.Event.ID != "e1" {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
		if d, err = c.Decode("", "", []byte(body), time.Time{}); err != nil || d.Event.ID != "e1" {
			t.Errorf("%s, as a line of NDJSON: %+v, %v", name, d, err)
		}
	}
	cloud := header{"ce-specversion": {"1.0"}, "ce-id": {"e1"}}
	if _, err := c.DecodeMessage("u", "user.signed_up", cloud, []byte(mark+`{"plan":"pro"}`), received); err != nil {
		t.Errorf("a binary CloudEvent: %v", err)
	}
	if _, err := c.DecodeMessage("u", "user.signed_up", cloud, []byte(mark), received); err != nil {
		t.Errorf("a binary CloudEvent without data: %v", err)
	}
	if got := catalog.Addresses("learning.3.u.user.signed_up", []byte(native)); len(got) != 1 {
		t.Errorf("an erasure finds the addresses %q", got)
	}
	if _, err := c.Decode("u", "user.signed_up", []byte(mark+mark+`{"id":"e1"}`), received); err == nil {
		t.Error("two marks were passed over")
	}
	var d catalog.Decoded
	if err := c.DecodeInto(&d, "u", "user.signed_up", []byte(native), received); err != nil {
		t.Errorf("into the same memory: %v", err)
	}
}

func TestOffsetsOfADay(t *testing.T) {
	c := builtin(t)
	for offset, want := range map[string]string{"+23:59": "2026-03-01T10:01:00Z", "-23:59": "2026-03-03T09:59:00Z", "+14:00": "2026-03-01T20:00:00Z", "+24:00": ""} {
		body := `{"id":"e1","time":"2026-03-02T10:00:00` + offset + `"}`
		d, err := c.Decode("u", "user.signed_up", []byte(body), received.Add(24*time.Hour))
		got := ""
		if err == nil {
			got = d.Event.Time.Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("%s: %q, want %q (%v)", offset, got, want, err)
		}
	}
}
