package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"homeroom/dev/harness"
	"homeroom/dev/instance"
	"homeroom/engine"
	"homeroom/internal/clock"
	"homeroom/internal/standin"
)

// TestMissingWorkAtTheUsualHour: one quiz is handed in and the other is not. Two hours after it was due the learner hears of it, at the hour at which they
// study, and of the lesson that comes next.
func TestMissingWorkAtTheUsualHour(t *testing.T) {
	t.Parallel()
	now := time.Now()
	w := open(t, harness.Academy(t, map[string]string{
		"rules/missing.yaml": `rule: missing
when: {overdue: 2h, of: assessment}
do:
  - send: missing
    at: usual
`,
		"messages/missing.md": `---
subject: "{{ trigger.title | default: 'A quiz' }} is missing"
---
{% if course.next %}Next comes {{ course.next.title }}.{% endif %}
`,
		"courses.yaml": `crs_go:
  title: Go
  lessons:
    - {id: l1, title: Hello}
    - {id: l2, title: Loops}
    - {id: l3, title: Maps}
`,
	}), instance.Options{Clock: clock.New(now, now, 3600)})
	lesson := func(id string) map[string]any { return map[string]any{"course_id": "crs_go", "lesson_id": id} }
	due := w.instance.Clock.Now().Add(6 * time.Hour)
	quiz := func(id, title string) map[string]any {
		return map[string]any{"course_id": "crs_go", "assessment_id": id, "title": title, "due_at": due.Format(time.RFC3339)}
	}
	began := w.instance.Clock.Now()
	w.publish("ada", "enrollment.created", map[string]any{"course_id": "crs_go"})
	w.publish("ada", "lesson.completed", lesson("l1"))
	w.publish("ada", "assessment.submitted", map[string]any{"course_id": "crs_go", "assessment_id": "q1"})
	w.publish("ada", "assessment.scheduled", quiz("q1", "Quiz one"))
	w.publish("ada", "assessment.scheduled", quiz("q2", "Quiz two"))

	sent := w.wait(1, of("ada", engine.KindSent))[0]
	if !strings.Contains(sent.Scope, "assessment_id=q2") {
		t.Errorf("sent about %s, want q2", sent.Scope)
	}
	if usual := began.UTC().Truncate(30 * time.Minute).Add(24 * time.Hour); sent.At.Before(usual) {
		t.Errorf("sent at %s, want the hour of the session on the day after, %s or later", sent.At, usual)
	}
	var mail standin.Message
	harness.Eventually(t, w.ctx, "the mail is there", func() error {
		mails := w.stack.Mail.Messages("")
		if len(mails) != 1 {
			return fmt.Errorf("%d mails", len(mails))
		}
		mail = mails[0]
		return nil
	})
	if mail.Subject != "Quiz two is missing" || !strings.Contains(mail.Text, "Next comes Loops.") {
		t.Errorf("the mail %q says:\n%s", mail.Subject, mail.Text)
	}
	if started := w.heard.all(of("ada", engine.KindStarted)); len(started) != 1 {
		t.Errorf("started: %+v", started)
	}
}
