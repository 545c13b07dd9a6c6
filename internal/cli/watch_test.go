package cli_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"homeroom/admin"
	"homeroom/internal/clitest"
	"homeroom/internal/clock"
	"homeroom/store"
)

// TestWatch: what arrives is told with what becomes of it, whole from a moment on, and of one learner only if asked.
func TestWatch(t *testing.T) {
	w := clitest.Open(t, "../../examples/academy")
	w.Send("learning.u_1.lesson.completed", nil, `{"id":"e1","properties":{"lesson_id":"l1","coures_id":"c1"}}`)
	w.Send("learning.u_1.lesson.complete", nil, `{"id":"e2",`+lesson+`}`)
	w.Send("learning.u_2.lesson.completed", nil, `{"id":"e3",`+lesson+`}`)
	text := w.MustRun(0, "watch", "--since", "all", "--lines", "3")
	clitest.WantParts(t, text, "u_1  read  lesson.completed  e1", "did you mean course_id?", "u_1  refused  lesson.complete", "unknown_event: ", "u_2  read  lesson.completed  e3")
	var line admin.Watched
	one := w.MustRun(0, "watch", "--learner", "u_2", "--since", "1h", "--lines", "1", "--format", "json")
	if err := json.Unmarshal([]byte(one), &line); err != nil || line.Learner != "u_2" || line.Outcome != "read" || line.ID != "e3" || strings.Count(one, "\n") != 1 {
		t.Errorf("%v: %s", err, one)
	}
	clitest.WantParts(t, w.MustRun(0, "audit", "--learner", "u_2"), "look_at_learner")
	now := time.Now()
	ahead := clock.New(now, now.AddDate(0, 0, 70), 1)
	if err := w.Store.Control.PublishInstance(t.Context(), store.Instance{Name: "campus", Clock: &ahead}); err != nil {
		t.Fatal(err)
	}
	yesterday := ahead.At(now).AddDate(0, 0, -1).Format(time.RFC3339)
	clitest.WantParts(t, w.MustRun(0, "watch", "--since", yesterday, "--lines", "3"), "u_1  read", "u_2  read")
	if others := w.MustRun(0, "audit", "--learner", "u_1"); strings.Contains(others, "look_at_learner") {
		t.Errorf("who watches everybody, or another, looks at u_1:\n%s", others)
	}
}
