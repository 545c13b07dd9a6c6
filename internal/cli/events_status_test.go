package cli_test

import (
	"encoding/json"
	"strings"
	"testing"

	"homeroom/admin"
	"homeroom/internal/clitest"
)

// TestEventsStatus: what has been seen and when, what the rules wait for in vain, which properties never came, what was refused, and what of events that count
// cannot be used.
func TestEventsStatus(t *testing.T) {
	w := clitest.Open(t, "../../examples/academy")
	w.Send("learning.u_1.lesson.completed", nil, `{"id":"e1","properties":{"lesson_id":"l1","coures_id":"c1"},"traits":{"timezone":"Nowhere","email":"ada@example.org"}}`)
	w.Send("learning.u_2.lesson.completed", nil, `{"id":"e2","time":"2026-03-02T10:00:00Z","properties":{"lesson_id":"l1","coures_id":"c1"}}`)
	w.Send("learning.u_2.lesson.complete", nil, `{"id":"e3",`+lesson+`}`)
	w.Send("learning._.content.published", nil, `{"id":"p1","time":"2026-03-02T10:00:00Z","properties":{"content_id":"c1"}}`)
	w.Send("learning._.content.published", nil, `{}`)
	w.Send("learning.u_2.certificate.earned", nil, `{"id":"e4","properties":{"course_id":"c1"}}`)
	w.StartTriggers()
	w.WaitUntilRead()
	text := w.MustRun(3, "events", "status", "--since", "all", "--strict")
	clitest.WantParts(t, text, "Not complete: 1 of the ", "from which rules in force start have been seen.", "Rules in force wait for events that have not been seen:", "enrollment.created, for ", "4 events read.", "lesson.completed never had course_id", "coures_id is none of lesson.completed, did you mean course_id?, 2", "of u_2, event e2",
		"lesson.complete  1", "timezone")
	if strings.Contains(text, "ada@") {
		t.Errorf("a value is printed:\n%s", text)
	}
	var status admin.EventsStatus
	if err := json.Unmarshal([]byte(w.MustRun(0, "events", "status", "--since", "all", "--format", "json")), &status); err != nil {
		t.Fatal(err)
	}
	seen := map[string]admin.EventSeen{}
	for _, e := range status.Events {
		seen[e.Event] = e
	}
	if l := seen["lesson.completed"]; status.Complete || l.Seen != 2 || l.Last.IsZero() || len(l.Remarks) != 2 || l.Remarks[0].Count != 2 {
		t.Errorf("lesson.completed: %+v", l)
	}
	if p := seen["content.published"]; p.Seen != 2 || p.Last.IsZero() {
		t.Errorf("content.published, which is about the platform: %+v", p)
	}
	if b := seen["broadcast.started"]; len(b.Starts)+len(b.Heard) != 0 {
		t.Errorf("broadcast.started, which a person starts: %+v", b)
	}
	if c := seen["certificate.earned"]; c.Seen != 0 || c.Refused["missing_key"] != 1 || len(c.Starts) == 0 {
		t.Errorf("certificate.earned: %+v", c)
	}

	remarks := w.MustRun(0, "deadletters", "list", "--remarks")
	clitest.WantParts(t, remarks, "4 events read.", "did you mean course_id?")
	var list struct {
		Remarks []struct {
			Event, Learner string
			Count          int
		}
	}
	if err := json.Unmarshal([]byte(w.MustRun(0, "deadletters", "list", "--remarks", "--format", "json")), &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Remarks) != 2 || list.Remarks[0].Event != "lesson.completed" || list.Remarks[0].Count != 2 {
		t.Errorf("remarks: %+v", list.Remarks)
	}
}
