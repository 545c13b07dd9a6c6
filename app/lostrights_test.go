package app

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"homeroom/internal/natstest"
	"homeroom/store"
)

// TestANATSThatIsAwayTakesNoRight: while the server restarts, again and again, nothing is missing for the role that is tried all the time; and what
// was missing before stays missing while it is away.
func TestANATSThatIsAwayTakesNoRight(t *testing.T) {
	s, js, _ := natstest.Open(t)
	away := 0
	patience := 200 * time.Millisecond // while the server is away, each try takes as long
	w := &rightsWatch{
		roles: []Role{RoleWorker},
		log:   slog.New(slog.DiscardHandler),
		check: func(ctx context.Context, role string) error {
			ctx, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			err := store.CheckServingRole(ctx, js, role)
			if err != nil {
				away++
			}
			return err
		},
	}
	tryUntil := func(ended <-chan struct{}) {
		for {
			w.tryRights(t.Context(), time.Now())
			if lost := w.listMissing(); len(lost) > 0 {
				t.Errorf("it is missing: %+v", lost)
				return
			}
			select {
			case <-ended:
				return
			default:
			}
		}
	}
	ended := make(chan struct{})
	var restarts sync.WaitGroup
	restarts.Go(func() {
		defer close(ended)
		for range 3 {
			s.Restart()
		}
	})
	tryUntil(ended)
	restarts.Wait()

	w.setMissing("worker", &store.RightsError{Role: "worker", Problem: "it may not publish"}, time.Now())
	s.WhileStopped(func() {
		before := away
		w.tryRights(t.Context(), time.Now())
		if away == before || len(w.listMissing()) != 1 {
			t.Errorf("tried in vain: %t; missing is %+v", away > before, w.listMissing())
		}
		if reported := w.reportRoles(); !reported["worker"] {
			t.Errorf("the metrics report %v", reported)
		}
	})
	patience = 5 * time.Second
	deadline := time.Now().Add(90 * time.Second)
	for len(w.listMissing()) > 0 && time.Now().Before(deadline) {
		w.tryRights(t.Context(), time.Now())
	}
	if len(w.listMissing()) > 0 {
		t.Errorf("NATS is back, and it is still missing: %+v", w.listMissing())
	}
	if missing, reported := w.reportRoles()["worker"]; missing || !reported {
		t.Errorf("nothing is missing, and the metrics report missing=%t, known=%t", missing, reported)
	}
}

// TestALostRightIsLoggedOnce: and again when it is another one, or back; since when stays.
func TestALostRightIsLoggedOnce(t *testing.T) {
	var log strings.Builder
	var answer error
	w := &rightsWatch{
		roles: []Role{RoleEdge},
		log:   slog.New(slog.NewTextHandler(&log, nil)),
		check: func(context.Context, string) error { return answer },
	}
	began := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	one := &store.RightsError{Role: "edge", Problem: "one is missing"}
	two := &store.RightsError{Role: "edge", Problem: "two are missing"}
	lines := 0
	for n, step := range []struct {
		answer  error
		lines   int // of the log
		missing string
	}{
		{nil, 0, ""},
		{one, 1, "one is missing"},
		{one, 0, "one is missing"},
		{errors.New("timeout"), 0, "one is missing"},
		{two, 1, "two are missing"},
		{nil, 1, ""},
		{nil, 0, ""},
	} {
		answer = step.answer
		w.tryRights(t.Context(), began.Add(time.Duration(n)*time.Minute))
		lines += step.lines
		if got := strings.Count(log.String(), "\n"); got != lines {
			t.Errorf("step %d: the log has %d lines, want %d:\n%s", n, got, lines, log.String())
		}
		missing := ""
		for _, m := range w.listMissing() {
			missing += m.Problem
			if !m.Since.Equal(began.Add(time.Minute)) {
				t.Errorf("step %d: missing since %s", n, m.Since)
			}
		}
		if missing != step.missing {
			t.Errorf("step %d: missing is %q, want %q", n, missing, step.missing)
		}
	}
}

// TestAnImportIsMissingTwice before it counts: a stream that is between two leaders is served by nobody for a moment.
func TestAnImportIsMissingTwice(t *testing.T) {
	f := natstest.OpenAccounts(t, "../deploy/nats", "")
	f.Setup()
	_, js := f.Connect("homeroom-edge")
	accounts, err := os.ReadFile("../deploy/nats/accounts.conf")
	if err != nil {
		t.Fatal(err)
	}
	without := strings.Replace(string(accounts), `{service: {account: HOMEROOM, subject: "$KV.homeroom_control.swap.*"}}`, "", 1)
	tries := 0
	w := &rightsWatch{
		roles: []Role{RoleEdge},
		log:   slog.New(slog.DiscardHandler),
		check: func(ctx context.Context, role string) error {
			tries++
			err := store.CheckServingRole(ctx, js, role)
			if tries == 1 {
				f.Reload(string(accounts))
			}
			return err
		},
	}
	f.Reload(without)
	w.tryRights(t.Context(), time.Now())
	if tries != 2 || len(w.listMissing()) != 0 {
		t.Errorf("after %d tries it is missing: %+v", tries, w.listMissing())
	}
	f.Reload(without)
	w.tryRights(t.Context(), time.Now())
	if tries != 4 || len(w.listMissing()) != 1 {
		t.Errorf("after %d tries it is missing: %+v", tries, w.listMissing())
	}
}
