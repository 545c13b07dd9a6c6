package servers

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// NATSOptions describe one NATS server with JetStream.
type NATSOptions struct {
	Port int          // 0: a free one
	Dir  string       // where streams are kept; empty: a temporary directory that Stop removes
	Log  *slog.Logger // receives errors; nil drops them
}

// NATS is a running NATS server.
type NATS struct {
	server *server.Server
	log    *natsLog
	temp   string
	stop   stopOnce
}

// StartNATS starts a server and returns when it accepts connections, or an error when ctx ends first.
func StartNATS(ctx context.Context, o NATSOptions) (*NATS, error) {
	return startNode(ctx, o, natsNode{name: "homeroom-dev"})
}

// natsNode says which server of a cluster one is. The zero cluster is that of a server that stands alone.
type natsNode struct {
	name    string
	cluster server.ClusterOpts
	routes  []*url.URL // of all nodes, itself included
}

// startNode starts one server, also one of a cluster, and returns when it accepts connections.
func startNode(ctx context.Context, o NATSOptions, node natsNode) (*NATS, error) {
	if err := CheckPort(o.Port); err != nil {
		return nil, fmt.Errorf("start NATS: %w", err)
	}
	n := &NATS{log: newNATSLog(o.Log)}
	if o.Dir == "" {
		dir, err := os.MkdirTemp("", "homeroom-nats-")
		if err != nil {
			return nil, fmt.Errorf("start NATS: %w", err)
		}
		o.Dir = dir
		n.temp = dir
	}
	port := o.Port
	if port == 0 {
		port = server.RANDOM_PORT
	}
	var err error
	n.server, err = server.NewServer(&server.Options{
		ServerName: node.name,
		Host:       loopback,
		Port:       port,
		JetStream:  true,
		StoreDir:   o.Dir,
		Cluster:    node.cluster,
		Routes:     node.routes,
		NoSigs:     true,
	})
	if err != nil {
		n.removeTemp()
		return nil, fmt.Errorf("start NATS: %w", err)
	}
	n.server.SetLoggerV2(n.log, false, false, false)
	go n.server.Start()
	if err := n.awaitReady(ctx); err != nil {
		go func() { _ = n.Stop(context.WithoutCancel(ctx)) }()
		return nil, fmt.Errorf("start NATS: %w", err)
	}
	return n, nil
}

func (n *NATS) awaitReady(ctx context.Context) error {
	for !n.server.ReadyForConnections(20 * time.Millisecond) {
		if err := n.log.fatalError(); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("not ready in time: %w", err)
		}
	}
	return nil
}

// URL is where clients connect, e.g. nats://127.0.0.1:4222.
func (n *NATS) URL() string { return n.server.ClientURL() }

// Stop closes every connection and file. It may be called twice and returns no later than ctx ends.
func (n *NATS) Stop(ctx context.Context) error {
	return n.stop.stopWithin(ctx, "NATS", func() error {
		n.log.muteAll()
		n.server.Shutdown()
		n.server.WaitForShutdown()
		n.removeTemp()
		return nil
	})
}

func (n *NATS) removeTemp() {
	if n.temp != "" {
		_ = os.RemoveAll(n.temp) // a temporary directory: the system removes it in the end
	}
}

// natsLog forwards a server's errors and keeps the first fatal one instead of ending the process.
type natsLog struct {
	log   *slog.Logger
	mu    sync.Mutex
	muted bool
	fatal error
}

var _ server.Logger = (*natsLog)(nil)

func newNATSLog(log *slog.Logger) *natsLog {
	return &natsLog{log: orDiscard(log).With("server", "nats")}
}

func (l *natsLog) muteAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.muted = true
}

func (l *natsLog) fatalError() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fatal
}

// Errorf logs an error, unless the log is muted.
func (l *natsLog) Errorf(format string, v ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.muted {
		l.log.Error(fmt.Sprintf(format, v...))
	}
}

// Fatalf keeps the first fatal error and logs it.
func (l *natsLog) Fatalf(format string, v ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fatal == nil {
		l.fatal = fmt.Errorf(format, v...)
	}
	if !l.muted {
		l.log.Error(fmt.Sprintf(format, v...))
	}
}

// Noticef drops the line.
func (l *natsLog) Noticef(string, ...any) {}

// Warnf drops the line.
func (l *natsLog) Warnf(string, ...any) {}

// Debugf drops the line.
func (l *natsLog) Debugf(string, ...any) {}

// Tracef drops the line.
func (l *natsLog) Tracef(string, ...any) {}

func orDiscard(log *slog.Logger) *slog.Logger {
	if log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return log
}
