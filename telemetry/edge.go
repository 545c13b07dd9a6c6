package telemetry

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"

	"homeroom/delivery"
)

// Edge measures the learners' pages and the webhook, and traces the webhook. Addresses of requests are recorded nowhere: they
// carry learners' tokens.
func (t *Telemetry) Edge(next http.Handler) http.Handler {
	if t == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page := pageOf(r.URL.Path)
		began := t.now()
		noted := &statusWriter{ResponseWriter: w}
		var end func(error, ...attribute.KeyValue)
		if page == "webhook" {
			ctx, ended := t.startSpan(r.Context(), "webhook")
			r = r.WithContext(ctx)
			end = ended
		}
		defer func() {
			status := noted.statusCode()
			t.metrics.requests.WithLabelValues(page, strconv.Itoa(status)).Observe(t.secondsSince(began))
			if end != nil {
				end(nil, attribute.Int("http.response.status_code", status))
			}
		}()
		next.ServeHTTP(noted, r)
	})
}

// pageOf is what a path leads to, without what it says of whom.
func pageOf(path string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch first {
	case "webhooks":
		return "webhook"
	case "u":
		return "unsubscribe"
	case "p":
		return "preferences"
	case "s":
		return "share"
	case "r":
		return "referral"
	case "healthz":
		return "health"
	}
	return "other"
}

// statusWriter remembers the status.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 && status >= 200 { // what comes before is not the answer
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the writer below.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// statusCode is the status, within the numbers that HTTP has: each is a label of its own.
func (w *statusWriter) statusCode() int {
	switch {
	case w.status == 0:
		return http.StatusOK
	case w.status > 599:
		return 599
	}
	return w.status
}

// Reports counts the items of webhooks.
func (t *Telemetry) Reports(next delivery.Reports) delivery.Reports {
	if t == nil || next == nil {
		return next
	}
	return reports{t, next}
}

type reports struct {
	t    *Telemetry
	next delivery.Reports
}

// Take implements delivery.Reports.
func (r reports) Take(ctx context.Context, rep delivery.ProviderReport) (delivery.Effect, error) {
	taken, err := r.next.Take(ctx, rep)
	became := string(taken)
	if err != nil {
		became = "failed"
	}
	r.t.metrics.reports.WithLabelValues(string(rep.Kind), became).Inc()
	return taken, err
}
