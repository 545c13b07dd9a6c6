package triggers_test

import (
	"context"
	"slices"
	"testing"

	"homeroom/engine"
	"homeroom/triggers"
)

// leavesEvents merges ids of which each left events that were not decided.
type leavesEvents struct{ overtaken func() []uint64 }

func (m leavesEvents) Merge(context.Context, string, string, *engine.Ruleset) (triggers.Leftover, bool, error) {
	return triggers.Leftover{Overtaken: m.overtaken()}, true, nil
}

func (m leavesEvents) MergedInto(context.Context, string) (string, error) { return "", nil }

// TestEventsOvertakenByAMergeComeUnderTheIDThatStays: they are published again as the stream has them, once; neither an event of somebody else, nor one that the stream
// has no more, is.
func TestEventsOvertakenByAMergeComeUnderTheIDThatStays(t *testing.T) {
	w := newWorld(t)
	var overtaken []uint64
	w.tune = func(o *triggers.Options) { o.Merges = leavesEvents{func() []uint64 { return overtaken }} }
	first := w.lesson("lead", 1)
	second := w.lesson("lead", 2)
	elses := w.lesson("u_7", 1)
	overtaken = []uint64{first, second, second, elses, 999_999}
	w.run()
	w.until("the events under their own ids", func() bool { return w.learn.distinct() == 3 })
	w.publishAlias("user", "lead")
	w.until("the events under the id that stays", func() bool { return len(w.learn.of("user")) >= 2 })
	late := w.lesson("user", 9)
	w.until("an event after them", func() bool { return w.learn.got(late) })
	var ids []string
	for _, ev := range w.learn.of("user") {
		ids = append(ids, ev.ID)
	}
	want := []string{"lead-1", "lead-2", "user-9"}
	if got := slices.DeleteFunc(ids, func(id string) bool { return id == "alias" }); !slices.Equal(got, want) {
		t.Errorf("the id that stays got %v, want %v", got, want)
	}
}

// publishAlias publishes that a learner was known under another id.
func (w *world) publishAlias(learner, previous string) {
	w.t.Helper()
	w.publish(learner, engine.EventAliased, map[string]any{"id": "alias", "properties": map[string]any{engine.KeyPrevious: previous}})
}
