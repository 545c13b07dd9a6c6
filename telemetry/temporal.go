package telemetry

import (
	"maps"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/opentelemetry"
	"go.temporal.io/sdk/interceptor"
)

// Temporal makes the Temporal SDK report its metrics, and its spans if there are traces. The options are those of a
// client before it is dialed; the workers made from it report too.
func (t *Telemetry) Temporal(o *client.Options) error {
	if t == nil {
		return nil
	}
	o.MetricsHandler = temporalHandler{t.temporal, nil}
	if t.spans == nil {
		return nil
	}
	tracing, err := opentelemetry.NewTracingInterceptor(opentelemetry.TracerOptions{
		Tracer:                  t.tracer,
		DisableBaggage:          true,
		DisableQueryTracing:     true,
		AllowInvalidParentSpans: true,
	})
	if err != nil {
		return err
	}
	o.Interceptors = append(o.Interceptors, interceptor.ClientInterceptor(tracing))
	return nil
}

// temporalLabels are the SDK's tags that become labels; see go.temporal.io/sdk/internal/common/metrics. One that is missing is
// empty, which to Prometheus is the same as absent.
var temporalLabels = []string{
	"namespace", "poller_type", "worker_type", "workflow_type", "activity_type", "failure_reason", "task_queue", "operation",
	"cause", "status_code",
}

// temporalMetrics are the SDK's metrics; each is registered when the SDK first uses it.
type temporalMetrics struct {
	registry *prometheus.Registry
	mu       sync.Mutex
	counters map[string]*prometheus.CounterVec
	gauges   map[string]*prometheus.GaugeVec
	timers   map[string]*prometheus.HistogramVec
}

func newTemporalMetrics(r *prometheus.Registry) *temporalMetrics {
	return &temporalMetrics{
		registry: r,
		counters: map[string]*prometheus.CounterVec{},
		gauges:   map[string]*prometheus.GaugeVec{},
		timers:   map[string]*prometheus.HistogramVec{},
	}
}

const temporalHelp = "See the Temporal SDK's list of metrics."

// findOrRegister returns the metric of a name, which it makes if need be. The caller holds the lock.
func findOrRegister[M prometheus.Collector](m *temporalMetrics, known map[string]M, name string, make func(name string) M) M {
	if v, ok := known[name]; ok {
		return v
	}
	v := make(name)
	m.registry.MustRegister(v)
	known[name] = v
	return v
}

// temporalHandler implements client.MetricsHandler.
type temporalHandler struct {
	metrics *temporalMetrics
	tags    map[string]string
}

// WithTags implements client.MetricsHandler.
func (h temporalHandler) WithTags(tags map[string]string) client.MetricsHandler {
	all := maps.Clone(h.tags)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, tags)
	return temporalHandler{h.metrics, all}
}

func (h temporalHandler) labelValues() []string {
	values := make([]string, len(temporalLabels))
	for i, label := range temporalLabels {
		if v := h.tags[label]; v != "none" {
			values[i] = v
		}
	}
	return values
}

// Counter implements client.MetricsHandler.
func (h temporalHandler) Counter(name string) client.MetricsCounter {
	h.metrics.mu.Lock()
	defer h.metrics.mu.Unlock()
	vec := findOrRegister(h.metrics, h.metrics.counters, name+"_total", func(name string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: temporalHelp}, temporalLabels)
	})
	return temporalCounter{vec.WithLabelValues(h.labelValues()...)}
}

// Gauge implements client.MetricsHandler.
func (h temporalHandler) Gauge(name string) client.MetricsGauge {
	h.metrics.mu.Lock()
	defer h.metrics.mu.Unlock()
	vec := findOrRegister(h.metrics, h.metrics.gauges, name, func(name string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: temporalHelp}, temporalLabels)
	})
	return temporalGauge{vec.WithLabelValues(h.labelValues()...)}
}

// Timer implements client.MetricsHandler.
func (h temporalHandler) Timer(name string) client.MetricsTimer {
	h.metrics.mu.Lock()
	defer h.metrics.mu.Unlock()
	vec := findOrRegister(h.metrics, h.metrics.timers, name+"_seconds", func(name string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: temporalHelp, Buckets: temporalBuckets}, temporalLabels)
	})
	return temporalTimer{vec.WithLabelValues(h.labelValues()...)}
}

// temporalBuckets are few, because there are many timers.
var temporalBuckets = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 5, 10, 60}

type temporalCounter struct{ prometheus.Counter }

// Inc implements client.MetricsCounter.
func (c temporalCounter) Inc(n int64) { c.Add(float64(max(0, n))) }

type temporalGauge struct{ prometheus.Gauge }

// Update implements client.MetricsGauge.
func (g temporalGauge) Update(v float64) { g.Set(v) }

type temporalTimer struct{ prometheus.Observer }

// Record implements client.MetricsTimer.
func (t temporalTimer) Record(d time.Duration) { t.Observe(d.Seconds()) }
