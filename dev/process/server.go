package process

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"homeroom/dev/servers"
	"homeroom/dev/stack"
	"homeroom/telemetry"
)

// Server names a server that runs in a process of its own.
type Server string

// The servers.
const (
	ServerNATS     Server = "nats"
	ServerTemporal Server = "temporal"
)

// NATSDir returns the directory in which the process keeps NATS's files, below [Order.Data].
func NATSDir(data string) string { return filepath.Join(data, "nats") }

// startOneServer starts the server that the order names.
func (h *servedProcess) startOneServer(ctx context.Context) error {
	var stop func(context.Context) error
	switch h.Server {
	case ServerNATS:
		s, err := servers.StartNATS(ctx, servers.NATSOptions{Dir: NATSDir(h.Data), Log: h.log})
		if err != nil {
			return err
		}
		h.NATS = s.URL()
		stop = s.Stop
	case ServerTemporal:
		s, err := servers.StartTemporal(ctx, servers.TemporalOptions{
			File:             filepath.Join(h.Data, "temporal", "temporal.db"),
			SearchAttributes: stack.SearchAttributes(),
			Log:              h.log,
		})
		if err != nil {
			return err
		}
		h.Temporal = s.Address()
		stop = s.Stop
	default:
		return fmt.Errorf("there is no server %q", h.Server)
	}
	h.stops = append(h.stops, func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		_ = stop(ctx) // the process ends
	})
	return nil
}

// serveMetrics serves /metrics at a free port of this machine.
func (h *servedProcess) serveMetrics() (*telemetry.Telemetry, error) {
	t, err := telemetry.New(telemetry.Options{Now: time.Now, Clock: h.Clock})
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: t.Ops(), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }() // it ends with the process
	h.metrics = "http://" + listener.Addr().String() + "/metrics"
	return t, nil
}

// orDash returns the address, or "-" if it is empty.
func orDash(address string) string {
	if address == "" {
		return "-"
	}
	return address
}
