package stack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"go.temporal.io/api/enums/v1"

	"homeroom/dev/servers"
	"homeroom/internal/standin"
	"homeroom/workflows"
)

// Options describe a stack; the zero value runs on free ports and in memory.
type Options struct {
	Ports Ports
	Data  string // directory that keeps NATS streams and Temporal's database; empty: nothing is kept
	// NATSNodes, if more than one, are those of a cluster on free ports. Its streams have as many replicas as whoever creates them says.
	NATSNodes int
	// Postgres, if not nil, is started for Temporal, in a temporary directory, instead of SQLite.
	Postgres *servers.PostgresPrograms
	Mail     standin.Options // of the stand-in SendGrid
	Temporal map[string]any  // overrides of Temporal's dynamic configuration
	Log      *slog.Logger    // receives errors; nil drops them
}

// Stack is the running servers and where to find them.
type Stack struct {
	NATSURL         string            // nats://127.0.0.1:4222
	TemporalAddress string            // 127.0.0.1:7233
	Namespace       string            // of Temporal
	UIURL           string            // http://127.0.0.1:8233
	Postgres        *servers.Postgres // of Temporal; nil: it is on SQLite
	InboxURL        string            // http://127.0.0.1:8025: the inbox page, and the base URL of the SendGrid API
	Mail            *standin.Listener
	EdgePort        int // where Homeroom is to serve its own pages; 0: anywhere
	APIPort         int // where Homeroom is to take events over HTTP; 0: anywhere

	mu     sync.Mutex
	stops  []namedStop
	once   sync.Once
	result error
}

type namedStop struct {
	name string
	stop func(context.Context) error
}

// Start starts all servers and returns when they are ready. If one fails or ctx ends, it stops the others and returns the
// error.
func Start(ctx context.Context, o Options) (*Stack, error) {
	if err := o.Ports.Check(); err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Stack{}
	if err := s.startServers(ctx, o); err != nil {
		cleanup, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		return nil, errors.Join(err, s.Stop(cleanup))
	}
	return s, nil
}

func (s *Stack) startServers(ctx context.Context, o Options) error {
	var natsDir, temporalFile string
	if o.Data != "" {
		natsDir = filepath.Join(o.Data, "nats")
		temporalFile = filepath.Join(o.Data, "temporal", "temporal.db")
	}
	mail, err := standin.New(o.Mail).Start(fmt.Sprintf("127.0.0.1:%d", o.Ports.Inbox), o.Log)
	if err != nil {
		return err
	}
	s.OnStop(ServerInbox, mail.Stop)
	s.Mail = mail
	s.InboxURL = mail.URL()
	s.EdgePort = o.Ports.Edge
	s.APIPort = o.Ports.API

	if err := s.startNATS(ctx, o, natsDir); err != nil {
		return err
	}
	if err := s.startTemporal(ctx, o, temporalFile); err != nil {
		return err
	}
	ui, err := servers.StartUI(ctx, servers.UIOptions{
		Port:            o.Ports.UI,
		TemporalAddress: s.TemporalAddress,
		Namespace:       s.Namespace,
		Log:             o.Log,
	})
	if err != nil {
		return err
	}
	s.OnStop(ServerUI, ui.Stop)
	s.UIURL = ui.URL()
	return nil
}

// startNATS starts one server or a cluster. dir is where streams are kept; empty: nothing is kept.
func (s *Stack) startNATS(ctx context.Context, o Options, dir string) error {
	if o.NATSNodes > 1 {
		cluster, err := servers.StartNATSCluster(ctx, servers.NATSClusterOptions{Nodes: o.NATSNodes, Dir: dir, Log: o.Log})
		if err != nil {
			return err
		}
		s.OnStop(ServerNATS, cluster.Stop)
		s.NATSURL = cluster.URL()
		return nil
	}
	nats, err := servers.StartNATS(ctx, servers.NATSOptions{Port: o.Ports.NATS, Dir: dir, Log: o.Log})
	if err != nil {
		return err
	}
	s.OnStop(ServerNATS, nats.Stop)
	s.NATSURL = nats.URL()
	return nil
}

// startTemporal starts Temporal with its database. file is that of SQLite; empty: in memory.
func (s *Stack) startTemporal(ctx context.Context, o Options, file string) error {
	if o.Postgres != nil {
		postgres, err := servers.StartPostgres(ctx, o.Postgres)
		if err != nil {
			return err
		}
		s.OnStop(serverPostgres, postgres.Stop)
		s.Postgres = postgres
	}
	temporal, err := servers.StartTemporal(ctx, servers.TemporalOptions{
		Port:             o.Ports.Temporal,
		File:             file,
		Postgres:         s.Postgres,
		SearchAttributes: SearchAttributes(),
		Dynamic:          o.Temporal,
		Log:              o.Log,
	})
	if err != nil {
		return err
	}
	s.OnStop(ServerTemporal, temporal.Stop)
	s.TemporalAddress = temporal.Address()
	s.Namespace = temporal.Namespace()
	return nil
}

// SearchAttributes returns the search attributes of the learner workflow, by name. Homeroom would create them, but a namespace that
// has them from the start is ready sooner.
func SearchAttributes() map[string]enums.IndexedValueType {
	return map[string]enums.IndexedValueType{
		workflows.SearchStage.GetName():   workflows.SearchStage.GetValueType(),
		workflows.SearchCourses.GetName(): workflows.SearchCourses.GetValueType(),
		workflows.SearchRules.GetName():   workflows.SearchRules.GetValueType(),
	}
}

// OnStop registers something that runs on the stack, for instance Homeroom. The last registered is stopped first.
func (s *Stack) OnStop(name string, stop func(context.Context) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stops = append(s.stops, namedStop{name, stop})
}

// Stop stops everything, the last registered first, and returns no later than ctx ends. Each stop gets at most half of the
// time that is left, so that the others still end in order if one hangs. Further calls return the first call's result.
func (s *Stack) Stop(ctx context.Context) error {
	s.once.Do(func() {
		s.mu.Lock()
		stops := s.stops
		s.mu.Unlock()
		var errs []error
		for i := len(stops) - 1; i >= 0; i-- {
			if err := stopOne(ctx, stops[i]); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", stops[i].name, err))
			}
		}
		s.result = errors.Join(errs...)
	})
	return s.result
}

func stopOne(ctx context.Context, n namedStop) error {
	if end, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(end)/2)
		defer cancel()
	}
	done := make(chan error, 1)
	go func() { done <- n.stop(ctx) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select { // the stop may have ended at the same moment as its time
	case err := <-done:
		return err
	case <-time.After(100 * time.Millisecond):
		return fmt.Errorf("did not stop in time: %w", ctx.Err())
	}
}
