package doctortest

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql/parser"
)

// suffixes are what a histogram's series add to its name.
var suffixes = regexp.MustCompile(`_(bucket|count|sum)$`)

// standard are the metrics that the client library and the SDK tell beside those that operations.md names one by one.
var standard = []string{"process_resident_memory_bytes", "process_cpu_seconds_total", "temporal_request_total"}

func TestQueriesNameMetricsThatExist(t *testing.T) {
	told := toldMetrics(t)
	for _, name := range standard {
		told[name] = true
	}
	check := func(where, expr string) {
		for _, name := range namesIn(t, expr) {
			if !told[name] && !told[suffixes.ReplaceAllString(name, "")] {
				t.Errorf("%s asks for %q, which operations.md does not list", where, name)
			}
		}
	}
	for _, rule := range alerts(t) {
		check(rule.Alert, rule.Expr)
	}
	for _, query := range dashboard(t) {
		check(query.panel, query.expr)
	}
}

// TestTheDashboardShowsEveryMetric: what Homeroom tells can be seen, but for the parts of another figure.
func TestTheDashboardShowsEveryMetric(t *testing.T) {
	parts := []string{
		"homeroom_handover_events_total", "homeroom_handover_retries_total", "homeroom_parkings_total", "homeroom_oldest_held_seconds",
		"homeroom_decisions_publish_failures_total", "homeroom_provider_list_entries_total",
	}
	seen := map[string]bool{}
	for _, query := range dashboard(t) {
		for _, name := range namesIn(t, query.expr) {
			seen[suffixes.ReplaceAllString(name, "")] = true
		}
	}
	for _, rule := range alerts(t) {
		for _, name := range namesIn(t, rule.Expr) {
			seen[name] = true
		}
	}
	for name := range toldMetrics(t) {
		if strings.HasPrefix(name, "homeroom_") && !strings.HasSuffix(name, "_") && !seen[name] && !slices.Contains(parts, name) {
			t.Errorf("%s is on no panel and in no alert", name)
		}
	}
}

// TestAlertsAreThoseOfTheDocument holds alerts.yaml and the table of operations.md together, both ways.
func TestAlertsAreThoseOfTheDocument(t *testing.T) {
	type row struct{ expr, duration string }
	documented := map[string]row{}
	for line := range strings.Lines(read(t, "docs/operations.md")) {
		line = strings.ReplaceAll(strings.TrimSpace(line), `\|`, "\x00")
		cells := strings.Split(line, "|")
		if len(cells) != 6 || !strings.HasPrefix(cells[1], " `Homeroom") {
			continue
		}
		parsed, err := parser.ParseExpr(strings.ReplaceAll(strings.Trim(cells[2], " `"), "\x00", "|"))
		if err != nil {
			t.Errorf("%s: %v", cells[1], err)
			continue
		}
		documented[strings.Trim(cells[1], " `")] = row{parsed.String(), strings.TrimSpace(cells[3])}
	}
	if len(documented) < 10 {
		t.Fatalf("operations.md lists %d alerts", len(documented))
	}
	for _, rule := range alerts(t) {
		want, ok := documented[rule.Alert]
		delete(documented, rule.Alert)
		parsed, err := parser.ParseExpr(rule.Expr)
		if err != nil {
			t.Errorf("%s: %v", rule.Alert, err)
			continue
		}
		got := row{parsed.String(), ""}
		if rule.For > 0 {
			got.duration = rule.For.String()
		}
		if !ok || got != want {
			t.Errorf("%s: alerts.yaml has %q, operations.md has %q", rule.Alert, got, want)
		}
		if rule.Labels["severity"] != "page" && rule.Labels["severity"] != "ticket" || rule.Annotations["summary"] == "" || rule.Annotations["description"] == "" {
			t.Errorf("%s has the labels %v and the annotations %v", rule.Alert, rule.Labels, rule.Annotations)
		}
	}
	for name := range documented {
		t.Errorf("%s is in operations.md and not in alerts.yaml", name)
	}
}

