package telemetry

import (
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// metrics are the instruments that the wrappers use. docs/operations.md says what they mean.
type metrics struct {
	handOver        *prometheus.HistogramVec // result
	handedOver      prometheus.Counter
	decisions       *prometheus.CounterVec // rule, kind, reason
	publishFailures prometheus.Counter
	deliveries      *prometheus.CounterVec   // channel, outcome, reason
	provider        *prometheus.HistogramVec // channel, result
	providerErrors  *prometheus.CounterVec   // channel, class, status
	reports         *prometheus.CounterVec   // kind, taken
	requests        *prometheus.HistogramVec // page, status
	posts           *prometheus.HistogramVec // path, status
	posted          *prometheus.CounterVec   // status
	timerLag        prometheus.Histogram
}

// Buckets, in seconds.
var (
	quickBuckets  = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 15}
	remoteBuckets = []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20, 30}
	lateBuckets   = []float64{.1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 6 * 3600, 24 * 3600}
)

func newMetrics(r *prometheus.Registry, o Options) metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
		r.MustRegister(c)
		return c
	}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
		r.MustRegister(h)
		return h
	}
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "homeroom_build_info", Help: "What was built; always 1."},
		[]string{"version", "revision", "go"})
	build.WithLabelValues(o.Version, o.Revision, runtime.Version()).Set(1)
	r.MustRegister(build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return metrics{
		handOver: histogram("homeroom_handover_seconds",
			"How long handing one batch to its learner's workflow took, by result: ok, again (tried again), refused (a dead letter).", quickBuckets, "result"),
		handedOver: counter("homeroom_handover_events_total", "Events in batches that were accepted.").WithLabelValues(),
		decisions:  counter("homeroom_decisions_total", "Decisions published, by rule, kind and reason.", "rule", "kind", "reason"),
		publishFailures: counter("homeroom_decisions_publish_failures_total",
			"Times that decisions could not be published; they are reported later.").WithLabelValues(),
		deliveries: counter("homeroom_deliveries_total",
			"Deliveries by channel, outcome and reason; outcome error: a store could not be asked, and it is tried again.", "channel", "outcome", "reason"),
		provider: histogram("homeroom_provider_seconds",
			"How long one request to the provider took, by channel and result: accepted, retry, uncertain, final.", remoteBuckets, "channel", "result"),
		providerErrors: counter("homeroom_provider_errors_total",
			"Requests that the provider did not accept, by class and HTTP status; 0: no answer.", "channel", "class", "status"),
		reports: counter("homeroom_webhook_items_total",
			"Items of the provider's webhooks by kind and what became of them: new, again, nothing, unknown, failed.", "kind", "taken"),
		requests: histogram("homeroom_edge_request_seconds", "How long requests to the learners' pages and the webhook took, by page and HTTP status.", quickBuckets, "page", "status"),
		posts:    histogram("homeroom_api_request_seconds", "How long requests that post events took, by path and HTTP status.", quickBuckets, "path", "status"),
		posted: counter("homeroom_api_events_total",
			"Events of posted requests by what was answered: stored, repeated, ignored, refused, unconfirmed.", "status"),
		timerLag: histogram("homeroom_timer_lag_seconds",
			"How long after it was due, in Homeroom's time, a run's step was decided.", lateBuckets).WithLabelValues().(prometheus.Histogram),
	}
}
