package triggers_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"homeroom/engine"
	"homeroom/triggers"
)

// broadcasts is a fake that fails at first.
type broadcasts struct {
	mu      sync.Mutex
	failing int
	started []engine.Event
}

func (b *broadcasts) StartBroadcast(_ context.Context, ev engine.Event) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failing--; b.failing >= 0 {
		return errors.New("not now")
	}
	b.started = append(b.started, ev)
	return nil
}

// TestAnEventWithoutALearnerStartsABroadcast: it does if a rule has an audience for it, and is tried until it works. What cannot be read is a dead letter, and other events
// without a learner start nothing.
func TestAnEventWithoutALearnerStartsABroadcast(t *testing.T) {
	w := newWorld(t)
	w.rules.Keys["content.published"] = []string{"content_id", "course_id"}
	w.rules.Rules = append(w.rules.Rules, &engine.Rule{
		Name: "new-lesson",
		When: engine.Trigger{Match: engine.Match{Event: "content.published"}, Audience: &engine.Audience{}},
	}, &engine.Rule{
		Name: "announce",
		When: engine.Trigger{Match: engine.Match{Event: engine.EventBroadcast}, Audience: &engine.Audience{Platform: true}, Broadcast: true},
	})
	fake := &broadcasts{failing: 2}
	w.tune = func(o *triggers.Options) { o.Broadcasts = fake }
	run := w.run()
	w.publish("_", "content.published", map[string]any{"id": "p1", "properties": map[string]any{"content_id": "l1", "course_id": "go", "author_id": "ada"}})
	w.publish("_", "content.updated", map[string]any{"id": "p2", "properties": map[string]any{"content_id": "l1"}})
	w.publish("_", engine.EventBroadcast, map[string]any{"id": "p3", "properties": map[string]any{"rule": "announce"}})
	w.publish("_", "content.published", map[string]any{"id": "p4", "properties": map[string]any{"course_id": "go"}})
	w.deadLetters(1)
	w.until("the events", func() bool { s := run.Stats(); return s.HandedOver == 1 && s.NoLearner == 2 && s.Dead == 1 })
	fake.mu.Lock()
	defer fake.mu.Unlock()
	if len(fake.started) != 1 {
		t.Fatalf("%d broadcasts were started", len(fake.started))
	}
	ev := fake.started[0]
	if ev.ID != "p1" || ev.Learner != "" || ev.Seq != 0 || ev.Properties["content_id"] != "l1" || ev.Properties["author_id"] != nil {
		t.Errorf("the event is %+v", ev)
	}
}

// staffHeard is a fake that fails at first.
type staffHeard struct{ broadcasts }

func (s *staffHeard) StartStaff(ctx context.Context, ev engine.Event) error {
	return s.StartBroadcast(ctx, ev)
}

// TestStaffHearOfAnEventWithoutALearner: they do if a rule is about it, and it may concern learners besides; a condition on the event alone is asked before.
func TestStaffHearOfAnEventWithoutALearner(t *testing.T) {
	w := newWorld(t)
	w.rules.Keys["content.published"] = []string{"content_id", "course_id"}
	w.rules.Rules = append(w.rules.Rules, &engine.Rule{
		Name: "new-lesson",
		When: engine.Trigger{Match: engine.Match{Event: "content.published"}, Audience: &engine.Audience{}},
	}, &engine.Rule{
		Name: "tell",
		When: engine.Trigger{Match: engine.Match{Event: "content.published"}, Staff: true},
	}, &engine.Rule{
		Name: "tell-too",
		When: engine.Trigger{Match: engine.Match{Event: "content.updated"}, Staff: true},
	})
	many := &broadcasts{failing: 1}
	staff := &staffHeard{broadcasts{failing: 2}}
	w.tune = func(o *triggers.Options) {
		o.Broadcasts = many
		o.Staff = staff
	}
	run := w.run()
	w.publish("_", "content.updated", map[string]any{"id": "p2", "properties": map[string]any{"content_id": "l1"}})
	w.until("the first event, of which only staff hear", func() bool { return run.Stats().HandedOver == 1 })
	w.publish("_", "content.published", map[string]any{"id": "p1", "properties": map[string]any{"content_id": "l1", "course_id": "go"}})
	w.until("both events", func() bool { return run.Stats().HandedOver == 2 })
	staff.mu.Lock()
	defer staff.mu.Unlock()
	heard := map[string]bool{}
	for _, ev := range staff.started {
		heard[ev.ID] = true
	}
	if !heard["p1"] || !heard["p2"] || len(many.started) != 1 || many.started[0].ID != "p1" {
		t.Errorf("staff heard of %v; broadcasts: %+v", heard, many.started)
	}
}
