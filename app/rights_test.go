package app

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"homeroom/store"
)

// TestWhatIsKnownOfRights: a NATS that cannot be asked neither takes a right nor gives one back, and the connection is made anew once answers can be received again.
func TestWhatIsKnownOfRights(t *testing.T) {
	noWrites := &store.RightsError{Role: "worker", Problem: "it may not write"}
	noAnswers := &store.RightsError{Role: "worker", Problem: "it may not receive answers", Answers: true}
	away := errors.New("too few of the servers are there")
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name       string
		found      []error // one look after another, a minute apart
		problem    string  // afterwards; empty: none
		since      time.Time
		reconnects int
	}{
		{"nothing is missing", []error{nil}, "", time.Time{}, 0},
		{"away", []error{away}, "", time.Time{}, 0},
		{"taken", []error{nil, noWrites}, noWrites.Problem, noon.Add(time.Minute), 0},
		{"taken, then away", []error{noWrites, away, away}, noWrites.Problem, noon, 0},
		{"taken and given back", []error{noWrites, away, nil}, "", time.Time{}, 0},
		{"one after the other", []error{noAnswers, noWrites}, noWrites.Problem, noon, 1},
		{"answers are taken", []error{noAnswers, away}, noAnswers.Problem, noon, 0},
		{"answers are taken and given back", []error{noAnswers, noAnswers, nil, nil}, "", time.Time{}, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var now error
			reconnects := 0
			w := &rightsWatch{
				roles:     []Role{RoleWorker},
				check:     func(context.Context, string) error { return now },
				log:       slog.New(slog.DiscardHandler),
				reconnect: func() error { reconnects++; return nil },
			}
			for i, found := range tc.found {
				now = found
				w.tryRights(t.Context(), noon.Add(time.Duration(i)*time.Minute))
			}
			var problem string
			var since time.Time
			for _, m := range w.listMissing() {
				problem += m.Problem
				since = m.Since
			}
			if problem != tc.problem || !since.Equal(tc.since) || reconnects != tc.reconnects {
				t.Errorf("got %q since %s and %d reconnects, want %q since %s and %d", problem, since, reconnects, tc.problem, tc.since, tc.reconnects)
			}
		})
	}
}
