package inapp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/content"
	"homeroom/delivery"
	"homeroom/delivery/inapp"
)

// stream is a JetStream that remembers the last message, or refuses it.
type stream struct {
	last  *nats.Msg
	err   error
	bound bool // the publish had a deadline
}

func (s *stream) PublishMsg(ctx context.Context, m *nats.Msg, _ ...jetstream.PublishOpt) (*jetstream.PubAck, error) {
	s.last = m
	_, s.bound = ctx.Deadline()
	if s.err != nil {
		return nil, s.err
	}
	return &jetstream.PubAck{Stream: "NUDGES", Sequence: 42}, nil
}

var nudge = inapp.Nudge{
	ID:      "snd-1",
	Learner: "ada@example.org",
	Rule:    "halfway",
	Message: "halfway",
	Title:   "Halfway <there>",
	HTML:    "<p>H</p>",
	Text:    "H",
	Actions: []content.Action{{Label: "On", URL: "https://academy.example/?a=b&c=d"}},
}

func TestANudgeIsOneMessage(t *testing.T) {
	s := &stream{}
	receipt, err := inapp.NewNATS(s).Announce(t.Context(), nudge)
	if err != nil || receipt.MessageID != "42" {
		t.Fatalf("got %+v, %v", receipt, err)
	}
	if s.last.Header.Get(nats.MsgIdHdr) != "snd-1" || !s.bound {
		t.Errorf("headers %v, with a deadline %t", s.last.Header, s.bound)
	}
	if want := "nudges.ada=40example=2Eorg.halfway"; s.last.Subject != want {
		t.Errorf("subject %s, want %s", s.last.Subject, want)
	}
	var got inapp.Nudge
	if err := json.Unmarshal(s.last.Data, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(nudge, got); diff != "" {
		t.Errorf("nudge (-want +got)\n%s", diff)
	}
}

func TestWhatErrorsMean(t *testing.T) {
	for _, c := range []struct {
		name  string
		err   error
		class delivery.Class
		words string
	}{
		{"no stream", jetstream.ErrNoStreamResponse, delivery.Retry, "no stream NUDGES"},
		{"no answer: a repeat is recognized", context.DeadlineExceeded, delivery.Retry, "no answer from NATS"},
		{"the connection is gone", nats.ErrConnectionClosed, delivery.Retry, "no answer from NATS"},
		{"too large", fmt.Errorf("publish: %w", nats.ErrMaxPayload), delivery.Final, "shorten the message"},
		{"refused for good", &jetstream.APIError{Code: 400, Description: "message size exceeds maximum allowed"}, delivery.Final, "message size"},
		{"full at the moment", &jetstream.APIError{Code: 503, Description: "insufficient resources"}, delivery.Retry, "insufficient"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := inapp.NewNATS(&stream{err: c.err}).Announce(t.Context(), nudge)
			class, _ := delivery.Classify(err)
			if class != c.class || !strings.Contains(err.Error(), c.words) || !errors.Is(err, c.err) {
				t.Errorf("got %s, %v", class, err)
			}
			if strings.Contains(err.Error(), "ada") {
				t.Errorf("the error names the learner: %v", err)
			}
		})
	}
}
