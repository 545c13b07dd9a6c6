package store_test

import (
	"context"
	"testing"
	"time"

	"homeroom/internal/natstest"
	"homeroom/store"
	"homeroom/subjects"
)

func setAside(t *testing.T, c *store.Control, learner string, firstAt time.Time) store.SetAside {
	t.Helper()
	s, err := c.ChangeSetAside(t.Context(), learner, func(s *store.SetAside, _ bool) bool {
		s.FirstAt = firstAt
		s.Error = "the run is full"
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestALearnerWhoIsSetAsideIsNotDecidedAhead: the partition goes on, and the learner stays where their own events begin to wait.
func TestALearnerWhoIsSetAsideIsNotDecidedAhead(t *testing.T) {
	s, _, st := natstest.Open(t)
	ctx := context.Background()
	_, js := s.Connect()
	other, err := store.Open(ctx, js, store.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Control.Close()
	p := store.PartitionOf("u_42")
	for i := range 50 {
		firstAt := monday.Add(time.Duration(i) * time.Minute)
		record := setAside(t, st.Control, "u_42", firstAt)
		at := firstAt.Add(30 * time.Second)
		if err := other.Control.PublishWatermark(ctx, p, at); err != nil {
			t.Fatal(err)
		}
		for _, c := range []*store.Control{other.Control, st.Control} {
			for known := (time.Time{}); known.Before(at); known = c.Watermark(p) {
				if got := c.AwaitLearner(ctx, "u_42", p, at, 0); !got.Before(firstAt) {
					t.Fatalf("handed over up to %v, and the first event that waits was stored at %v", got, firstAt)
				}
			}
			if got := c.AwaitLearner(ctx, "u_42", p, at, time.Minute); !got.Equal(firstAt.Add(-time.Nanosecond)) {
				t.Errorf("handed over up to %v, want just before %v", got, firstAt)
			}
			if got := c.AwaitLearner(ctx, "u_43", p, at, time.Minute); !got.Equal(at) {
				t.Errorf("somebody else was handed over up to %v, want %v", got, at)
			}
		}
		if cleared, err := st.Control.ClearSetAside(ctx, "u_42", record.Revision); err != nil || !cleared {
			t.Fatal(cleared, err)
		}
		if err := other.Control.PublishWatermark(ctx, p, at.Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(2 * time.Minute); ; {
			got := other.Control.AwaitLearner(ctx, "u_42", p, at.Add(time.Second), time.Minute)
			if got.Equal(at.Add(time.Second)) {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("after the record is gone: handed over up to %v", got)
			}
		}
	}
}

func TestARecordThatWasWrittenSinceIsNotCleared(t *testing.T) {
	_, _, st := natstest.Open(t)
	first := setAside(t, st.Control, "u_42", monday)
	second := setAside(t, st.Control, "u_42", monday)
	if cleared, err := st.Control.ClearSetAside(t.Context(), "u_42", first.Revision); cleared || err != nil {
		t.Errorf("cleared %v, error %v", cleared, err)
	}
	if cleared, err := st.Control.ClearSetAside(t.Context(), "u_42", second.Revision); !cleared || err != nil {
		t.Errorf("cleared %v, error %v", cleared, err)
	}
	if again := setAside(t, st.Control, "u_42", monday); again.Revision <= second.Revision {
		t.Errorf("revision %d after %d", again.Revision, second.Revision)
	}
}

// TestADamagedRecordStillSaysWhoIsSetAside: nothing is decided for the learner, and the record can be written again.
func TestADamagedRecordStillSaysWhoIsSetAside(t *testing.T) {
	_, js, st := natstest.Open(t)
	setAside(t, st.Control, "auth0|7", monday)
	kv, err := js.KeyValue(t.Context(), store.BucketControl)
	if err != nil {
		t.Fatal(err)
	}
	p := store.PartitionOf("auth0|7")
	for _, damage := range []string{"", "{\"learn", "[]", `"text"`} {
		keys, err := kv.ListKeysFiltered(t.Context(), "aside.>")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := kv.Put(t.Context(), <-keys.Keys(), []byte(damage)); err != nil {
			t.Fatal(err)
		}
		if err := st.Control.SyncSetAside(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		if all := st.Control.SetAsideOf(p); len(all) != 1 || all[0].Learner != "auth0|7" || all[0].Partition != p {
			t.Errorf("%q: %+v", damage, all)
		}
		if at := st.Control.AwaitLearner(t.Context(), "auth0|7", p, monday, time.Minute); !at.IsZero() {
			t.Errorf("%q: handed over up to %v, want not known", damage, at)
		}
		if s := setAside(t, st.Control, "auth0|7", monday); s.Learner != "auth0|7" {
			t.Errorf("%q: written again: %+v", damage, s)
		}
	}
}

// TestWhoIsErasedIsNotSetAsideAnyMore: the events and the record go, with the marker, and every process hears of it.
func TestWhoIsErasedIsNotSetAsideAnyMore(t *testing.T) {
	_, js, st := natstest.Open(t)
	ctx := t.Context()
	data := store.NewLearnerData(js)
	held := func() (held uint64, places []store.Place) {
		places, err := data.Locate(ctx, "u_42", store.SearchKeys{})
		if err != nil {
			t.Fatal(err)
		}
		for _, place := range places {
			held += place.Held
		}
		return held, places
	}
	setAside(t, st.Control, "u_42", monday)
	setAside(t, st.Control, "u_43", monday)
	for _, learner := range []string{"u_42", "u_43"} {
		if _, err := js.Publish(ctx, subjects.SetAside(learner), []byte("{}")); err != nil {
			t.Fatal(err)
		}
	}
	for _, learner := range []string{"u_42", "u_43"} {
		if err := st.Control.SyncSetAside(ctx, store.PartitionOf(learner)); err != nil {
			t.Fatal(err)
		}
	}
	n, places := held()
	if n != 2 {
		t.Fatalf("%d messages found, want an event and a record", n)
	}
	for _, place := range places {
		if err := data.Remove(ctx, place); err != nil {
			t.Fatal(err)
		}
	}
	if n, places := held(); n != 0 {
		t.Errorf("%d messages are left: %+v", n, places)
	}
	if _, found, err := st.Control.ReadSetAside(ctx, "u_42"); found || err != nil {
		t.Errorf("found %v, error %v", found, err)
	}
	if all := st.Control.SetAside(); len(all) != 1 || all[0].Learner != "u_43" {
		t.Errorf("set aside: %+v", all)
	}
}
