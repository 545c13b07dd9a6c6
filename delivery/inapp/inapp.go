package inapp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/delivery"
	"homeroom/subjects"
)

// timeout bounds one announcement, its retries included.
const timeout = 10 * time.Second

// Publisher is the part of JetStream that is needed.
type Publisher interface {
	// PublishMsg returns once the message is stored, or was stored before under the same id.
	PublishMsg(ctx context.Context, msg *nats.Msg, opts ...jetstream.PublishOpt) (*jetstream.PubAck, error)
}

// NATS is the [Announcer] that stores nudges in the stream NUDGES. It may be used concurrently.
type NATS struct{ js Publisher }

var _ Announcer = (*NATS)(nil)

// NewNATS returns an announcer.
func NewNATS(js Publisher) *NATS { return &NATS{js} }

// Announce implements [Announcer]. The receipt is the nudge's sequence in the stream.
func (a *NATS) Announce(ctx context.Context, n Nudge) (delivery.Receipt, error) {
	body, err := json.Marshal(n)
	if err != nil {
		return delivery.Receipt{}, &delivery.Error{Class: delivery.Final, Message: fmt.Sprintf("the nudge cannot be written as JSON: %v", err), Err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	msg := &nats.Msg{
		Subject: subjects.Nudge(n.Learner, n.Rule),
		Data:    body,
		Header: nats.Header{
			nats.MsgIdHdr: {n.ID}, "Content-Type": {"application/json"},
		},
	}
	ack, err := a.js.PublishMsg(ctx, msg, jetstream.WithExpectStream(subjects.NudgeStream))
	if err != nil {
		return delivery.Receipt{}, classifyError(err)
	}
	return delivery.Receipt{MessageID: strconv.FormatUint(ack.Sequence, 10)}, nil
}

// classifyError says what an error means for the nudge. No answer is no reason to give it up: a repeat is recognized.
func classifyError(err error) *delivery.Error {
	var refused *jetstream.APIError
	switch {
	case errors.Is(err, jetstream.ErrNoStreamResponse), errors.Is(err, nats.ErrNoResponders):
		return &delivery.Error{
			Class:   delivery.Retry,
			Err:     err,
			Message: "NATS has no stream " + subjects.NudgeStream + " for nudges; it is made when `homeroom serve` starts",
		}
	case errors.Is(err, nats.ErrMaxPayload):
		return &delivery.Error{Class: delivery.Final, Err: err, Message: "the nudge is larger than NATS takes; shorten the message, or raise max_payload"}
	case errors.As(err, &refused) && refused.Code < http.StatusInternalServerError:
		return &delivery.Error{Class: delivery.Final, Status: refused.Code, Err: err, Message: "NATS refused the nudge: " + refused.Description}
	case errors.As(err, &refused):
		return &delivery.Error{Class: delivery.Retry, Status: refused.Code, Err: err, Message: "NATS cannot store the nudge now: " + refused.Description}
	default:
		return &delivery.Error{Class: delivery.Retry, Err: err, Message: fmt.Sprintf("no answer from NATS about the nudge: %v", err)}
	}
}
