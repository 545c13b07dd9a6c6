package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"homeroom/api"
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
	var reported []api.Panic
	k := open(t, publisher, func(o *api.Options, _ *http.Server) {
		o.OnPanic = func(p api.Panic) { reported = append(reported, p) }
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

// TestAPanicBehindAnAnswer: who got the beginning of an answer does not take it for the whole.
func TestAPanicBehindAnAnswer(t *testing.T) {
	var reported int
	k := open(t, &published{}, func(o *api.Options, _ *http.Server) {
		o.OnPanic = func(api.Panic) { reported++ }
	})
	guarded := api.Guard(k.api, func(w http.ResponseWriter) {
		w.WriteHeader(http.StatusOK)
		panic("a fault")
	})
	defer func() {
		if got := recover(); got != http.ErrAbortHandler || reported != 1 {
			t.Errorf("it ended with %v and was reported %d times", got, reported)
		}
	}()
	guarded()
}
