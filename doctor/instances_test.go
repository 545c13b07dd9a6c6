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

// TestDoctorNamesSilentInstances: one that may not write its record any more looks as if it were gone.
func TestDoctorNamesSilentInstances(t *testing.T) {
	worker := store.Instance{Name: "north-1-aa", Roles: []string{"worker"}}
	check := func(e *examination, st *store.Store) { e.checkInstances(st, store.Pointer{}) }
	for _, tc := range []struct {
		name  string
		later time.Duration
		named bool
	}{
		{"it lives", 0, false},
		{"since a minute", time.Minute, true},
		{"since a day", 24 * time.Hour, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := examineInstances(t, tc.later, check, worker)
			if named := strings.Contains(got.Says, "north-1-aa (worker) has not renewed its record since"); named != tc.named {
				t.Errorf("it is named: %t, want %t: %+v", named, tc.named, got)
			}
			if tc.named && !strings.Contains(got.Do, "/readyz") {
				t.Errorf("what to do is %q", got.Do)
			}
		})
	}
}
