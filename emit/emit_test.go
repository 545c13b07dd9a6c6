package emit_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/catalog"
	"homeroom/emit"
	"homeroom/internal/natstest"
	"homeroom/subjects"
)

type lesson struct {
	LessonID string `json:"lesson_id"`
}

var when = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

func event(change func(*emit.Event)) emit.Event {
	e := emit.Event{Name: "lesson.completed", Learner: "auth0|7", ID: "e1", Time: when, Properties: lesson{"l1"}}
	if change != nil {
		change(&e)
	}
	return e
}

// TestPublish: an event is stored once under its learner, and the catalog reads it.
func TestPublish(t *testing.T) {
	_, js, _ := natstest.Open(t)
	publisher := emit.New(js)
	for range 2 {
		if err := publisher.Publish(t.Context(), event(nil)); err != nil {
			t.Fatal(err)
		}
	}
	stream, err := js.Stream(t.Context(), subjects.Stream)
	if err != nil {
		t.Fatal(err)
	}
	m, err := stream.GetMsg(t.Context(), 1)
	if err != nil || stream.CachedInfo().State.Msgs != 1 {
		t.Fatalf("%v; %d are stored", err, stream.CachedInfo().State.Msgs)
	}
	_, learner, name, err := subjects.ParseStored(m.Subject)
	if err != nil {
		t.Fatal(err)
	}
	known, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	d, problem := known.DecodeMessage(learner, name, m.Header, m.Data, time.Now())
	if problem != nil || d.Event.Learner != "auth0|7" || !d.Event.Time.Equal(when) || d.Event.Properties["lesson_id"] != "l1" {
		t.Errorf("%v; %+v", problem, d.Event)
	}
}

// failing fails a number of times before it stores.
type failing struct {
	left int
	err  error
	ids  []string
}

func (f *failing) PublishMsg(_ context.Context, m *nats.Msg, _ ...jetstream.PublishOpt) (*jetstream.PubAck, error) {
	f.ids = append(f.ids, m.Header.Get("Nats-Msg-Id"))
	if f.left--; f.left >= 0 {
		return nil, f.err
	}
	return &jetstream.PubAck{}, nil
}

// TestTries: it tries again with the same message id, until the context ends, and never with what cannot be published.
func TestTries(t *testing.T) {
	stream := &failing{left: 2, err: errors.New("away")}
	if err := emit.New(stream).Publish(t.Context(), event(nil)); err != nil || strings.Join(stream.ids, " ") != "auth0=7C7:e1 auth0=7C7:e1 auth0=7C7:e1" {
		t.Errorf("%v after %v", err, stream.ids)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := emit.New(&failing{left: 9, err: errors.New("away")}).Publish(ended, event(nil)); !errors.Is(err, context.Canceled) || errors.Is(err, emit.ErrInvalid) {
		t.Errorf("with an ended context: %v", err)
	}
	for name, change := range map[string]func(*emit.Event){
		"no name":    func(e *emit.Event) { e.Name = "" },
		"no id":      func(e *emit.Event) { e.ID = "" },
		"a long id":  func(e *emit.Event) { e.ID = strings.Repeat("x", 129) },
		"a learner":  func(e *emit.Event) { e.Learner = strings.Repeat("x", 129) },
		"properties": func(e *emit.Event) { e.Properties = make(chan int) },
	} {
		stream := &failing{}
		if err := emit.New(stream).Publish(t.Context(), event(change)); !errors.Is(err, emit.ErrInvalid) || len(stream.ids) > 0 {
			t.Errorf("%s: %v after %d tries", name, err, len(stream.ids))
		}
	}
	tooLarge := &failing{left: 9, err: nats.ErrMaxPayload}
	if err := emit.New(tooLarge).Publish(t.Context(), event(nil)); !errors.Is(err, emit.ErrInvalid) || len(tooLarge.ids) != 1 {
		t.Errorf("too large: %v after %d tries", err, len(tooLarge.ids))
	}
}

// forgetful never acknowledges the first try.
type forgetful struct{ tries int }

func (f *forgetful) PublishMsg(ctx context.Context, _ *nats.Msg, _ ...jetstream.PublishOpt) (*jetstream.PubAck, error) {
	if f.tries++; f.tries > 1 {
		return &jetstream.PubAck{}, nil
	}
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestLostAcknowledgement: a try whose acknowledgement is lost ends long before the caller's deadline, and the event is published again.
func TestLostAcknowledgement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		stream := &forgetful{}
		if err := emit.New(stream).Publish(ctx, event(nil)); err != nil || stream.tries != 2 {
			t.Errorf("%v after %d tries", err, stream.tries)
		}
	})
}
