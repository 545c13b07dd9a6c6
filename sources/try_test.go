package sources_test

import (
	"strings"
	"testing"
	"time"

	"homeroom/catalog"
	"homeroom/sources"
)

// noon is when bodies are tried, later than all fixtures.
var noon = time.Date(2026, time.December, 1, 12, 0, 0, 0, time.UTC)

// TestTryOfABodyWithAnOddTime: without one it counts as of its arrival; what else is wrong with it is said, and not that it has no time. A time that is none is said as such,
// and so is one that triggers would refuse now.
func TestTryOfABodyWithAnOddTime(t *testing.T) {
	known, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	set, err := sources.Shipped(known)
	if err != nil {
		t.Fatal(err)
	}
	statement := func(more string) string {
		return `{"id":"0d1e2f30-0000-4000-8000-0000000000aa","actor":{"mbox":"mailto:ada@example.org"},"verb":{"id":"http://adlnet.gov/expapi/verbs/completed"},` + more + `}`
	}
	for _, tt := range []struct {
		name, body, reason, says string
	}{
		{"complete", statement(`"object":{"id":"https://lms.example/l1"}`), "", "it says no time"},
		{"an empty id", statement(`"object":{"id":""}`), catalog.CodeMissingKey, "lesson_id is empty"},
		{"no id", statement(`"object":{}`), catalog.CodeMissingKey, "needs lesson_id"},
		{"a time ahead", statement(`"object":{"id":"https://lms.example/l1"},"timestamp":"2026-12-01T13:00:01Z"`), "", "refuse it as bad_time"},
		{"a time hardly ahead", statement(`"object":{"id":"https://lms.example/l1"},"timestamp":"2026-12-01T13:00:00Z"`), "", ""},
		{"a time that is none", statement(`"object":{"id":""},"timestamp":"yesterday"`), catalog.CodeBadTime, "cannot read the time"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := sources.Try(known.WithTranslator(set), set, []byte(tt.body), noon).Bodies[0]
			if said := strings.Join(append(got.Remarks, got.Message), " "); got.Reason != tt.reason || !strings.Contains(said, tt.says) || tt.says == "" && said != "" {
				t.Errorf("got %q %q", got.Reason, said)
			}
		})
	}
}
