package telemetry_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"homeroom/delivery/email"
	"homeroom/delivery/inapp"
	"homeroom/delivery/webhook"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"homeroom/delivery"
	"homeroom/engine"
	"homeroom/telemetry"
	"homeroom/triggers"
)

// ticking is a clock on which a tenth of a second passes at every look.
func ticking() func() time.Time {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	return func() time.Time { now = now.Add(100 * time.Millisecond); return now }
}

func open(t *testing.T, o telemetry.Options) *telemetry.Telemetry {
	t.Helper()
	if o.Now == nil {
		o.Now = ticking()
	}
	tel, err := telemetry.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tel.Close(context.Background()) })
	return tel
}

// scrape returns what Prometheus would read.
func scrape(t *testing.T, tel *telemetry.Telemetry) string {
	t.Helper()
	return get(t, tel.Ops(), "/metrics", http.StatusOK)
}

func get(t *testing.T, h http.Handler, path string, status int) string {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	if w.Code != status {
		t.Errorf("GET %s: status %d, want %d\n%s", path, w.Code, status, w.Body)
	}
	return w.Body.String()
}

func wantLines(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(text, "\n"+line+"\n") {
			first, _, _ := strings.Cut(line, "{")
			first, _, _ = strings.Cut(first, " ")
			var near []string
			for have := range strings.Lines(text) {
				if strings.HasPrefix(have, first) {
					near = append(near, strings.TrimSpace(have))
				}
			}
			t.Errorf("missing: %s\nthere is:\n%s", line, strings.Join(near, "\n"))
		}
	}
}

// The rooms, as doubles that answer what they are told.
type (
	starts   func(triggers.Batch) error
	delivers func(engine.Send) (engine.Outcome, error)
	sends    func() (delivery.Receipt, error)
	publish  func() error
	takes    func(delivery.ProviderReport) (delivery.Effect, error)
)

func (f starts) HandOver(_ context.Context, b triggers.Batch) error { return f(b) }
func (f delivers) Deliver(_ context.Context, s engine.Send) (engine.Outcome, error) {
	return f(s)
}
func (f sends) Send(context.Context, email.Email) (delivery.Receipt, error)     { return f() }
func (f sends) Announce(context.Context, inapp.Nudge) (delivery.Receipt, error) { return f() }
func (f sends) Post(context.Context, webhook.Post) (delivery.Receipt, error)    { return f() }
func (f publish) Publish(context.Context, []engine.Decision) error              { return f() }
func (f takes) Take(_ context.Context, r delivery.ProviderReport) (delivery.Effect, error) {
	return f(r)
}

func (f delivers) GiveUp(_ context.Context, s engine.Send) (engine.Outcome, error) { return f(s) }

func TestHandOvers(t *testing.T) {
	tel := open(t, telemetry.Options{})
	ctx := t.Context()
	answers := []error{nil, errors.New("away"), fmt.Errorf("too big: %w", triggers.ErrRefused), nil}
	starter := tel.Starter(starts(func(triggers.Batch) error { err := answers[0]; answers = answers[1:]; return err }))
	for range 4 {
		_ = starter.HandOver(ctx, triggers.Batch{Learner: "u_1", Events: make([]engine.Event, 3)})
	}
	text := scrape(t, tel)
	wantLines(t, text,
		`homeroom_handover_seconds_count{result="ok"} 2`, `homeroom_handover_seconds_sum{result="ok"} 0.2`,
		`homeroom_handover_seconds_count{result="again"} 1`, `homeroom_handover_seconds_count{result="refused"} 1`,
		`homeroom_handover_events_total 6`)
	if strings.Contains(text, "u_1") {
		t.Error("a learner is a label")
	}
}

