package triggers

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/subjects"
)

// The headers of a dead letter. Its body is the original's; headers of the original that are not NATS's own are kept.
const (
	HeaderReason    = "Homeroom-Reason"    // one of the codes of package catalog or of this one
	HeaderMessage   = "Homeroom-Message"   // what is wrong, for people
	HeaderHint      = "Homeroom-Hint"      // what to do; may be missing
	HeaderSubject   = "Homeroom-Subject"   // the original's subject, as stored
	HeaderSequence  = "Homeroom-Sequence"  // the original's sequence in LEARNING
	HeaderStored    = "Homeroom-Stored"    // when it was stored, RFC 3339
	HeaderTruncated = "Homeroom-Truncated" // the original body's bytes, if it did not fit; it is still in LEARNING
)

// storeDeadLetters puts events into the dead-letter stream, each until that is confirmed, and settles them.
func (p *partition) storeDeadLetters(dead []*decodedItem) error {
	for _, e := range dead {
		err := p.retryUntilDone("storing a dead letter", e.learner, p.t.noting, func(ctx context.Context) error {
			return p.publishDead(ctx, e)
		})
		if err != nil {
			return err
		}
		p.t.countDead(e.dead.Code)
		p.inbox.settle(e.item)
	}
	return nil
}

func (p *partition) publishDead(ctx context.Context, e *decodedItem) error {
	body := e.msg.Data()
	msg := &nats.Msg{Subject: subjects.Dead(e.learner, e.name), Header: p.deadHeader(e), Data: body}
	for key, values := range e.msg.Headers() {
		canonical := http.CanonicalHeaderKey(key)
		if !strings.HasPrefix(canonical, "Nats-") && !strings.HasPrefix(canonical, "Homeroom-") { // these two are ours to say
			msg.Header[key] = values
		}
	}
	// The same message sent again makes no second dead letter.
	id := jetstream.WithMsgID(subjects.Stream + ":" + strconv.FormatUint(e.seq, 10))
	_, err := p.t.o.JS.PublishMsg(ctx, msg, id)
	for _, most := range []int{16 << 10, 0} {
		if !tooBig(err) {
			return err
		}
		msg.Data = body[:min(most, len(body))]
		msg.Header.Set(HeaderTruncated, strconv.Itoa(len(body)))
		_, err = p.t.o.JS.PublishMsg(ctx, msg, id)
	}
	if tooBig(err) { // it is the original's headers
		msg.Header = p.deadHeader(e)
		msg.Header.Set(HeaderTruncated, strconv.Itoa(len(body)))
		_, err = p.t.o.JS.PublishMsg(ctx, msg, id)
	}
	return err
}

// deadHeader says why an event was refused, and where it is.
func (p *partition) deadHeader(e *decodedItem) nats.Header {
	header := nats.Header{}
	for key, value := range map[string]string{
		HeaderReason:   e.dead.Code,
		HeaderMessage:  e.dead.Message,
		HeaderHint:     e.dead.Hint,
		HeaderSubject:  e.subject,
		HeaderSequence: strconv.FormatUint(e.seq, 10),
		HeaderStored:   p.t.o.Clock.At(e.storedAt).UTC().Format(time.RFC3339Nano),
	} {
		if value != "" {
			header.Set(key, oneLine(value))
		}
	}
	return header
}

// codeHeaderTooBig is JetStream's error code for headers of more than 64 KiB.
const codeHeaderTooBig jetstream.ErrorCode = 10097

func tooBig(err error) bool {
	var api *jetstream.APIError
	return errors.Is(err, nats.ErrMaxPayload) || errors.Is(err, jetstream.ErrStreamMessageExceedsMaximum) ||
		errors.As(err, &api) && api.ErrorCode == codeHeaderTooBig
}

// oneLine makes text fit for a header.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	return strings.ToValidUTF8(s[:min(len(s), 1024)], "")
}
