package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"homeroom/internal/guard"
	"homeroom/telemetry"
)

// OpsFlags say what a process shows operators, and where.
type OpsFlags struct {
	Ops      string     `name:"ops-listen" env:"HOMEROOM_OPS_LISTEN" default:"127.0.0.1:9090" help:"Where /metrics, /healthz and /readyz listen; not for the public. Empty: nowhere. Default: ${default}." placeholder:"[HOST]:PORT"`
	LogJSON  bool       `name:"log-json" env:"HOMEROOM_LOG_JSON" help:"Log as JSON."`
	LogLevel slog.Level `name:"log-level" env:"HOMEROOM_LOG_LEVEL" default:"info" help:"The least that is logged: debug, info, warn or error. Default: ${default}." placeholder:"LEVEL"`
}

// logger writes to Err, without addresses.
func (f OpsFlags) logger(o IO) *slog.Logger {
	return telemetry.NewLog(o.Err, telemetry.LogOptions{JSON: f.LogJSON, Level: f.LogLevel})
}

// opsServer serves metrics and health to operators while a process runs.
type opsServer struct {
	*telemetry.Telemetry
	ops    *telemetry.Ops
	server *http.Server // nil: nothing is served
	addr   string
}

// open listens. From here on the process is alive, and not ready yet.
func (f OpsFlags) open(ctx context.Context, o IO, log *slog.Logger) (*opsServer, error) {
	spans, err := telemetry.SpansFromEnvironment(ctx, os.Getenv)
	if err != nil {
		return nil, usage(err)
	}
	built := readBuild()
	d := &opsServer{}
	if d.Telemetry, err = telemetry.New(telemetry.Options{Now: o.Now, Version: built.Version, Revision: built.Revision, Spans: spans, Log: log}); err != nil {
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
	d.server = newOpsHTTPServer(d.ops, log)
	go func() {
		if err := d.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("metrics and health are no longer served", "error", err)
		}
	}()
	return d, nil
}

// newOpsHTTPServer returns a server that has nothing to serve at yet.
func newOpsHTTPServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           guard.Requests(handler, guard.Options{Report: guard.LogTo(log, "a request of an operator panicked", guard.LogPath)}),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// markReady says that the process serves. Whether it is ready is what the checks say.
func (d *opsServer) markReady(checks []telemetry.Check) { d.ops.Started(checks...) }

// markStopping says that the process is about to stop.
func (d *opsServer) markStopping() { d.ops.Drain() }

// opsGrace is how long close waits for the last traces to be exported and for requests to be answered.
const opsGrace = 3 * time.Second

// close is called last, so that the process can be watched until its end.
func (d *opsServer) close(log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.Background(), opsGrace)
	defer cancel()
	if err := d.Close(ctx); err != nil {
		log.Warn("the last traces were not exported", "error", err)
	}
	if d.server != nil && d.server.Shutdown(ctx) != nil {
		_ = d.server.Close()
	}
}
