package telemetry_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.temporal.io/sdk/client"

	"homeroom/internal/clock"
	"homeroom/telemetry"
	"homeroom/triggers"
)

func TestTemporalsMetrics(t *testing.T) {
	tel := open(t, telemetry.Options{})
	var o client.Options
	if err := tel.Temporal(&o); err != nil {
		t.Fatal(err)
	}
	if len(o.Interceptors) != 0 {
		t.Error("it traces, and there are no traces")
	}
	h := o.MetricsHandler.WithTags(map[string]string{"namespace": "default", "workflow_type": "none", "workflow_id": "learner/u_1"})
	h.Counter("temporal_request").Inc(2)
	h.WithTags(map[string]string{"operation": "StartWorkflow"}).Counter("temporal_request").Inc(1)
	h.Gauge("temporal_num_pollers").Update(4)
	h.Timer("temporal_request_latency").Record(30 * time.Millisecond)
	text := scrape(t, tel)
	for _, want := range []string{`temporal_request_total{`, `operation="StartWorkflow"`, `temporal_num_pollers{`, `temporal_request_latency_seconds_bucket{`} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing", want)
		}
	}
	if strings.Contains(text, "u_1") || strings.Contains(text, `"none"`) {
		t.Error("a label is told that should not be")
	}

	traced := open(t, telemetry.Options{Spans: tracetest.NewInMemoryExporter()})
	if err := traced.Temporal(&o); err != nil || len(o.Interceptors) != 1 {
		t.Errorf("%d interceptors, %v; want one", len(o.Interceptors), err)
	}
}

func TestWhatIsWatched(t *testing.T) {
	standing := clock.NewChanging(clock.Real()) // an age that is told does not depend on how long the test takes
	standing.Stop()
	tel := open(t, telemetry.Options{Version: "v1.2.3", Revision: "abc", Clock: standing.Clock()})
	marks := map[int]time.Time{3: standing.Clock().Now().Add(-time.Minute)}
	tel.Watch(telemetry.Sources{Paused: func() bool { return false }})
	tel.Watch(telemetry.Sources{ // instead of it
		Events: func() triggers.Stats {
			return triggers.Stats{HandedOver: 3, Unneeded: 4, Dead: 2, Retries: 5, OldestHeld: 90 * time.Second}
		},
		DeadBy:    func() map[string]int64 { return map[string]int64{"bad_json": 2} },
		Watermark: func(p int) time.Time { return marks[p] },
		Paused:    func() bool { return true },
		Ruleset:   func() (string, int, bool) { return "5f2a", 7, true },
	})
	text := scrape(t, tel)
	wantLines(t, text, `homeroom_events_total{outcome="handed_over",reason=""} 3`, `homeroom_events_total{outcome="dead",reason="bad_json"} 2`,
		`homeroom_handover_retries_total 5`, `homeroom_oldest_held_seconds 90`, `homeroom_paused 1`,
		`homeroom_ruleset_info{hash="5f2a",number="7"} 1`, `homeroom_ruleset_refused 1`)
	if !strings.Contains(text, `homeroom_mark_age_seconds{partition="3"} 60`+"\n") || strings.Contains(text, `homeroom_mark_age_seconds{partition="4"}`) {
		t.Error("the marks are not told as they are")
	}
	if !strings.Contains(text, `homeroom_build_info{go="go1.`) || !strings.Contains(text, "go_goroutines") {
		t.Error("the build or the runtime is missing")
	}
}

func TestHealthAndReadiness(t *testing.T) {
	ops := open(t, telemetry.Options{}).Ops()
	ready := func(status int) (r telemetry.Readiness) {
		t.Helper()
		if err := json.Unmarshal([]byte(get(t, ops, "/readyz", status)), &r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	get(t, ops, "/healthz", http.StatusOK)
	if r := ready(http.StatusServiceUnavailable); r.Ready || r.Checks[0].Reason != "it is starting" {
		t.Errorf("before the start: %+v", r)
	}
	var away error
	ops.Started(telemetry.Check{Name: "nats", Ask: func(context.Context) error { return nil }},
		telemetry.Check{Name: "temporal", Ask: func(context.Context) error { return away }})
	if r := ready(http.StatusOK); !r.Ready || len(r.Checks) != 2 {
		t.Errorf("all is well: %+v", r)
	}
	away = errors.New("no answer from ada@example.org")
	if r := ready(http.StatusServiceUnavailable); r.Ready || !r.Checks[0].OK || r.Checks[1].Reason != "no answer from (address)" {
		t.Errorf("Temporal is away: %+v", r)
	}
	get(t, ops, "/healthz", http.StatusOK)
	away = nil
	ops.Drain()
	if r := ready(http.StatusServiceUnavailable); r.Ready || r.Checks[0].Reason != "it is stopping" {
		t.Errorf("stopping: %+v", r)
	}
	get(t, ops, "/healthz", http.StatusOK)
}

// TestNoTelemetry: whoever wants none gets what they had.
func TestNoTelemetry(t *testing.T) {
	var tel *telemetry.Telemetry
	var o client.Options
	if err := tel.Temporal(&o); err != nil || o.MetricsHandler != nil {
		t.Errorf("Temporal's options changed: %v", err)
	}
	if tel.Step(nil) != nil || tel.Sender(nil) != nil || tel.Starter(nil) != nil || tel.Edge(nil) != nil || tel.Publisher(nil) != nil || tel.Reports(nil) != nil || tel.Announcer(nil) != nil || tel.Deliverer(nil) != nil {
		t.Error("it wrapped something")
	}
	tel.Watch(telemetry.Sources{})
	if err := tel.Close(t.Context()); err != nil {
		t.Error(err)
	}
	get(t, tel.Ops(), "/healthz", http.StatusOK)
	get(t, tel.Ops(), "/metrics", http.StatusNotFound)
	if _, err := telemetry.New(telemetry.Options{}); err == nil {
		t.Error("it does without a clock")
	}
}

// TestACheckThatPanicsIsNotFine: checks are asked at once, each in a goroutine of its own, whose panic would end the process.
func TestACheckThatPanicsIsNotFine(t *testing.T) {
	var none *telemetry.Telemetry
	ops := none.Ops()
	ops.Started(telemetry.Check{Name: "nats", Ask: func(context.Context) error { panic("a fault") }},
		telemetry.Check{Name: "temporal", Ask: func(context.Context) error { return nil }})
	w := httptest.NewRecorder()
	ops.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
	if want := `{"name":"nats","ok":false,"reason":"the check itself panicked: a fault"},{"name":"temporal","ok":true}`; w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), want) {
		t.Errorf("got %d %s, want %s", w.Code, w.Body, want)
	}
}
