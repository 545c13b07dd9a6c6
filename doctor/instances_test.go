package doctor

import (
	"strings"
	"testing"
	"time"

	"homeroom/internal/natstest"
	"homeroom/store"
)

// TestDoctorNamesAnotherNamespace: a worker in another Temporal namespace fails the check, which says who is where.
func TestDoctorNamesAnotherNamespace(t *testing.T) {
	s, _, before := natstest.Open(t)
	now := time.Now()
	for n, i := range []store.Instance{
		{Name: "old-1-aa", Roles: []string{"edge"}},
		{Name: "north-2-bb", Roles: []string{"triggers", "edge"}, TemporalNamespace: "homeroom"},
		{Name: "south-3-cc", Roles: []string{"worker"}, TemporalNamespace: "default"},
	} {
		i.Started = now.Add(time.Duration(n) * time.Second)
		i.Fingerprints = map[string][]string{store.FingerprintSecret: {"a"}}
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
	e := &examination{opts: Options{Now: time.Now}}
	e.checkInstances(st, store.Pointer{})
	got := e.findings[0]
	want := `south-3-cc (worker) is in the Temporal namespace "default", and north-2-bb (triggers, edge) is in the Temporal namespace "homeroom"`
	if got.Check != "instances" || got.Status != Failed || !strings.Contains(got.Says, want) || !strings.Contains(got.Do, "TEMPORAL_NAMESPACE") {
		t.Errorf("got %+v, want a failure that says: %s", got, want)
	}
	if strings.Contains(got.Says, "old-1-aa") {
		t.Errorf("a namespace that is not known disagrees: %s", got.Says)
	}
}
