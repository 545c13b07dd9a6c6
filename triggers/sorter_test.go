package triggers

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"homeroom/catalog"
	"homeroom/engine"
)

// letter is a made-up message with a body, which notes what becomes of it.
type letter struct {
	delivery
	body   string
	backed *[]uint64
}

func (l letter) Data() []byte { return []byte(l.body) }
func (l letter) Nak() error   { *l.backed = append(*l.backed, l.seq); return nil }

// inMemory are standings of which TryUpdate knows all or none, as they were before.
type inMemory struct {
	known   bool
	record  engine.Standing
	updated chan struct{}
}

func (m *inMemory) TryUpdate(_ string, apply func(*engine.Standing, []uint64) (bool, []uint64)) bool {
	if !m.known {
		return false
	}
	write, _ := apply(&m.record, nil)
	return !write
}

func (m *inMemory) Update(_ context.Context, _ string, apply func(*engine.Standing, []uint64) (bool, []uint64)) error {
	apply(&m.record, nil)
	m.updated <- struct{}{}
	return nil
}

func TestWhatTheSorterLetsThrough(t *testing.T) {
	const plain = `{"id":"e1","properties":{"lesson_id":"l1","course_id":"c1"}}`
	seen := engine.Standing{FirstSeenAt: noon, Links: []engine.Link{{Key: "lesson_id=l1", Course: "c1"}}}
	for _, tc := range []struct {
		name    string
		known   bool
		before  engine.Standing
		wants   string // the event that a rule wants
		body    string
		stop    bool // a shutdown has begun
		busy    bool // the learner has a lane
		through bool // acknowledged at once
	}{
		{"no rule needs it and it changes nothing", true, seen, "", plain, false, false, true},
		{"the standing is not in memory", false, seen, "", plain, false, false, false},
		{"the standing has to be written", true, engine.Standing{}, "", plain, false, false, false},
		{"a rule wants it", true, seen, "lesson.completed", plain, false, false, false},
		{"it says something about the person", true, seen, "", `{"id":"e1","properties":{"lesson_id":"l1","course_id":"c1"},"traits":{"plan":"pro"}}`, false, false, false},
		{"it cannot be read", true, seen, "", `{"id":"e1"`, false, false, false},
		{"older ones of the learner are being worked on", true, seen, "", plain, false, true, false},
		{"shutting down: nothing may overtake what was given up", true, seen, "", plain, true, false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBench(t, *info(4, 10, 0, 3))
			standings := &inMemory{known: tc.known, record: tc.before, updated: make(chan struct{}, 9)}
			cat, err := catalog.Default()
			if err != nil {
				t.Fatal(err)
			}
			rs := &engine.Ruleset{Keys: map[string][]string{"lesson.completed": {"lesson_id"}}}
			if tc.wants != "" {
				rs.Rules = []*engine.Rule{{When: engine.Trigger{Match: engine.Match{Event: tc.wants}}}}
			}
			b.t.o.Standings = standings
			b.t.o.Catalog = func() *catalog.Catalog { return cat }
			b.t.o.Ruleset = func() *engine.Ruleset { return rs }
			stopping := make(chan struct{})
			b.setStopping(stopping)
			if tc.stop {
				close(stopping)
			}
			if tc.busy {
				b.lanes.byLearner["u_1"] = &lane{learner: "u_1"}
			}
			ended, end := context.WithCancel(context.Background())
			end() // the lanes' goroutines give up at once
			b.work = ended
			var backed []uint64
			b.buffer.receive(letter{delivery{seq: 11, number: 5, acked: &b.acked}, tc.body, &backed})
			b.sortItems(b.buffer.takeQueue())
			var want []uint64
			if tc.through {
				want = []uint64{11}
			}
			if diff := cmp.Diff(want, b.acked); diff != "" {
				t.Errorf("acknowledged (-want +got):\n%s", diff)
			}
			if tc.stop && (len(backed) != 1 || len(b.lanes.byLearner) > 0) {
				t.Errorf("sent back: %v, lanes: %d", backed, len(b.lanes.byLearner))
			}
			if tc.busy && len(b.lanes.byLearner["u_1"].queue) != 1 {
				t.Error("it is not on the learner's lane")
			}
			b.lanes.done.Wait()
		})
	}
}

func TestReadingWaitsForTheSorter(t *testing.T) {
	b := newBench(t, *info(4, 10, 0, 3))
	b.lanes.byLearner["u_1"] = &lane{learner: "u_1"}
	full := make(chan struct{})
	go func() {
		defer close(full)
		for i := range uint64(maxQueue + 1) {
			b.buffer.receive(delivery{seq: 11 + i, number: 5 + i, acked: &b.acked})
		}
	}()
	got := 0
	for got < maxQueue+1 {
		items := b.buffer.takeQueue()
		if len(items) > maxQueue {
			t.Fatalf("%d messages in the tray", len(items))
		}
		got += len(items)
	}
	select {
	case <-full:
	case <-time.After(time.Minute):
		t.Error("reading still waits")
	}
}
