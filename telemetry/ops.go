package telemetry

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Check asks for one thing that a process needs to be of use. The error says what is missing; it is shown, and holds no
// personal data.
type Check struct {
	Name string
	Ask  func(ctx context.Context) error
}

// checkTimeout bounds the checks of one answer, all together.
const checkTimeout = 2 * time.Second

// Ops answers operators and their machines:
//
//	GET /metrics   for Prometheus
//	GET /healthz   200 as long as the process can answer: it asks nobody, so that a dependency that is away does not
//	               get the process killed, which would help nobody
//	GET /readyz    200 when every check is fine, else 503; both with the reasons as JSON
//
// It shows how Homeroom is doing, so it is not for the public: keep it on a listener of its own.
type Ops struct {
	mux *http.ServeMux

	mu       sync.Mutex
	checks   []Check
	started  bool
	draining bool
}

// Ops returns a handler that is not ready yet; see [Ops.Started].
func (t *Telemetry) Ops() *Ops {
	o := &Ops{mux: http.NewServeMux()}
	if t != nil {
		o.mux.Handle("GET /metrics", promhttp.HandlerFor(t.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}))
	}
	o.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]bool{"alive": true})
	})
	o.mux.HandleFunc("GET /readyz", o.serveReadiness)
	return o
}

// Started says that the process serves, and is ready when these checks are fine.
func (o *Ops) Started(checks ...Check) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.checks = checks
	o.started = true
}

// Drain says that the process is about to stop: from now on it is not ready, while it finishes what is in flight.
func (o *Ops) Drain() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.draining = true
}

// ServeHTTP implements http.Handler.
func (o *Ops) ServeHTTP(w http.ResponseWriter, r *http.Request) { o.mux.ServeHTTP(w, r) }

// Readiness is the answer of /readyz.
type Readiness struct {
	Ready  bool          `json:"ready"`
	Checks []CheckResult `json:"checks"`
}

// CheckResult is what came of one check.
type CheckResult struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Reason string `json:"reason,omitempty"` // why not
}

func (o *Ops) serveReadiness(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	checks := o.checks
	started := o.started
	draining := o.draining
	o.mu.Unlock()
	answered := Readiness{Checks: []CheckResult{}}
	switch {
	case draining:
		answered.Checks = append(answered.Checks, CheckResult{Name: "serving", Reason: "it is stopping"})
	case !started:
		answered.Checks = append(answered.Checks, CheckResult{Name: "serving", Reason: "it is starting"})
	default:
		ctx, cancel := context.WithTimeout(r.Context(), checkTimeout)
		defer cancel()
		answered = runChecks(ctx, checks)
	}
	status := http.StatusOK
	if !answered.Ready {
		status = http.StatusServiceUnavailable
	}
	writeJSON(w, status, answered)
}

// runChecks asks all checks at once.
func runChecks(ctx context.Context, checks []Check) Readiness {
	results := make([]CheckResult, len(checks))
	var all sync.WaitGroup
	for i, c := range checks {
		all.Go(func() {
			// It is nobody's request that runs here, so a panic would end the process.
			defer func() {
				if value := recover(); value != nil {
					results[i] = CheckResult{Name: c.Name, Reason: Redact(fmt.Sprintf("the check itself panicked: %v", value))}
				}
			}()
			results[i] = CheckResult{Name: c.Name, OK: true}
			if err := c.Ask(ctx); err != nil {
				results[i] = CheckResult{Name: c.Name, Reason: Redact(err.Error())}
			}
		})
	}
	all.Wait()
	readiness := Readiness{Ready: true, Checks: results}
	for _, r := range results {
		readiness.Ready = readiness.Ready && r.OK
	}
	return readiness
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // whoever asked may have gone
}
