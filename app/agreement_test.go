package app

import (
	"strings"
	"testing"
	"time"

	"homeroom/internal/clock"
	"homeroom/internal/natstest"
	"homeroom/store"
)

// TestAProcessInAnotherNamespaceIsNotReady: the one that started later; what is recorded of it is what the others compare.
func TestAProcessInAnotherNamespaceIsNotReady(t *testing.T) {
	now := time.Now()
	for _, tc := range []struct {
		name, earlier, later string
		want                 bool // whether the later one agrees
	}{
		{"another namespace", "homeroom", "default", false},
		{"the same namespace", "homeroom", "homeroom", true},
		{"an earlier version's instance", "", "homeroom", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, _, st := natstest.Open(t)
			process := func(name, namespace string, role Role, started time.Time) *App {
				a := &App{
					name:         name,
					namespace:    namespace,
					roles:        []Role{role},
					revisions:    &revisions{},
					rights:       &rightsWatch{},
					clock:        clock.Real(),
					started:      started,
					fingerprints: map[string][]string{store.FingerprintSecret: {"a"}},
				}
				if err := st.Control.PublishInstance(t.Context(), a.instanceRecord()); err != nil {
					t.Fatal(err)
				}
				return a
			}
			earlier := process("north-1-aa", tc.earlier, RoleTriggers, now)
			later := process("south-2-bb", tc.later, RoleWorker, now.Add(time.Second))
			_, js := s.Connect()
			opened, err := store.Open(t.Context(), js, store.OpenOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer opened.Control.Close()
			earlier.store = opened
			later.store = opened
			if err := earlier.CheckAgreement(t.Context()); err != nil {
				t.Errorf("the earlier one: %v", err)
			}
			err = later.CheckAgreement(t.Context())
			if tc.want && err != nil {
				t.Error(err)
			}
			if !tc.want && (err == nil || !strings.Contains(err.Error(), `south-2-bb (worker) is in the Temporal namespace "default"`)) {
				t.Errorf("got %v, want one that says who is where", err)
			}
		})
	}
}
