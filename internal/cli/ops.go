package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	"github.com/nats-io/nats.go"
	"go.temporal.io/sdk/client"

	"homeroom/telemetry"
)

// OpsFlags say what a process tells operators, and where.
type OpsFlags struct {
	Ops      string     `name:"ops-listen" env:"HOMEROOM_OPS_LISTEN" default:"127.0.0.1:9090" help:"Where /metrics, /healthz and /readyz listen; not for the public. Empty: nowhere." placeholder:"[HOST]:PORT"`
	LogJSON  bool       `name:"log-json" env:"HOMEROOM_LOG_JSON" help:"Log as JSON."`
	LogLevel slog.Level `name:"log-level" env:"HOMEROOM_LOG_LEVEL" default:"info" help:"The least that is logged: debug, info, warn or error." placeholder:"LEVEL"`
}

// logger writes to Err, without addresses.
func (f OpsFlags) logger(o IO) *slog.Logger {
	return telemetry.NewLog(o.Err, telemetry.LogOptions{JSON: f.LogJSON, Level: f.LogLevel})
}

// opsDesk is what a process tells operators while it runs.
type opsDesk struct {
	*telemetry.Telemetry
	ops    *telemetry.Ops
	server *http.Server // nil: nobody is told
	addr   string
}

// open listens. From here on the process is alive, and not ready yet.
func (f OpsFlags) open(ctx context.Context, o IO, log *slog.Logger) (*opsDesk, error) {
	spans, err := telemetry.SpansFromEnvironment(ctx, os.Getenv)
	if err != nil {
		return nil, usage(err)
	}
	version, revision := built()
	d := &opsDesk{}
	if d.Telemetry, err = telemetry.New(telemetry.Options{Now: o.Now, Version: version, Revision: revision, Spans: spans, Log: log}); err != nil {
		return nil, err
	}
	d.ops = d.Ops()
	if f.Ops == "" {
		return d, nil
	}
	listener, err := net.Listen("tcp", f.Ops)
	if err != nil {
		return nil, fmt.Errorf("listening on %s for operators: %w; choose another address with --ops-listen", f.Ops, err)
	}
	d.addr = listener.Addr().String()
	d.server = &http.Server{
		Handler:           d.ops,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	go func() {
		if err := d.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("metrics and health are no longer served", "error", err)
		}
	}()
	return d, nil
}

// started says that the process serves. ruleset is the hash of the rules that it runs.
func (d *opsDesk) started(nc *nats.Conn, temporal client.Client, ruleset func() string) {
	d.ops.Started(
		telemetry.Check{
			Name: "nats",
			Ask: func(ctx context.Context) error {
				if !nc.IsConnected() {
					return fmt.Errorf("not connected to NATS: %s", nc.Status())
				}
				return nc.FlushWithContext(ctx)
			},
		},
		telemetry.Check{
			Name: "temporal",
			Ask: func(ctx context.Context) error {
				_, err := temporal.CheckHealth(ctx, &client.CheckHealthRequest{})
				return err
			},
		},
		telemetry.Check{
			Name: "rules",
			Ask: func(context.Context) error {
				if ruleset() == "" {
					return errors.New("no rules are in force yet: publish a folder with `homeroom rules publish`, or give `homeroom serve` one")
				}
				return nil
			},
		},
	)
}

// drain says that the process is about to stop.
func (d *opsDesk) drain() { d.ops.Drain() }

// opsGrace is how long close waits for what is left of the traces, and for those who ask at the moment.
const opsGrace = 3 * time.Second

// close comes last: whoever watches sees the process until its end.
func (d *opsDesk) close(log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.Background(), opsGrace)
	defer cancel()
	if err := d.Close(ctx); err != nil {
		log.Warn("the last traces were not exported", "error", err)
	}
	if d.server != nil && d.server.Shutdown(ctx) != nil {
		_ = d.server.Close()
	}
}

// built says what this binary was built from.
func built() (version, revision string) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "", ""
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			revision = setting.Value
		}
	}
	return info.Main.Version, revision
}
