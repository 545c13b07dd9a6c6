package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestEmitSaysWhoseEventItIs(t *testing.T) {
	tests := []struct {
		name string
		args string
		code int
		want string
	}{
		{"a learner's event", "enrollment.created --learner u_42 course_id=c", 0, "learning.u_42.enrollment.created\n"},
		{"a learner's event of nobody", "enrollment.created course_id=c", 2, "enrollment.created is about a learner"},
		{"a learner's event of the platform", "enrollment.created --learner _ course_id=c", 2, `"_" is taken`},
		{"an event about the platform", "content.published content_id=x", 0, "learning._.content.published\n"},
		{"the same, said outright", "content.published --learner _ content_id=x", 0, "learning._.content.published\n"},
		{"an unknown event", "lesson.complete --learner u_42", 2, "did you mean lesson.completed?"},
		{"a wrong type", "assessment.graded --learner u_42 assessment_id=q score_pct=abc", 2, `score_pct must be a number, not "abc"`},
		{"a time zone that is none", "enrollment.created --learner u_42 course_id=c --trait timezone=GMT+5:30", 0, "Remark: the trait timezone GMT+5:30 is no IANA name"},
		{"an address that is none", "enrollment.created --learner u_42 course_id=c --trait email=garbage", 0, "Remark: the trait email is not an address"},
		{"a trait under another name", "enrollment.created --learner u_42 course_id=c --trait firstName=Ada", 0, "did you mean first_name?"},
		{"an offset of nearly a day", "enrollment.created --learner u_42 course_id=c --time 2026-03-02T10:00:00+23:59", 0, `"2026-03-01T10:01:00Z"`},
		{"a missing key", "assessment.graded --learner u_42", 2, "assessment.graded needs assessment_id"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			o := IO{Out: &out, Err: &out, Now: func() time.Time { return time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC) }}
			args := append([]string{"emit", "--dry-run"}, strings.Fields(test.args)...)
			if code := Main(t.Context(), args, o); code != test.code || !strings.Contains(out.String(), test.want) {
				t.Errorf("got %d, want %d with %q:\n%s", code, test.code, test.want, out.String())
			}
		})
	}
}
