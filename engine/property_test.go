package engine_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"homeroom/engine"
)

// start is when every generated story begins.
var start = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

var everyRule = []string{"welcome", "cheer", "retry", "retry-goal", "split", "twice", "settings-backoff", "silent", "away", "trial", "morning", "branch", "share", "receipt",
	"settings-night", "settings-daily", "settings-recent"}

// drawStory makes a learner's events: in stream order, sometimes twice, sometimes late, seconds to days apart.
func drawStory(t *rapid.T) []engine.Event {
	names := []string{"enrollment.created", "lesson.completed", "video.played", "assessment.started", "assessment.graded",
		"assessment.retried", "course.completed", "enrollment.cancelled", "certificate.earned", "certificate.shared",
		"trial.started", "subscription.created", "course.purchased", "course.progress_updated"}
	var story []engine.Event
	at := start
	for i := range rapid.IntRange(1, 40).Draw(t, "events") {
		gaps := []time.Duration{0, time.Second, 7 * time.Minute, 3 * time.Hour, day, 8 * day}
		at = at.Add(rapid.SampledFrom(gaps).Draw(t, "gap"))
		course := rapid.SampledFrom([]string{"go", "rust"}).Draw(t, "course")
		ev := engine.Event{
			ID:       fmt.Sprintf("e%d", i),
			Name:     rapid.SampledFrom(names).Draw(t, "name"),
			Learner:  "u1",
			Time:     at,
			StoredAt: at,
			Properties: map[string]any{
				"course_id": course, "assessment_id": course + "-quiz", "certificate_id": "cert-" + course, "lesson_id": course + "-l1",
				"video_id": course + "-v1", "passed": rapid.Bool().Draw(t, "passed"), "trial_duration_days": 14.0, "progress_pct": 60.0,
			},
		}
		if rapid.IntRange(0, 9).Draw(t, "late") == 0 {
			ev.Time = at.Add(-rapid.SampledFrom([]time.Duration{time.Minute, 5 * time.Hour, 3 * day}).Draw(t, "by"))
		}
		if rapid.IntRange(0, 9).Draw(t, "again") == 0 && len(story) > 0 {
			ev.ID = story[len(story)-1].ID
		}
		ev.Seq = uint64(i + 1)
		story = append(story, ev)
	}
	return story
}

func TestWhateverHappens(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := newHost(t)
		h.use(everyRule...)
		h.env.Profile.Timezone = rapid.SampledFrom([]string{"", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "No/Where"}).Draw(rt, "zone")
		story := drawStory(rt)
		for i := range story {
			h.handOver(&story[i], story[i].StoredAt)
		}
		h.runTo(start.AddDate(1, 6, 0))
		checkQuietAndCaps(rt, h)
		checkNothingAfterLeaving(rt, h)
		checkTwice(rt, t, story, h)
	})
}

// checkQuietAndCaps: no send while quiet; never more than one a day (receipts are transactional).
func checkQuietAndCaps(t *rapid.T, h *host) {
	zone, err := time.LoadLocation(h.env.Profile.Timezone)
	if err != nil {
		zone = time.UTC
	}
	var last time.Time
	for _, d := range h.decisions {
		if d.Kind != engine.KindSent || d.Message == "receipt" {
			continue
		}
		if hour := d.At.In(zone).Hour(); hour >= 21 || hour < 8 {
			t.Fatalf("sent at %s, in quiet hours", d.At.In(zone))
		}
		if !last.IsZero() && d.At.Sub(last) < day {
			t.Fatalf("sent at %s and %s: more than one in a day", last, d.At)
		}
		last = d.At
	}
}

// checkNothingAfterLeaving: a run that has exited sends nothing more, and no message of a run goes twice.
func checkNothingAfterLeaving(t *rapid.T, h *host) {
	left := map[string]time.Time{}
	sent := map[string]bool{}
	for _, d := range h.decisions {
		if d.Kind == engine.KindExited {
			left[d.Run] = d.At
		}
		if d.Kind == engine.KindSent {
			if at, gone := left[d.Run]; gone && d.At.After(at) { // "sent" is told when the outcome is known
				t.Fatalf("%s sent %s after its run had ended", d.Rule, d.Message)
			}
			if sent[d.Send] {
				t.Fatalf("send %s went twice", d.Send)
			}
			sent[d.Send] = true
		}
	}
}

// checkTwice: the same story through JSON after every step, and with every event delivered twice, decides the same.
func checkTwice(rt *rapid.T, t *testing.T, story []engine.Event, want *host) {
	h := newHost(t)
	h.use(everyRule...)
	h.env.Profile.Timezone = want.env.Profile.Timezone
	for i := range story {
		for range 2 {
			h.handOver(&story[i], story[i].StoredAt)
			h.state = throughJSON(rt, h.state)
			h.env.Standing = throughJSON(rt, h.env.Standing)
		}
	}
	h.runTo(start.AddDate(1, 6, 0))
	if diff := cmp.Diff(want.out.String(), h.out.String()); diff != "" {
		rt.Fatalf("redelivered and stored as JSON it decides otherwise:\n%s", diff)
	}
}

func throughJSON[T any](t *rapid.T, v T) T {
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var back T
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	return back
}

// TestBatchesDecideTheSame: punctual events in one step or each in its own lead to the same decisions.
func TestBatchesDecideTheSame(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		one := newHost(t)
		many := newHost(t)
		for _, h := range []*host{one, many} {
			h.use("welcome", "cheer", "retry", "share", "settings-daily", "settings-night")
		}
		now := start
		for batch := range rapid.IntRange(1, 6).Draw(rt, "batches") {
			now = now.Add(rapid.SampledFrom([]time.Duration{time.Hour, day}).Draw(rt, "pause"))
			var inputs []engine.Input
			at := now.Add(-30 * time.Second)
			one.runTo(at.Add(-1))
			many.runTo(at.Add(-1))
			for n := range rapid.IntRange(1, 5).Draw(rt, "size") {
				at = at.Add(time.Duration(rapid.IntRange(0, 5).Draw(rt, "seconds")) * time.Second)
				course := rapid.SampledFrom([]string{"go", "rust"}).Draw(rt, "course")
				ev := engine.Event{
					ID:         fmt.Sprintf("b%d.%d", batch, n),
					Learner:    "u1",
					Time:       at,
					Seq:        uint64(batch*10 + n + 1),
					Name:       rapid.SampledFrom([]string{"enrollment.created", "lesson.completed", "assessment.graded", "assessment.retried", "course.completed"}).Draw(rt, "name"),
					Properties: map[string]any{"course_id": course, "assessment_id": course + "-quiz", "passed": false},
				}
				inputs = append(inputs, engine.Input{Event: &ev})
				many.runTo(at.Add(-1))
				many.step([]engine.Input{{Event: &ev}}, at)
			}
			one.step(inputs, now)
			many.runTo(now)
		}
		one.runTo(now.Add(30 * day))
		many.runTo(now.Add(30 * day))
		if diff := cmp.Diff(sorted(many), sorted(one)); diff != "" {
			rt.Fatalf("one by one (-) and in batches (+) differ:\n%s", diff)
		}
	})
}

// sorted lists the decisions by time: an outcome that comes back after the next event is logged after it.
func sorted(h *host) []string {
	lines := strings.Split(h.out.String(), "\n")
	slices.Sort(lines)
	return lines
}
