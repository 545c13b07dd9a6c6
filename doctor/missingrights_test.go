package doctor

import (
	"testing"
	"time"

	"homeroom/internal/natstest"
	"homeroom/store"
)

// examineInstances publishes the records and returns what the check says of them so much later.
func examineInstances(t *testing.T, later time.Duration, check func(*examination, *store.Store), records ...store.Instance) Finding {
	t.Helper()
	s, _, before := natstest.Open(t)
	for _, i := range records {
		if err := before.Control.PublishInstance(t.Context(), i); err != nil {
			t.Fatal(err)
		}
	}
	_, js := s.Connect()
	st, err := store.Open(t.Context(), js, store.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Control.Close()
	e := &examination{opts: Options{Now: func() time.Time { return time.Now().Add(later) }}}
	check(e, st)
	return e.findings[0]
}

// TestDoctorNamesLostRights: of instances that live; which process, which role, since when, and what to do.
func TestDoctorNamesLostRights(t *testing.T) {
	lost := store.Instance{
		Name:  "north-1-aa",
		Roles: []string{"worker"},
		MissingRights: []store.MissingRight{{
			Role:    "worker",
			Since:   time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC),
			Problem: "the role worker publishes on $KV.homeroom_sends.x, and NATS refuses it",
			Do:      "see that accounts.conf has it",
		}},
	}
	well := store.Instance{Name: "south-2-bb", Roles: []string{"triggers"}}
	check := func(e *examination, st *store.Store) { e.checkMissingRights(st) }
	got := examineInstances(t, 0, check, lost, well)
	want := "north-1-aa since 2026-03-02T10:00:00Z: the role worker publishes on $KV.homeroom_sends.x, and NATS refuses it"
	if got.Check != "rights" || got.Status != Failed || got.Says != want || got.Do != "see that accounts.conf has it" {
		t.Errorf("got %+v, want a failure that says %q", got, want)
	}
	if got := examineInstances(t, time.Minute, check, lost, well); got.Status != OK {
		t.Errorf("of an instance that is gone it says %+v", got)
	}
}
