package triggers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
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

// storeDeadLetters puts events into the dead-letter stream, each until the store has it, and acknowledges them.
func (p *partition) storeDeadLetters(ln *lane, dead []*decodedItem) error {
	if len(dead) == 0 {
		return nil
	}
	stored, err := p.storedDeadLetters(ln, dead)
	if err != nil {
		return err
	}
	for _, e := range dead {
		if stored[p.deadIdentity(e.seq, p.t.o.Clock.At(e.storedAt))] {
			p.buffer.acknowledgeItems(e.item)
			continue
		}
		err := p.retryUntilDone("storing a dead letter", e.learner, p.t.noting, ln, func(ctx context.Context) error {
			return p.publishDead(ctx, e)
		})
		if err != nil {
			return err
		}
		p.t.countDead(e.dead.Code)
		p.buffer.acknowledgeItems(e.item)
	}
	return nil
}

func (p *partition) publishDead(ctx context.Context, e *decodedItem) error {
	body := e.msg.Data()
	msg := &nats.Msg{Subject: subjects.Dead(e.learner, e.name), Header: p.deadHeader(e), Data: body}
	for key, values := range e.msg.Headers() {
		if !isReservedHeader(key) {
			msg.Header[key] = values
		}
	}
	// The same message sent again makes no second dead letter. Its sequence alone does not say that it is the same: a stream that was made anew, or
	// went back to older files, gives sequences out again.
	id := jetstream.WithMsgID(p.deadIdentity(e.seq, p.t.o.Clock.At(e.storedAt)))
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

// isReservedHeader reports whether a header is not the publisher's to write: those of NATS and of Homeroom, and Status, by which a client knows an answer of the
// server.
func isReservedHeader(key string) bool {
	canonical := http.CanonicalHeaderKey(key)
	return strings.HasPrefix(canonical, "Nats-") || strings.HasPrefix(canonical, "Homeroom-") || canonical == "Status"
}

// deadIdentity names a message by the stream's incarnation, its sequence and when it was stored.
func (p *partition) deadIdentity(seq uint64, storedAt time.Time) string {
	return fmt.Sprintf("%s:%d:%d:%d", subjects.Stream, p.made, seq, storedAt.UnixNano())
}

// storedDeadLetters returns the identities of the learner's dead letters, if one of dead is too old for JetStream to recognize a repeat by its message id:
// it is when everything is handed over again after a disaster.
func (p *partition) storedDeadLetters(ln *lane, dead []*decodedItem) (map[string]bool, error) {
	now := p.t.o.Clock.Now()
	old := slices.ContainsFunc(dead, func(e *decodedItem) bool {
		return p.t.o.Clock.Wait(now.Sub(p.t.o.Clock.At(e.storedAt))) > p.t.o.RepeatWindow/2
	})
	if !old {
		return nil, nil
	}
	reading := &deadLetterReading{learner: dead[0].learner, next: 1, stored: map[string]bool{}}
	err := p.retryUntilDone("looking for dead letters", dead[0].learner, p.t.noting, ln, func(ctx context.Context) error {
		return p.readDeadLetters(ctx, reading)
	})
	return reading.stored, err
}

// deadLetterReading is how far a learner's dead letters have been read.
type deadLetterReading struct {
	learner string
	next    uint64          // the lowest sequence of the dead-letter stream that has not been asked for
	stored  map[string]bool // the identities that were read
}

// readDeadLetters reads the identities of a learner's dead letters. They are read one by one, so that many of them take longer than one try may last: after an
// error the next call goes on where this one stopped.
func (p *partition) readDeadLetters(ctx context.Context, r *deadLetterReading) error {
	stream, err := p.t.o.JS.Stream(ctx, subjects.DeadStream)
	if err != nil {
		return err
	}
	for {
		msg, err := stream.GetMsg(ctx, r.next, jetstream.WithGetMsgSubject(subjects.DeadOf(r.learner)))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		r.next = msg.Sequence + 1
		seq, err1 := strconv.ParseUint(msg.Header.Get(HeaderSequence), 10, 64)
		at, err2 := time.Parse(time.RFC3339Nano, msg.Header.Get(HeaderStored))
		if err1 == nil && err2 == nil {
			r.stored[p.deadIdentity(seq, at)] = true
		}
	}
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