func TestDeliveriesAndTheProvider(t *testing.T) {
	tel := open(t, telemetry.Options{})
	ctx := t.Context()
	outcome := engine.Outcome{Status: engine.OutcomeAccepted}
	var failure error
	deliverer := tel.Deliverer(delivers(func(engine.Send) (engine.Outcome, error) { return outcome, failure }))
	deliver := func(channel string) {
		_, _ = deliverer.Deliver(ctx, engine.Send{ID: "s1", Learner: "u_1", Channel: channel})
	}
	deliver("")
	deliver("inapp")
	deliver("pigeon")
	outcome = engine.Outcome{Status: engine.OutcomeRetry, Reason: engine.ReasonPaused}
	deliver("email")
	failure = errors.New("the ledger is away")
	deliver("email")
	failure = fmt.Errorf("%w: stopping", delivery.ErrNotBegun)
	deliver("email")

	var answer error
	ask := sends(func() (delivery.Receipt, error) { return delivery.Receipt{}, answer })
	sender := tel.Sender(ask)
	announcer := tel.Announcer(ask)
	_, _ = announcer.Announce(ctx, inapp.Nudge{})
	_, _ = tel.Poster(ask).Post(ctx, webhook.Post{})
	for _, answer = range []error{nil, &delivery.Error{Class: delivery.Retry, Status: 429}, errors.New("broken pipe")} {
		_, _ = sender.Send(ctx, email.Email{To: "ada@example.org"})
	}
	wantLines(t, scrape(t, tel),
		`homeroom_deliveries_total{channel="email",outcome="accepted",reason=""} 1`,
		`homeroom_deliveries_total{channel="inapp",outcome="accepted",reason=""} 1`,
		`homeroom_deliveries_total{channel="other",outcome="accepted",reason=""} 1`,
		`homeroom_deliveries_total{channel="email",outcome="retry",reason="paused"} 1`,
		`homeroom_deliveries_total{channel="email",outcome="error",reason=""} 1`,
		`homeroom_deliveries_total{channel="email",outcome="cancelled",reason=""} 1`,
		`homeroom_provider_seconds_count{channel="email",result="accepted"} 1`,
		`homeroom_provider_seconds_count{channel="inapp",result="accepted"} 1`,
		`homeroom_provider_seconds_count{channel="webhook",result="accepted"} 1`,
		`homeroom_provider_errors_total{channel="email",class="retry",status="429"} 1`,
		`homeroom_provider_errors_total{channel="email",class="uncertain",status="0"} 1`)
}

func TestDecisionsCountWhenTheyAreConfirmed(t *testing.T) {
	tel := open(t, telemetry.Options{})
	ctx := t.Context()
	away := errors.New("away")
	p := tel.Publisher(publish(func() error { return away }))
	decisions := []engine.Decision{
		{Learner: "u_1", Rule: "welcome", Kind: engine.KindSent}, {Learner: "u_1", Rule: "welcome", Kind: engine.KindSkipped, Reason: engine.ReasonCap},
	}
	if err := p.Publish(ctx, decisions); !errors.Is(err, away) {
		t.Fatal(err)
	}
	away = nil
	if err := p.Publish(ctx, decisions); err != nil {
		t.Fatal(err)
	}
	wantLines(t, scrape(t, tel), `homeroom_decisions_publish_failures_total 1`,
		`homeroom_decisions_total{kind="sent",reason="",rule="welcome"} 1`, `homeroom_decisions_total{kind="skipped",reason="cap",rule="welcome"} 1`)
}

func TestTimerLag(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	due := func(id string, ago time.Duration) engine.Run { return engine.Run{ID: id, Due: now.Add(-ago)} }
	before := engine.State{
		Runs: []engine.Run{
			due("acted", 2*time.Second), due("ended", 50*time.Second), due("waits for the stream", time.Hour), due("not due", -time.Minute),
			due("left before it was due", -time.Minute), {ID: "delivery is out"}, {ID: "over", Ended: true, Due: now.Add(-time.Hour)},
		},
	}
	after := engine.State{Runs: []engine.Run{{ID: "acted", PC: 1}, due("waits for the stream", time.Hour), due("not due", -time.Minute)}}
	tel := open(t, telemetry.Options{})
	step := tel.Step(func(engine.Env, engine.State, []engine.Input, time.Time) engine.Result {
		return engine.Result{State: after}
	})
	step(engine.Env{}, before, nil, now)
	wantLines(t, scrape(t, tel), `homeroom_timer_lag_seconds_count 2`, `homeroom_timer_lag_seconds_sum 52`)
}

func TestTheEdgeIsMeasuredWithoutTokens(t *testing.T) {
	spans := tracetest.NewInMemoryExporter()
	tel := open(t, telemetry.Options{Spans: keeping{spans}})
	edge := tel.Edge(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/s/") {
			w.WriteHeader(http.StatusFound)
		}
		_, _ = io.WriteString(w, "x")
	}))
	for _, path := range []string{"/u/secret-token", "/p/secret-token", "/s/secret-token", "/r/CODE", "/healthz", "/webhooks/sendgrid", "/", "/wp-login.php", "/u"} {
		get(t, edge, path, map[bool]int{true: http.StatusFound, false: http.StatusOK}[strings.HasPrefix(path, "/s/")])
	}
	if _, err := tel.Reports(takes(func(delivery.ProviderReport) (delivery.Effect, error) { return delivery.EffectNew, nil })).Take(t.Context(), delivery.ProviderReport{Kind: delivery.ReportDelivered, Email: "ada@example.org"}); err != nil {
		t.Fatal(err)
	}
	text := scrape(t, tel)
	wantLines(t, text, `homeroom_edge_request_seconds_count{page="unsubscribe",status="200"} 2`,
		`homeroom_edge_request_seconds_count{page="share",status="302"} 1`, `homeroom_edge_request_seconds_count{page="other",status="200"} 2`,
		`homeroom_edge_request_seconds_count{page="webhook",status="200"} 1`, `homeroom_webhook_items_total{kind="delivered",taken="new"} 1`)
	if err := tel.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	traced := spans.GetSpans()
	if len(traced) != 1 || traced[0].Name != "webhook" {
		t.Errorf("traced: %v, want the webhook only", traced)
	}
	if told := text + fmt.Sprintf("%+v", traced); strings.Contains(told, "secret-token") || strings.Contains(told, "CODE") || strings.Contains(told, "ada@") {
		t.Error("a token or an address is told")
	}
}

