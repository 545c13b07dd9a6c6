package doctortest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/dev/harness"
	"homeroom/dev/stack"
	"homeroom/internal/cli"
	"homeroom/internal/standin"
	"homeroom/subjects"
)

const address = "ada@example.org"

// served is `homeroom serve`, running.
type served struct {
	ops, pages string // where they listen
	log        *heard
	stop       context.CancelFunc
	done       chan int // its exit code
}

// serve starts the command, and waits until it says that it serves.
func serve(t *testing.T, ctx context.Context, s *stack.Stack) *served {
	t.Helper()
	dir := t.TempDir()
	for name, text := range folder {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(ctx)
	r := &served{log: &heard{}, stop: stop, done: make(chan int, 1)}
	go func() {
		r.done <- cli.Main(ctx, []string{
			"serve", "--academy", dir, "--nats", s.NATSURL, "--public-url", "http://127.0.0.1", "--listen", "127.0.0.1:0",
			"--ops-listen", "127.0.0.1:0", "--sendgrid-host", s.InboxURL, "--sendgrid-webhook-key", s.Mail.PublicKey(),
			"--log-json", "--log-level", "debug",
		}, cli.IO{In: strings.NewReader(""), Out: io.Discard, Err: r.log, Now: time.Now})
	}()
	t.Cleanup(func() { stop() })
	harness.Eventually(t, ctx, "serve", func() (err error) {
		r.ops, r.pages, err = r.log.listens()
		return err
	})
	if err := s.Mail.SetWebhook(r.pages + "/webhooks/sendgrid"); err != nil {
		t.Fatal(err)
	}
	return r
}

// ended waits for its end.
func (r *served) ended(t *testing.T) {
	t.Helper()
	if code := <-r.done; code != 0 {
		t.Errorf("exit code %d\n%s", code, r.log.text())
	}
	if strings.Contains(r.log.text(), address) {
		t.Errorf("an address is in the log:\n%s", r.log.text())
	}
}

// enroll publishes what makes one message go out, something that nobody needs, and something that is no event.
func enroll(t *testing.T, ctx context.Context, s *stack.Stack, learner string) {
	t.Helper()
	nc, err := nats.Connect(s.NATSURL)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []struct{ event, body string }{
		{"enrollment.created", `{"id": "1", "properties": {"course_id": "crs_go", "enrollment_type": "free"}, "traits": {"email": "` + address + `"}}`},
		{"lesson.completed", `{"id": "2", "properties": {"course_id": "crs_go", "lesson_id": "l1"}}`},
		{"lesson.completed", `no event`},
	} {
		if _, err := js.Publish(ctx, subjects.Publish(learner, e.event), []byte(e.body)); err != nil {
			t.Fatal(err)
		}
	}
}

// collector takes traces, as OpenTelemetry's collector does over HTTP.
type collector struct {
	mu    sync.Mutex
	spans []byte
}

// ServeHTTP implements http.Handler.
func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.spans = append(c.spans, body...)
	w.Header().Set("Content-Type", "application/x-protobuf")
}

func (c *collector) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return string(c.spans)
}

