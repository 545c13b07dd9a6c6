package catalog_test

import (
	"strings"
	"testing"
)

// A body of another format is refused with the way to have it read.
func TestHintsAboutForeignFormats(t *testing.T) {
	c := builtin(t)
	for _, tc := range []struct{ name, body, hint string }{
		{"Open edX", `{"event_type":"problem_check","event_source":"server","context":{"course_id":"c"},"event":{}}`, `"openedx:"`},
		{"xAPI", `{"id":"s1","actor":{"mbox":"mailto:ada@example.org"},"verb":{"id":"http://adlnet.gov/expapi/verbs/completed"},"object":{"id":"x"}}`, `"xapi:"`},
		{"Caliper", `{"@context":"http://purl.imsglobal.org/ctx/caliper/v1p2","id":"urn:uuid:1","type":"SessionEvent","actor":"x"}`, `"caliper:"`},
		{"a Caliper envelope", `{"sensor":"https://lms.example","sendTime":"2026-03-02T10:00:00Z","data":[{}]}`, `"caliper:"`},
		{"Canvas", `{"metadata":{"event_name":"course_completed"},"body":{}}`, `"canvas:"`},
		{"Moodle", `{"eventname":"\\core\\event\\course_viewed","component":"core","userid":5}`, `"moodle:"`},
		{"Segment, a batch", `{"batch":[{"type":"track"}],"sentAt":"2026-03-02T10:00:00Z"}`, "publish each as a message of its own"},
		{"Thinkific", `{"id":"w1","resource":"enrollment","action":"created","payload":{}}`, `"thinkific:"`},
		{"a list of xAPI statements", `[{"actor":{},"verb":{"id":"x"},"object":{"id":"y"}}]`, `"xapi:"`},
		{"gzip", "\x1f\x8b\x08\x00\xff", "compressed with gzip"},
		{"UTF-16", "\xff\xfe{\x00", "UTF-16"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, problem := c.Decode("u", "user.signed_up", []byte(tc.body), received)
			if problem == nil || !strings.Contains(problem.Hint, tc.hint) {
				t.Errorf("got %v, want a hint with %s", problem, tc.hint)
			}
		})
	}
}
