package drill

import (
	"context"
	"fmt"
	"strings"

	"homeroom/dev/process"
)

// startServer starts NATS or Temporal in a process of its own, on the files that are there, and directs its proxy to it.
func (w *world) startServer(ctx context.Context, which process.Server) error {
	p, err := w.launchOrder(ctx, process.Order{Server: which, Data: w.data, Verbose: w.o.Verbose})
	if err != nil {
		return fmt.Errorf("starting %s: %w", which, err)
	}
	w.apart[which] = p
	switch which {
	case process.ServerNATS:
		w.toNATS.setTarget(strings.TrimPrefix(p.NATS, "nats://"))
	case process.ServerTemporal:
		w.toTemporal.setTarget(p.Temporal)
	}
	return nil
}

// killServer kills NATS or Temporal with SIGKILL.
func (w *world) killServer(which process.Server) {
	w.apart[which].Kill()
	delete(w.apart, which)
}

// stopServer stops NATS or Temporal in an orderly way, so that its files are whole.
func (w *world) stopServer(ctx context.Context, which process.Server) error {
	p := w.apart[which]
	delete(w.apart, which)
	if _, err := p.Stop(ctx); err != nil {
		return fmt.Errorf("stopping %s: %w", which, err)
	}
	return nil
}
