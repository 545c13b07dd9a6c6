package triggers_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"homeroom/engine"
	"homeroom/profile"
	"homeroom/triggers"
)

// week is what a few learners did, and what must be known of them after it: as if each event had been noted by itself.
type week struct {
	*world
	events   int
	standing map[string]*engine.Standing
	person   map[string]profile.Profile
	wanted   map[string][]uint64 // sequences by learner
}

// learned publishes the next n events. Several fall into the same step of activity, some onto its edge; some name their
// course, others only the lesson; every seventh is one that a rule wants; zones change.
func (w *week) learned(n int) {
	w.t.Helper()
	began := time.Now().Add(-7 * 24 * time.Hour).Truncate(10 * time.Minute)
	for range n {
		i := w.events
		w.events++
		learner := fmt.Sprintf("u_%d", i%11)
		round := i / 11
		name := "lesson.completed"
		properties := map[string]any{"lesson_id": fmt.Sprintf("l%d", round/3)}
		if round%3 == 0 {
			properties["course_id"] = fmt.Sprintf("c%d", round/6)
		}
		if i%7 == 3 {
			name = "assessment.graded"
			properties = map[string]any{"assessment_id": fmt.Sprintf("a%d", i), "course_id": "c1", "score_pct": 40.0, "passed": false, "grader_type": "auto"}
		}
		at := began.Add(time.Duration(round) * 4 * time.Minute).UTC()
		traits := map[string]any{"timezone": []string{"Europe/Berlin", "Asia/Tokyo", "Asia/Kolkata"}[i%3]}
		seq := w.publish(learner, name, map[string]any{"id": fmt.Sprintf("e%d", i), "time": at.Format(time.RFC3339Nano), "properties": properties, "traits": traits})
		if w.standing[learner] == nil {
			w.standing[learner] = &engine.Standing{}
		}
		w.standing[learner].Apply(&engine.Event{Name: name, Learner: learner, Time: at, Properties: properties}, w.rules, w.storedAt(seq))
		w.person[learner], _, _ = w.person[learner].Merge(traits, at)
		if name == "assessment.graded" {
			w.wanted[learner] = append(w.wanted[learner], seq)
		}
	}
}

func TestAWeekNotedTogetherIsAsEventByEvent(t *testing.T) {
	w := &week{newWorld(t), 0, map[string]*engine.Standing{}, map[string]profile.Profile{}, map[string][]uint64{}}
	w.rules.Rules = slices.DeleteFunc(w.rules.Rules, func(r *engine.Rule) bool { return r.Name == "lesson.completed" })
	var mu sync.Mutex
	tries := 0
	early := 0
	w.learn.failWith(func(b triggers.Batch) error {
		mu.Lock()
		defer mu.Unlock()
		st, err := w.store.Standings.Get(context.Background(), b.Learner)
		if err != nil {
			return err
		}
		for _, ev := range b.Events {
			if !slices.ContainsFunc(st.Links, func(l engine.Link) bool { return l.Key == fmt.Sprint("assessment_id=", ev.Properties["assessment_id"]) }) {
				early++
			}
		}
		if tries++; tries%4 == 0 {
			return errDown
		}
		return nil
	})
	w.learned(300)
	for range 3 {
		before := w.learn.distinct()
		run := w.run()
		w.learned(40)
		w.until("some events", func() bool { return w.learn.distinct() > before })
		run.crash()
		w.learned(40)
	}
	w.run()
	w.until("everything", func() bool { return w.unfinished() == 0 })
	mu.Lock()
	defer mu.Unlock()
	if early > 0 {
		t.Errorf("%d events were handed over before their standing was written", early)
	}
	for learner, want := range w.standing {
		got, err := w.store.Standings.Get(context.Background(), learner)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: standing (-event by event +noted), %v:\n%s", learner, err, diff)
		}
		person, err := w.store.Profiles.Get(context.Background(), learner)
		if diff := cmp.Diff(w.person[learner], person); err != nil || diff != "" {
			t.Errorf("%s: profile (-event by event +noted), %v:\n%s", learner, err, diff)
		}
		if got := w.learn.applied(learner); !slices.Equal(got, w.wanted[learner]) {
			t.Errorf("%s: the workflow applies %v, want %v", learner, got, w.wanted[learner])
		}
	}
}
