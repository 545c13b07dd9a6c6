package triggers_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"homeroom/engine"
	"homeroom/store"
	"homeroom/triggers"
)

// lossyPaths count, and lose some of the answers: the caller cannot know whether anything was counted.
type lossyPaths struct {
	triggers.Paths
	calls atomic.Int64
}

func (l *lossyPaths) Count(ctx context.Context, partition int, floor uint64, moves []engine.Move) error {
	err := l.Paths.Count(ctx, partition, floor, moves)
	if l.calls.Add(1)%3 == 0 {
		return errors.New("the answer is lost")
	}
	return err
}

// TestWhatLearnersDidNextIsCounted publishes lessons, one of them twice, kills the process in between, and loses answers of the store: every first visit counts once.
func TestWhatLearnersDidNextIsCounted(t *testing.T) {
	w := newWorld(t)
	w.rules.Paths = true
	w.tune = func(o *triggers.Options) { o.Paths = &lossyPaths{Paths: o.Paths} }
	const learners = 30
	first := w.run()
	for n := range learners {
		learner := fmt.Sprintf("u_%d", n)
		w.lesson(learner, 1)
		w.lesson(learner, 2)
		w.lesson(learner, 1) // again: no first visit
	}
	w.until("some were handed over", func() bool { return w.learn.distinct() > learners/2 })
	first.crash()
	for n := range learners {
		w.lesson(fmt.Sprintf("u_%d", n), 3)
	}
	w.run()
	counted := func() engine.Followers {
		st, err := store.Open(t.Context(), w.js, store.OpenOptions{Secret: []byte("test")})
		if err != nil {
			t.Fatal(err)
		}
		defer st.Control.Close()
		f, err := st.Paths.Followers(t.Context(), "c1", "lesson_id=l2")
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	w.until("everybody's last lesson is counted", func() bool { return counted().Visits["lesson_id=l3"] >= learners })
	w.until("the standings hold no move any more", func() bool {
		for n := range learners {
			st, err := w.store.Standings.Get(t.Context(), fmt.Sprintf("u_%d", n))
			if err != nil || len(st.Moves) > 0 {
				return false
			}
		}
		return true
	})
	f := counted()
	for _, lesson := range []string{"lesson_id=l1", "lesson_id=l2", "lesson_id=l3"} {
		if f.Visits[lesson] != learners {
			t.Errorf("%s: %d first visits, want %d", lesson, f.Visits[lesson], learners)
		}
	}
}
