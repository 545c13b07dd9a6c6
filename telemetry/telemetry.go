package telemetry

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"

	"homeroom/internal/clock"
)

// Options say what is measured.
type Options struct {
	// Now is the wall clock, for latencies. Required.
	Now func() time.Time
	// Clock is Homeroom's time, in which decisions are due. Default: real time.
	Clock clock.Clock
	// Version and Revision say what was built; empty: unknown.
	Version, Revision string
	// Spans takes the traces; nil: there are none. See [SpansFromEnvironment].
	Spans trace.SpanExporter
	// Log hears that spans could not be exported. Default: none.
	Log *slog.Logger
}

// Telemetry measures one process. It may be used concurrently; nil measures nothing.
type Telemetry struct {
	now      func() time.Time
	clock    clock.Clock
	registry *prometheus.Registry
	metrics  metrics
	temporal *temporalMetrics
	watched  *watched
	tracer   oteltrace.Tracer
	spans    *trace.TracerProvider // nil: no traces
}

// New returns telemetry that is not watching anything yet.
func New(o Options) (*Telemetry, error) {
	if o.Now == nil {
		return nil, errors.New("telemetry: Options.Now is missing")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	t := &Telemetry{now: o.Now, clock: o.Clock, registry: prometheus.NewRegistry()}
	t.metrics = newMetrics(t.registry, o)
	t.temporal = newTemporalMetrics(t.registry)
	t.watched = &watched{now: o.Now, clock: o.Clock}
	t.registry.MustRegister(t.watched)
	t.startTracing(o)
	return t, nil
}

// Close sends what is left of the traces. It is bounded by ctx and may be called again.
func (t *Telemetry) Close(ctx context.Context) error {
	if t == nil || t.spans == nil {
		return nil
	}
	return t.spans.Shutdown(ctx)
}

// secondsSince is how many seconds have passed.
func (t *Telemetry) secondsSince(began time.Time) float64 {
	return max(0, t.now().Sub(began).Seconds())
}
