package doctortest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"homeroom/dev/harness"
	"homeroom/internal/standin"
)

// notHere is what appears only when something is wrong, once a day, or when a platform posts events over HTTP.
var notHere = []string{
	"homeroom_provider_errors_total", "temporal_request_failure_total", "homeroom_provider_list_age_seconds", "homeroom_api_events_total", "homeroom_api_request_seconds",
}

// isNotHere reports whether a query asks about a metric of notHere.
func isNotHere(expr string) bool {
	return slices.ContainsFunc(notHere, func(metric string) bool { return strings.Contains(expr, metric) })
}

var metricName = regexp.MustCompile(`\b(homeroom|temporal)_[a-z_]+`)

// metricsOf returns the names of the metrics that queries ask about, without those of notHere.
func metricsOf(queries []panelQuery) (metrics []string) {
	for _, query := range queries {
		if !isNotHere(query.expr) {
			metrics = append(metrics, metricName.FindAllString(query.expr, -1)...)
		}
	}
	return metrics
}

// TestQueriesAnswer runs Homeroom, scrapes it, and evaluates every query of the dashboard and every alert on what it told: each panel shows
// something, and of the alerts only the one for the dead letter that was published fires.
func TestQueriesAnswer(t *testing.T) {
	ctx := harness.Deadline(t)
	s := start(t, ctx, standin.Account{})
	r := serve(t, ctx, s)
	told := samples{}
	// Scrapes are a minute apart for the queries. An earlier one makes the counters' increases visible.
	began := time.Unix(1_800_000_000, 0)
	_, text := get(r.ops + "/metrics")
	told.record(t, text, began)
	enroll(t, ctx, s, "u_9")
	queries := dashboard(t)
	// The stream is asked every few seconds, so what it says may come later than the rest.
	awaited := append(metricsOf(queries), `homeroom_webhook_items_total{kind="delivered",taken="new"}`, "homeroom_dead_letters 1")
	harness.Eventually(t, ctx, "everything that the dashboard asks about", func() error {
		_, text = get(r.ops + "/metrics")
		for _, metric := range awaited {
			if !strings.Contains(text, metric) {
				return fmt.Errorf("nothing is told of %s", metric)
			}
		}
		return nil
	})
	now := began
	for range 3 {
		now = now.Add(time.Minute)
		told.record(t, text, now)
		_, text = get(r.ops + "/metrics")
	}
	for _, query := range queries {
		if got := told.ask(t, query.expr, now); len(got) == 0 && !isNotHere(query.expr) {
			t.Errorf("%s: %s answers nothing", query.panel, query.expr)
		}
	}
	for _, rule := range alerts(t) {
		if fired := told.ask(t, rule.Expr, now); len(fired) > 0 != (rule.Alert == "HomeroomDeadLetters") {
			t.Errorf("%s: %v", rule.Alert, fired)
		}
	}
	r.stop()
	r.ended(t)
}
