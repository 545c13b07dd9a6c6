package workflows_test

import (
	"testing"
	"time"

	"homeroom/activities"
	"homeroom/engine"
)

func TestRestingAndWaking(t *testing.T) {
	w := newWorld(t, monday)
	saturday := monday.Add(5 * 24 * time.Hour)
	w.at(0, func() { w.handOver(w.event("lesson.completed")) })
	w.step = func(_ engine.Env, s engine.State, _ []engine.Input, _ time.Time) engine.Result {
		s.Seq = 1
		return engine.Result{State: s, WakeAt: saturday}
	}
	w.until(48*time.Hour, first())
	resting := continued(t, w)
	if !resting.Resting || !resting.Wake.Equal(saturday) || resting.State.Seq != 1 || w.decides != 1 {
		t.Fatalf("after a day: resting %v, wake %v, seq %d, %d decisions; want true, %v, 1, 1", resting.Resting, resting.Wake, resting.State.Seq, w.decides, saturday)
	}

	// The compact run: nothing but a timer, until it rings.
	w = newWorld(t, monday.Add(24*time.Hour))
	var woke time.Time
	w.step = func(env engine.Env, s engine.State, in []engine.Input, now time.Time) engine.Result {
		woke = now
		return engine.Result{State: s}
	}
	w.at(4*24*time.Hour-time.Minute, func() {
		if w.decides != 0 || len(w.timers) != 1 {
			t.Errorf("while resting: %d decisions, %d timers; want 0, 1", w.decides, len(w.timers))
		}
	})
	w.until(4*24*time.Hour+time.Hour, resting)
	if !woke.Equal(saturday) {
		t.Errorf("woke at %v, want %v", woke, saturday)
	}
}

func TestAnEventWakesARestingLearner(t *testing.T) {
	w := newWorld(t, monday)
	in := first()
	in.Resting = true
	w.at(100*24*time.Hour, func() { w.handOver(w.event("enrollment.created", "course_id", "crs_go")) })
	w.until(101*24*time.Hour, in)
	equal(t, "mails", w.mails, []string{"10:00 welcome"})
}

// TestANewerTriggerRestartsARestingLearnersRun: the run of a rule with again: restart begins anew, though its learner sleeps.
func TestANewerTriggerRestartsARestingLearnersRun(t *testing.T) {
	w := newWorld(t, monday)
	w.at(0, func() { w.handOver(w.event("assignment.due_set", "assignment_id", "a1")) })
	w.until(48*time.Hour, first())
	resting := continued(t, w)
	if !resting.Resting || !resting.Wake.Equal(monday.Add(10*24*time.Hour)) {
		t.Fatalf("after a day: resting %v, wake %v; want true and 10 days later", resting.Resting, resting.Wake)
	}
	w = newWorld(t, monday.Add(5*24*time.Hour))
	w.at(time.Minute, func() {
		ev := w.event("assignment.due_set", "assignment_id", "a1")
		ev.ID = "moved"
		ev.Seq = resting.State.Seq + 1
		w.handOver(ev)
	})
	w.until(11*24*time.Hour, resting)
	equal(t, "decisions", w.log(), []string{"10:01 due-date exited", "10:01 due-date started"})
	moved := monday.Add(5*24*time.Hour + time.Minute)
	if next := continued(t, w); !next.Resting || !next.Wake.Equal(moved.Add(10*24*time.Hour)) {
		t.Errorf("then: resting %v, wake %v; want true and 10 days after %v", next.Resting, next.Wake, moved)
	}
}

// TestTheZoneBecomesKnownWhileALearnerSleeps: the run waits for Friday at 9:30, in a zone that is not known; the learner rests. Once the zone is known, the workflow wakes
// when it is 9:30 there, and not before.
func TestTheZoneBecomesKnownWhileALearnerSleeps(t *testing.T) {
	friday := time.Date(2026, 3, 6, 9, 30, 0, 0, time.UTC)
	w := newWorld(t, monday, func(_ *world, o *activities.Options) { o.RestAfter = 12 * time.Hour })
	w.zone = ""
	w.at(0, func() { w.handOver(w.event("user.signed_up")) })
	w.until(48*time.Hour, first())
	resting := continued(t, w)
	if !resting.Resting || !resting.Wake.Equal(friday) {
		t.Fatalf("resting %v, wake %v; want true and %v", resting.Resting, resting.Wake, friday)
	}
	for _, c := range []struct {
		zone, mail string
	}{
		{"Asia/Tokyo", "00:30 friday"},
		{"America/New_York", "14:30 friday"},
		{"", "09:30 friday"},
	} {
		w = newWorld(t, monday.AddDate(0, 0, 2))
		w.zone = c.zone
		w.at(time.Minute, func() {
			ev := w.event("profile.updated")
			ev.ID = "zone"
			ev.Seq = resting.State.Seq + 1
			w.handOver(ev)
		})
		in := resting
		for w.until(5*24*time.Hour, in); len(w.mails) == 0; w.until(5*24*time.Hour, in) {
			in = continued(t, w)
			if !in.Resting || in.Wake.After(friday.AddDate(0, 0, 1)) {
				t.Fatalf("%s: resting %v, wake %v", c.zone, in.Resting, in.Wake)
			}
			w = newWorld(t, in.Wake)
			w.zone = c.zone
		}
		equal(t, "mails in "+c.zone, w.mails, []string{c.mail})
	}
}
