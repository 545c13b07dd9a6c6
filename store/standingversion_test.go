package store_test

import (
	"bytes"
	"testing"
	"time"

	"homeroom/engine"
	"homeroom/internal/natstest"
	"homeroom/store"
)

// TestAStandingWithPackedLinksNamesItsVersion: an earlier Homeroom, which cannot read packed links, takes such a record for a newer one and not for damage. One without
// links stays readable to it.
func TestAStandingWithPackedLinksNamesItsVersion(t *testing.T) {
	_, js, st := natstest.Open(t)
	ctx := t.Context()
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	keep := func(learner string, properties map[string]any) []byte {
		t.Helper()
		rs := &engine.Ruleset{Keys: map[string][]string{"lesson.completed": {"lesson_id", "course_id"}}}
		ev := engine.Event{
			ID:         "1",
			Name:       "lesson.completed",
			Learner:    learner,
			Time:       at,
			Properties: properties,
		}
		err := st.Standings.Update(ctx, learner, func(s *engine.Standing, owed []uint64) (bool, []uint64) {
			s.Apply(&ev, rs, at)
			return true, owed
		})
		if err != nil {
			t.Fatal(err)
		}
		stream, err := js.Stream(ctx, "KV_"+store.BucketStanding)
		if err != nil {
			t.Fatal(err)
		}
		info, err := stream.Info(ctx)
		if err != nil {
			t.Fatal(err)
		}
		msg, err := stream.GetMsg(ctx, info.State.LastSeq)
		if err != nil {
			t.Fatal(err)
		}
		return msg.Data
	}
	if record := keep("u_1", map[string]any{"lesson_id": "l1", "course_id": "c1"}); !bytes.HasPrefix(record, []byte(`{"v":2,`)) || !bytes.Contains(record, []byte(`"links"`)) {
		t.Errorf("with links: %s", record)
	}
	if record := keep("u_2", map[string]any{}); bytes.HasPrefix(record, []byte(`{"v"`)) {
		t.Errorf("without links: %s", record)
	}
	again, err := st.Standings.Get(ctx, "u_1")
	if err != nil || len(again.Links) == 0 {
		t.Errorf("read again: %+v, %v", again, err)
	}
}
