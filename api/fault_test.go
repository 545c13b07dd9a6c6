package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"homeroom/api"
	"homeroom/internal/guard"
)

// faultyPublisher panics as long as it is broken.
type faultyPublisher struct {
	published
	broken bool
}

func (p *faultyPublisher) PublishAll(ctx context.Context, messages []api.Message) []api.Outcome {
	if p.broken {
		panic("a fault")
	}
	return p.published.PublishAll(ctx, messages)
}

// TestAPanicEndsOneRequest: it is answered as a fault of Homeroom and reported with its stack, gives back what it held, and the next request is served.
func TestAPanicEndsOneRequest(t *testing.T) {
	publisher := &faultyPublisher{broken: true}
	var reported []guard.Fault
	k := open(t, publisher, func(o *api.Options, _ *http.Server) {
		o.OnFault = func(f guard.Fault) { reported = append(reported, f) }
		o.MaxHeld = int64(len(lesson("e1"))) + 16 // room for one body
	})
	for range 3 {
		if got := k.post(reader(lesson("e1"))); got.Status != http.StatusInternalServerError || got.Code != "fault" || got.Hint == "" {
			t.Errorf("answered %d %s; %s", got.Status, got.Detail, got.Hint)
		}
	}
	if len(reported) != 3 {
		t.Fatalf("reported %d times", len(reported))
	}
	if p := reported[0]; p.Method != http.MethodPost || p.Path != "/v1/events" || p.Value != "a fault" || !strings.Contains(p.Stack, "faultyPublisher") {
		t.Errorf("reported %s %s: %v\n%s", p.Method, p.Path, p.Value, p.Stack)
	}
	publisher.broken = false
	if got := k.post(reader(lesson("e1"))); got.Status != http.StatusAccepted || publisher.count() != 1 {
		t.Errorf("afterwards it answers %d %s", got.Status, got.Detail)
	}
}
