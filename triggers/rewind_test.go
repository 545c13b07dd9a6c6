package triggers_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"homeroom/subjects"
	"homeroom/triggers"
)

// has reports whether an event of the learner, by id, was handed over.
func (w *world) has(learner, id string) bool {
	for _, ev := range w.learn.of(learner) {
		if ev.ID == id {
			return true
		}
	}
	return false
}

// NATS's files go back in time (an unsynced tail is lost in a power cut, a volume's snapshot is put back), under triggers that live on and under some that
// begin anew. What the platform publishes from then on gets sequences that were given out before; it is handed over all the same.
func TestNewEventsUnderOldSequencesAreHandedOver(t *testing.T) {
	for _, tc := range []struct {
		name    string
		restart bool
	}{{"under a process that lived on", false}, {"under a process that was restarted", true}} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			w.tune = func(o *triggers.Options) { o.Rewinds = w.store.Control }
			run := w.run()
			learners := []string{"u_1", "u_2", "u_3"}
			publish := func(from, to int) {
				for n := from; n < to; n++ {
					for _, learner := range learners {
						w.lesson(learner, n)
					}
				}
			}
			arrived := func(to int) func() bool {
				return func() bool {
					for _, learner := range learners {
						if !w.has(learner, fmt.Sprintf("%s-%d", learner, to-1)) {
							return false
						}
					}
					return true
				}
			}
			publish(0, 5)
			w.until("the first events", arrived(5))
			saved := w.srv.SaveFiles()
			w.awaitServer()
			publish(5, 10)
			w.until("what will be lost", arrived(10))
			if tc.restart {
				run.stop()
			}
			w.srv.RestoreFiles(saved)
			w.awaitServer()
			if tc.restart {
				run = w.run()
			}
			publish(10, 20)
			w.until("everything new", arrived(20))
			for _, learner := range learners {
				for n := 10; n < 20; n++ {
					if id := fmt.Sprintf("%s-%d", learner, n); !w.has(learner, id) {
						t.Errorf("%s was acknowledged and not handed over", id)
					}
				}
			}
			if tc.restart {
				return // a process that has not seen the lost events cannot know of them; the learners' states do
			}
			w.until("the rewind is counted", func() bool { return run.Stats().Rewinds > 0 })
			w.until("the record for the operator", func() bool {
				rewinds, err := w.store.Control.Rewinds(context.Background())
				return err == nil && len(rewinds) > 0 && rewinds[0].To <= rewinds[0].From
			})
		})
	}
}

// Everything is handed over again after a disaster, as operations.md says: consumers are made anew. Dead letters of long ago are recognized without
// JetStream's window of message ids.
func TestHandingEverythingOverAgainDoublesNoDeadLetter(t *testing.T) {
	w := newWorld(t)
	first := w.run()
	for i := range 3 {
		w.publishRaw("learning.u_1.lesson.complete", fmt.Appendf(nil, `{"id":"%d"}`, i))
	}
	w.deadLetters(3)
	first.stop()
	w.startOver()
	w.lesson("u_1", 7)
	w.tune = func(o *triggers.Options) { o.RepeatWindow = time.Nanosecond }
	w.run()
	w.until("the event behind them", func() bool { return w.has("u_1", "u_1-7") })
	w.lesson("u_1", 8)
	w.until("one more", func() bool { return w.has("u_1", "u_1-8") })
	if got := len(w.deadLetters(3)); got != 3 {
		t.Errorf("%d dead letters, want 3", got)
	}
}

// startOver deletes the consumers, so that everything is handed over again, and lets the dead-letter stream forget the message ids it knows.
func (w *world) startOver() {
	w.t.Helper()
	ctx := context.Background()
	for p := range subjects.Partitions {
		if err := w.js.DeleteConsumer(ctx, subjects.Stream, fmt.Sprintf("homeroom-triggers-%d", p)); err != nil {
			w.t.Fatal(err)
		}
	}
	dead, err := w.js.Stream(ctx, subjects.DeadStream)
	if err != nil {
		w.t.Fatal(err)
	}
	config := dead.CachedInfo().Config
	config.Duplicates = 100 * time.Millisecond
	if _, err := w.js.UpdateStream(ctx, config); err != nil {
		w.t.Fatal(err)
	}
	w.srv.Restart()
	w.awaitServer()
}