// healthy is what Homeroom tells when nothing is wrong, a sample a minute for two days.
var healthy = []string{
	`homeroom_mark_age_seconds{partition="0"} 1x2880`,
	`homeroom_stream_reachable 1x2880`,
	`homeroom_stream_pending{partition="0",instance="a"} 0x2880`,
	`homeroom_instances_disagree{what=""} 0x2880`,
	`homeroom_missing_rights{role="worker"} 0x2880`,
	`homeroom_learners_failing 0x2880`,
	`homeroom_learners_set_aside 0x2880`,
	`homeroom_provider_refuses_us{channel="email"} 0x2880`,
	`homeroom_stream_rewound_total 0x2880`,
	`homeroom_ruleset_refused 0x2880`,
	`homeroom_deliveries_total{outcome="accepted"} 0+10x2880`,
	`homeroom_provider_list_age_seconds{list="bounces"} 3600x2880`,
	`homeroom_events_total{outcome="handed_over"} 0+100x2880`,
	`homeroom_webhook_items_total{kind="delivered",taken="new"} 0+10x2880`,
	`homeroom_paused 0x2880`,
}

// TestAlertsFire: each is silent while all is well, and fires on what it is for, also when a counter appears with its first event.
func TestAlertsFire(t *testing.T) {
	now := time.Unix(0, 0).Add(47 * time.Hour)
	wrong := map[string][]string{ // series whose samples stand for the last hours
		"HomeroomStreamUnreachable":  {`homeroom_stream_reachable 0x2880`},
		"HomeroomMarkBehind":         {`homeroom_mark_age_seconds{partition="0"} 301x2880`},
		"HomeroomBacklogDoesNotFall": {`homeroom_stream_pending{partition="0",instance="a"} 5x2880`},
		"HomeroomInstancesDisagree":  {`homeroom_instances_disagree{what="secret"} 1x2880`},
		"HomeroomRightsMissing":      {`homeroom_missing_rights{role="worker"} 1x2880`},
		"HomeroomLearnersFailing":    {`homeroom_learners_failing 2x2880`},
		"HomeroomLearnersSetAside":   {`homeroom_learners_set_aside 1x2880`},
		"HomeroomProviderRefusesUs":  {`homeroom_provider_refuses_us{channel="email"} 1x2880`},
		"HomeroomStreamRewound":      {`homeroom_stream_rewound_total 0x2800 1x80`, `homeroom_stream_rewound_total _x2800 1x80`},
		"HomeroomRulesRefused":       {`homeroom_ruleset_refused 1x2880`},
		"HomeroomDeliveriesFail":     {`homeroom_deliveries_total{outcome="failed"} _x2810 1x70`, `homeroom_deliveries_total{outcome="uncertain"} 1x2810 2x70`},
		"HomeroomProviderListsOld":   {`homeroom_provider_list_age_seconds{list="bounces"} 172801x2880`},
		"HomeroomDeadLetters":        {`homeroom_events_total{outcome="dead",reason="json"} _x2810 1x70`},
		"HomeroomSpamReports":        {"homeroom_webhook_items_total{kind=\"spam_reported\",taken=\"new\"} 0+1x2880\nhomeroom_deliveries_total{outcome=\"accepted\"} 0+500x2880"},
		"HomeroomForgottenPause":     {`homeroom_paused 1x2880`},
		"HomeroomIsGone":             {`up 0x2880`},
	}
	well := samples{}
	well.load(t, healthy...)
	for _, rule := range alerts(t) {
		if fired := well.ask(t, rule.Expr, now); len(fired) > 0 {
			t.Errorf("%s fires while all is well: %v", rule.Alert, fired)
		}
		if len(wrong[rule.Alert]) == 0 {
			t.Errorf("nothing makes %s fire in this test", rule.Alert)
		}
		for _, series := range wrong[rule.Alert] {
			ill := samples{}
			ill.load(t, strings.Split(series, "\n")...)
			if fired := ill.ask(t, rule.Expr, now); len(fired) == 0 {
				t.Errorf("%s does not fire on %s", rule.Alert, series)
			}
		}
	}
}
