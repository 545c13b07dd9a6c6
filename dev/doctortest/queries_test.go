package doctortest

import (
	"errors"
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

var errNotYet = errors.New("not everything is told yet")

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
	scrapes := 1
	harness.Eventually(t, ctx, "an answer to every query of the dashboard", func() error {
		_, text := get(r.ops + "/metrics")
		if !strings.Contains(text, `homeroom_webhook_items_total{kind="delivered",taken="new"}`) {
			return errNotYet
		}
		told.record(t, text, began.Add(time.Duration(scrapes)*time.Minute))
		scrapes++
		if scrapes < 4 {
			return errNotYet
		}
		return nil
	})
	now := began.Add(time.Duration(scrapes-1) * time.Minute)
	for _, query := range dashboard(t) {
		if got := told.ask(t, query.expr, now); len(got) == 0 && !slices.ContainsFunc(notHere, func(name string) bool { return strings.Contains(query.expr, name) }) {
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
