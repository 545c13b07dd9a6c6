package store

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// refusals collects what NATS refuses a connection. It takes the place of the connection's error handler, which gets all other errors.
type refusals struct {
	nc       *nats.Conn
	previous nats.ErrHandler
	before   error // the connection's last error when it began

	mu      sync.Mutex
	seen    []error
	changed chan struct{} // closed and replaced when seen grows
}

func collectRefusals(nc *nats.Conn) *refusals {
	r := &refusals{
		nc:       nc,
		previous: nc.ErrorHandler(),
		before:   nc.LastError(),
		changed:  make(chan struct{}),
	}
	nc.SetErrorHandler(r.collectError)
	return r
}

// returnHandler gives the connection its error handler back.
func (r *refusals) returnHandler() { r.nc.SetErrorHandler(r.previous) }

func (r *refusals) collectError(nc *nats.Conn, sub *nats.Subscription, err error) {
	if !errors.Is(err, nats.ErrPermissionViolation) && r.previous != nil {
		r.previous(nc, sub, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = append(r.seen, err)
	close(r.changed)
	r.changed = make(chan struct{})
}

// awaitRefused returns what was refused, once the handler has got the connection's last error: the client passes errors on in their order, and
// a little later than it sets the last one. It waits no longer than limit.
func (r *refusals) awaitRefused(limit time.Duration) []error {
	last := r.nc.LastError()
	late := time.After(limit)
	for {
		r.mu.Lock()
		seen := r.seen
		changed := r.changed
		r.mu.Unlock()
		if last == r.before || last == nil || slices.Contains(seen, last) {
			return seen
		}
		select {
		case <-changed:
		case <-late:
			return seen
		}
	}
}