// TestARunIsTold: one learner enrolls, and all of it is in the metrics and the traces; the learner's address in neither.
func TestARunIsTold(t *testing.T) {
	ctx := harness.Deadline(t)
	traces := &collector{}
	otlp := httptest.NewServer(traces)
	t.Cleanup(otlp.Close)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", otlp.URL)
	s := start(t, ctx, standin.Account{})
	r := serve(t, ctx, s)
	enroll(t, ctx, s, "u_1")
	var text string
	harness.Eventually(t, ctx, "the message, the report that it arrived, and all the metrics", func() error {
		_, text = get(r.ops + "/metrics")
		for _, want := range []string{
			`homeroom_events_total{outcome="handed_over",reason=""} 1`,
			`homeroom_events_total{outcome="unneeded",reason=""} 2`, // the lesson, and email.delivered
			`homeroom_events_total{outcome="dead"`,
			`homeroom_handover_seconds_count{result="ok"} 1`,
			`homeroom_decisions_total{kind="started",reason="",rule="welcome"} 1`,
			`homeroom_decisions_total{kind="sent",reason="",rule="welcome"} 1`,
			`homeroom_deliveries_total{channel="email",outcome="accepted",reason=""} 1`,
			`homeroom_provider_seconds_count{channel="email",result="accepted"} 1`,
			`homeroom_webhook_items_total{kind="delivered",taken="new"} 1`,
			`homeroom_edge_request_seconds_count{page="webhook",status="204"}`,
			`homeroom_timer_lag_seconds_count`,
			`homeroom_mark_age_seconds{partition="15"}`,
			`homeroom_stream_pending{partition="15"} 0`,
			"homeroom_stream_reachable 1",
			"homeroom_dead_letters 1",
			"homeroom_paused 0",
			`homeroom_ruleset_info{hash="` + academy(t).Ruleset.Hash + `",number="1"} 1`,
			"homeroom_ruleset_refused 0",
			`homeroom_build_info{`,
			`temporal_request_total{`,
			`temporal_local_activity_execution_latency_seconds_count{`,
			"go_goroutines",
		} {
			if !strings.Contains(text, want) {
				return fmt.Errorf("%s is missing; there is\n%s", want, like(text, want))
			}
		}
		return nil
	})
	r.stop()
	r.ended(t)
	spans := traces.text()
	for _, want := range []string{"hand over", "SignalWithStartWorkflow:LearnerWorkflow", "RunActivity:Deliver", "deliver", "provider", "webhook"} {
		if !strings.Contains(spans, want) {
			t.Errorf("no span %q in %d bytes of traces", want, len(spans))
		}
	}
	if strings.Contains(text+spans, "ada@") || strings.Contains(text, "u_1") {
		t.Error("the learner is told")
	}
}

// like are the lines of a metric.
func like(text, want string) string {
	name, _, _ := strings.Cut(want, "{")
	var lines strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, name) {
			lines.WriteString(line)
		}
	}
	return lines.String()
}

// TestServeIsReadyUntilItStops: ready while it serves, and no longer ready the moment it is told to stop, while a delivery
// is still under way; alive until its end.
func TestServeIsReadyUntilItStops(t *testing.T) {
	ctx := harness.Deadline(t)
	s := start(t, ctx, standin.Account{})
	r := serve(t, ctx, s)
	harness.Eventually(t, ctx, "readiness", func() error { return isReady(r.ops) })

	s.Mail.Fail(standin.Fault{Hold: true})
	enroll(t, ctx, s, "u_2")
	if err := s.Mail.Wait(ctx, func(c standin.Counts) bool { return c.Held == 1 }); err != nil {
		t.Fatal(err)
	}
	r.stop()
	harness.Eventually(t, ctx, "no readiness", func() error {
		if err := isReady(r.ops); err == nil || !strings.Contains(err.Error(), "it is stopping") {
			return fmt.Errorf("got %v, want that it is stopping", err)
		}
		return nil
	})
	if status, body := get(r.ops + "/healthz"); status != http.StatusOK {
		t.Errorf("it is alive, and answers %d %s", status, body)
	}
	s.Mail.Release()
	r.ended(t)
}

func isReady(ops string) error {
	if status, body := get(ops + "/readyz"); status != http.StatusOK {
		return fmt.Errorf("%d %s", status, body)
	}
	return nil
}

func get(url string) (int, string) {
	answer, err := http.Get(url)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, string(body)
}

// heard is a log that is read while it is written.
type heard struct {
	mu  sync.Mutex
	all strings.Builder
}

// Write implements io.Writer.
func (h *heard) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.all.Write(p)
}

func (h *heard) text() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.all.String()
}

// listens is where the process says that it answers operators and learners.
func (h *heard) listens() (ops, pages string, err error) {
	for line := range strings.Lines(h.text()) {
		var said struct{ Msg, Operators, Listen string }
		if json.Unmarshal([]byte(line), &said) != nil {
			continue
		}
		if said.Listen != "" {
			pages = "http://" + said.Listen
		}
		if said.Msg == "serving" {
			return "http://" + said.Operators, pages, nil
		}
	}
	return "", "", fmt.Errorf("it does not serve yet:\n%s", h.text())
}
