package securitytest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/internal/natstest"
	"homeroom/store"
	"homeroom/telemetry"
	"homeroom/triggers"
)

var metricName = regexp.MustCompile("`(homeroom_[a-z_]+)")

// TestMetricsOfEachRole scrapes each role's metrics under the NATS user of that role, and holds them to the table in operations.md: what
// the role tells is there, what it does not tell is not, no right is missed, and no answer is waited for in vain.
func TestMetricsOfEachRole(t *testing.T) {
	told := map[string]string{} // metric: who tells it
	for line := range strings.Lines(readFile(t, "../../docs/operations.md")) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 5 {
			continue
		}
		for _, name := range metricName.FindAllStringSubmatch(cells[1], -1) {
			told[name[1]] = strings.TrimSpace(cells[3])
		}
	}
	if len(told) < 20 {
		t.Fatalf("operations.md lists %d metrics", len(told))
	}
	f := natstest.OpenAccounts(t, configDir, "")
	operator := f.Setup()
	startConsumers(t, f, operator)
	for _, role := range []string{"triggers", "worker", "edge", "api"} {
		t.Run(role, func(t *testing.T) {
			before := len(f.Refused())
			text := scrapeAs(t, f, role)
			for name, who := range told {
				if strings.HasSuffix(who, "as it happens") {
					continue // it appears with the first time
				}
				want := strings.HasPrefix(who, "every process") || strings.Contains(who, role)
				if got := strings.Contains(text, "\n"+name); got != want {
					t.Errorf("%s is told by %q; the role %s tells it: %v", name, who, role, got)
				}
			}
			if !strings.Contains(text, "\nhomeroom_stream_reachable 1\n") {
				t.Error("the stream could not be asked")
			}
			if refused := f.Refused()[before:]; len(refused) > 0 {
				t.Errorf("the server refused: %q", refused)
			}
		})
	}
}

// scrapeAs returns what a process with one role tells, under that role's NATS user.
func scrapeAs(t *testing.T, f *natstest.Accounts, role string) string {
	t.Helper()
	var complaints []error
	nc, err := nats.Connect(f.URL("homeroom-"+role), nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { complaints = append(complaints, err) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(deadlineOf(t), js, store.OpenOptions{Secret: []byte("test")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.Control.Close)
	measures, err := telemetry.New(telemetry.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	sources := telemetry.Sources{
		Watermark: func(int) time.Time { return time.Now() },
		Paused:    func() bool { return st.Control.LastKnownPause().Paused },
		Ruleset:   func() (string, int, bool) { return "abcdef123456", 1, false },
		JS:        js,
		SetAside:  func() int { return len(st.Control.SetAside()) },

		MissingRights: func() map[string]bool { return map[string]bool{role: false} },

		Disagreements: func() map[string]int { return nil },
	}
	if role == "triggers" {
		sources.Events = func() triggers.Stats { return triggers.Stats{} }
		sources.DeadBy = func() map[string]int64 { return map[string]int64{"json": 0} }
	}
	if role == "worker" {
		sources.Rewinds = func() int64 { return 0 }
		sources.Failing = func(context.Context) (int, error) { return 0, nil }
		sources.Refused = func() map[string]bool { return map[string]bool{"email": false} }
	}
	measures.Watch(sources)
	answer := httptest.NewRecorder()
	measures.Ops().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if err := nc.FlushWithContext(deadlineOf(t)); err != nil || len(complaints) > 0 {
		t.Errorf("the client complains: %v, %v", complaints, err)
	}
	return "\n" + answer.Body.String()
}

// startConsumers makes the partitions' consumers, as the triggers do.
func startConsumers(t *testing.T, f *natstest.Accounts, operator jetstream.JetStream) {
	t.Helper()
	runTriggers(t, f)
	stream, err := operator.Stream(deadlineOf(t), "LEARNING")
	if err != nil {
		t.Fatal(err)
	}
	awaitCondition(t, "the consumers", func() bool {
		info, err := stream.Info(deadlineOf(t))
		return err == nil && info.State.Consumers == 16
	})
}
