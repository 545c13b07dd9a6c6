package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"homeroom/store"
)

const (
	// defaultRightsEvery is about how often a process tries its rights while it serves. Servers reload their accounts at any time.
	defaultRightsEvery = time.Minute
	// rightsTime bounds one look at the rights of one role.
	rightsTime = 20 * time.Second
)

// rightsWatch knows which rights the roles of this process have lost since it started.
type rightsWatch struct {
	roles []Role
	every time.Duration // about; real time
	check func(ctx context.Context, role string) error
	log   *slog.Logger
	// reconnect makes the connection to NATS anew, and with it its subscriptions.
	reconnect func() error
	// unsubscribed is true from when the right to receive answers is missed until the connection is made anew.
	unsubscribed bool

	mu      sync.Mutex
	missing []store.MissingRight
}

// keepTrying tries the rights until ctx ends. Processes that started together try at different times.
func (w *rightsWatch) keepTrying(ctx context.Context) {
	for {
		if !waitFor(ctx, w.every*3/4+rand.N(w.every/2)) {
			return
		}
		w.tryRights(ctx, time.Now())
	}
}

// tryRights tries what each role publishes. An import counts as missing if it is missing twice. If NATS cannot be asked, what was known stays.
func (w *rightsWatch) tryRights(ctx context.Context, now time.Time) {
	for _, role := range w.roles {
		err := w.tryRole(ctx, role)
		if errors.Is(err, store.ErrMissingImport) && len(w.listMissing()) == 0 && waitFor(ctx, w.every/6) {
			err = w.tryRole(ctx, role) // streams of a cluster that choose new leaders are served by nobody, too
		}
		var lost *store.RightsError
		if err != nil && !errors.As(err, &lost) {
			w.log.Debug("the rights of this process could not be tried", "role", role, "error", err)
			continue
		}
		w.renewSubscriptions(lost)
		w.setMissing(string(role), lost, now)
	}
}

// renewSubscriptions reconnects when the process may receive answers again: the servers ended the connection's subscriptions when they took that right, and
// do not renew them when they give it back.
func (w *rightsWatch) renewSubscriptions(lost *store.RightsError) {
	if lost != nil && lost.Answers {
		w.unsubscribed = true
		return
	}
	if !w.unsubscribed {
		return
	}
	w.unsubscribed = false
	if err := w.reconnect(); err != nil {
		w.log.Error("connecting to NATS anew, because the right to receive answers is back", "error", err)
	}
}

// tryRole tries what a role publishes.
func (w *rightsWatch) tryRole(ctx context.Context, role Role) error {
	ctx, cancel := context.WithTimeout(ctx, rightsTime)
	defer cancel()
	return w.check(ctx, string(role))
}

// waitFor waits and reports whether ctx has not ended meanwhile.
func waitFor(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// setMissing records what a role lacks, and logs it if it has changed. nil: nothing.
func (w *rightsWatch) setMissing(role string, lost *store.RightsError, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	at := slices.IndexFunc(w.missing, func(m store.MissingRight) bool { return m.Role == role })
	since := now
	if at >= 0 {
		if lost != nil && w.missing[at].Problem == lost.Problem {
			return
		}
		since = w.missing[at].Since
		w.missing = slices.Delete(slices.Clone(w.missing), at, at+1)
	}
	if lost != nil {
		found := store.MissingRight{
			Role:    role,
			Since:   since,
			Problem: lost.Problem,
			Do:      lost.Repair(),
		}
		w.missing = append(slices.Clone(w.missing), found)
		w.log.Error("this process has lost a right in NATS", "role", role, "problem", found.Problem, "do", found.Do)
	} else if at >= 0 {
		w.log.Info("this process has its rights in NATS again", "role", role, "missing_since", since)
	}
}

// listMissing returns what is missing.
func (w *rightsWatch) listMissing() []store.MissingRight {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.missing
}

// reportRoles reports for each role whether a right is missing.
func (w *rightsWatch) reportRoles() map[string]bool {
	reported := map[string]bool{}
	for _, role := range w.roles {
		reported[string(role)] = false
	}
	for _, m := range w.listMissing() {
		reported[m.Role] = true
	}
	return reported
}

// CheckRights returns an error if NATS has taken a right from this process that one of its roles needs. It is known about a minute
// after the servers have reloaded their accounts. A NATS that is away takes no right.
func (a *App) CheckRights(context.Context) error {
	var problems []string
	for _, m := range a.rights.listMissing() {
		problems = append(problems, fmt.Sprintf("%s since %s: %s", m.Problem, m.Since.UTC().Format(time.RFC3339), m.Do))
	}
	if len(problems) == 0 {
		return nil
	}
	return errors.New(strings.Join(problems, "; "))
}
