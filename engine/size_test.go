package engine_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"homeroom/engine"
)

// TestStateStaysSmall: five years of study in ten courses, 20,000 events, leave at most 16 KB of state.
func TestStateStaysSmall(t *testing.T) {
	const limit = 16 << 10
	h := newHost(t)
	h.use("welcome", "cheer", "retry-goal", "silent", "away", "trial", "share", "receipt", "twice",
		"settings-night", "settings-daily", "settings-recent", "settings-backoff")
	r := rand.New(rand.NewPCG(1, 2))
	often := []string{"lesson.started", "lesson.completed", "video.played", "course.progress_updated"}
	now := []string{"assessment.started", "assessment.graded", "assessment.graded", "assessment.retried"}
	seldom := []string{"enrollment.created", "course.purchased", "certificate.earned", "course.completed"}
	at := start
	largest := 0
	for i := range 20_000 {
		at = at.Add(time.Duration(r.IntN(4*60*60)) * time.Second)
		if r.IntN(400) == 0 {
			at = at.AddDate(0, 0, 9) // a holiday
		}
		names := often
		switch n := r.IntN(100); {
		case n < 2:
			names = seldom
		case n < 20:
			names = now
		}
		course := fmt.Sprintf("course-%d", r.IntN(10))
		ev := engine.Event{
			ID:         fmt.Sprintf("event-%d", i),
			Name:       names[r.IntN(len(names))],
			Learner:    "u1",
			Time:       at,
			Seq:        uint64(i + 1),
			Properties: map[string]any{"course_id": course, "passed": r.IntN(2) == 0},
		}
		for _, key := range h.env.Current.Keys[ev.Name] { // triggers strip what no rule names
			if key != engine.KeyCourse {
				ev.Properties[key] = fmt.Sprintf("%s-%s-%d", course, key, r.IntN(60))
			}
		}
		h.handOver(&ev, at)
		if i%100 == 0 {
			raw, err := json.Marshal(h.state)
			if err != nil {
				t.Fatal(err)
			}
			largest = max(largest, len(raw))
		}
		h.out.Reset()
		h.decisions = nil
	}
	if years := at.Sub(start).Hours() / 24 / 365; years < 4 {
		t.Fatalf("the story covers %.1f years only", years)
	}
	t.Logf("largest state: %d bytes", largest)
	if largest > limit {
		t.Errorf("the state grew to %d bytes, want at most %d", largest, limit)
	}
}

// TestWhatIsRememberedForPeopleIsShort: every step records the last decisions in the history once more.
func TestWhatIsRememberedForPeopleIsShort(t *testing.T) {
	h := newHost(t)
	h.use("welcome")
	ev := engine.Event{ID: "e1", Name: "enrollment.created", Learner: "u1", Time: start, Seq: 1, Properties: map[string]any{"course_id": "a"}}
	h.handOver(&ev, start)
	if len(h.state.Recent) != 2 {
		t.Fatalf("remembered: %+v", h.state.Recent)
	}
	raw, err := json.Marshal(h.state.Recent[1])
	if want := `{"at":"2026-03-01T10:00:00Z","rule":"welcome","scope":"course_id=a","kind":"sent","message":"welcome"}`; err != nil || string(raw) != want {
		t.Errorf("remembered %s (%v), want %s", raw, err, want)
	}
}