// keeping keeps spans after the shutdown.
type keeping struct{ *tracetest.InMemoryExporter }

func (keeping) Shutdown(context.Context) error { return nil }

func TestTracesHaveNoAddresses(t *testing.T) {
	spans := tracetest.NewInMemoryExporter()
	tel := open(t, telemetry.Options{Spans: keeping{spans}})
	sender := tel.Sender(sends(func() (delivery.Receipt, error) {
		return delivery.Receipt{}, &delivery.Error{Class: delivery.Final, Status: 400, Message: "no such user ada@example.org"}
	}))
	deliverer := tel.Deliverer(deliversVia{sender})
	if _, err := deliverer.Deliver(t.Context(), engine.Send{ID: "s1", Rule: "welcome", Message: "to-ada@example.org"}); err == nil {
		t.Fatal("want the provider's error")
	}
	if err := tel.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := spans.GetSpans()
	if len(got) != 2 || got[0].Name != "provider" || got[1].Name != "deliver" || got[0].Parent.SpanID() != got[1].SpanContext.SpanID() {
		t.Fatalf("got %+v, want provider within deliver", got)
	}
	if got[0].Status.Description != "no such user (address)" {
		t.Errorf("the status is %q", got[0].Status.Description)
	}
	if told := fmt.Sprintf("%+v", got); strings.Contains(told, "ada@") {
		t.Errorf("an address is told: %s", told)
	}
}

type deliversVia struct{ sender email.Sender }

func (d deliversVia) Deliver(ctx context.Context, _ engine.Send) (engine.Outcome, error) {
	_, err := d.sender.Send(ctx, email.Email{})
	return engine.Outcome{}, err
}

func (d deliversVia) GiveUp(context.Context, engine.Send) (engine.Outcome, error) {
	return engine.Outcome{}, nil
}

func TestLinesWrittenWithinATraceSaySo(t *testing.T) {
	tel := open(t, telemetry.Options{Spans: tracetest.NewInMemoryExporter()})
	var out bytes.Buffer
	log := telemetry.NewLog(&out, telemetry.LogOptions{})
	deliverer := tel.Deliverer(logs{func(ctx context.Context) { log.InfoContext(ctx, "here") }})
	_, _ = deliverer.Deliver(t.Context(), engine.Send{})
	if !strings.Contains(out.String(), "trace_id=") || !strings.Contains(out.String(), "span_id=") {
		t.Errorf("got %s", &out)
	}
}

type logs struct{ write func(context.Context) }

func (l logs) Deliver(ctx context.Context, _ engine.Send) (engine.Outcome, error) {
	l.write(ctx)
	return engine.Outcome{}, nil
}

func (l logs) GiveUp(context.Context, engine.Send) (engine.Outcome, error) {
	return engine.Outcome{}, nil
}

func TestTracesAsTheEnvironmentSays(t *testing.T) {
	const endpoint = "http://127.0.0.1:4318"
	for _, tc := range []struct {
		name string
		env  map[string]string
		on   bool
		err  string
	}{
		{"nothing is said", nil, false, ""},
		{"an endpoint", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}, true, ""},
		{"an endpoint for traces", map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": endpoint}, true, ""},
		{"gRPC", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, true, ""},
		{"turned off", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_SDK_DISABLED": "true"}, false, ""},
		{"no traces", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_TRACES_EXPORTER": "none"}, false, ""},
		{"an exporter there is not", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_TRACES_EXPORTER": "zipkin"}, false, "zipkin"},
		{"a protocol there is not", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, false, "http/json"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			exporter, err := telemetry.SpansFromEnvironment(t.Context(), func(name string) string { return tc.env[name] })
			if (exporter != nil) != tc.on || (err != nil) != (tc.err != "") || err != nil && !strings.Contains(err.Error(), tc.err) {
				t.Errorf("on is %v, error %v", exporter != nil, err)
			}
			if exporter != nil {
				_ = exporter.Shutdown(t.Context())
			}
		})
	}
}
