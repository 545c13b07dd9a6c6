package triggers

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/subjects"
)

// The headers of an event that is set aside, besides HeaderSubject, HeaderSequence, HeaderStored and HeaderTruncated. Its body is the original's, and so
// are its headers; the reserved ones have originalPrefix before their names.
const (
	// HeaderStoredReal is when the original was stored by the server's clock, RFC 3339 with nanoseconds.
	HeaderStoredReal = "Homeroom-Stored-Real"
	// HeaderStream is when the stream that held the original was made, in Unix seconds.
	HeaderStream   = "Homeroom-Stream"
	originalPrefix = "Homeroom-Original-"
)

const (
	// maxSetAsideTurn bounds the bytes of bodies that are read for one turn.
	maxSetAsideTurn = 4 << 20
)

// copySetAside copies an event to the stream of those that are set aside. The same event copied again within the stream's window makes no second one.
func (p *partition) copySetAside(ctx context.Context, it *item) error {
	msg := &nats.Msg{Subject: subjects.SetAside(it.learner), Header: p.setAsideHeader(it), Data: it.msg.Data()}
	for key, values := range it.msg.Headers() {
		if isReservedHeader(key) {
			key = originalPrefix + key
		}
		msg.Header[key] = values
	}
	id := jetstream.WithMsgID(p.deadIdentity(it.seq, p.t.o.Clock.At(it.storedAt)))
	_, err := p.t.o.JS.PublishMsg(ctx, msg, id)
	if tooBig(err) { // the original is in LEARNING
		msg.Header = p.setAsideHeader(it)
		msg.Header.Set(HeaderTruncated, strconv.Itoa(len(msg.Data)))
		msg.Data = nil
		_, err = p.t.o.JS.PublishMsg(ctx, msg, id)
	}
	if err != nil {
		return fmt.Errorf("set an event aside: %w", err)
	}
	return nil
}

func (p *partition) setAsideHeader(it *item) nats.Header {
	return nats.Header{
		HeaderSubject:    {it.subject},
		HeaderSequence:   {strconv.FormatUint(it.seq, 10)},
		HeaderStored:     {p.t.o.Clock.At(it.storedAt).UTC().Format(time.RFC3339Nano)},
		HeaderStoredReal: {it.storedAt.UTC().Format(time.RFC3339Nano)},
		HeaderStream:     {strconv.FormatInt(p.madeOf(it), 10)},
	}
}

// nextSetAside reads the first events that wait for a learner; last is the sequence of the last one in the stream of those that are set aside. The error
// is a laneFailure or errStopping.
func (p *partition) nextSetAside(ln *lane) (items []*item, last uint64, err error) {
	err = p.retryUntilDone("reading what was set aside", ln.learner, p.t.noting, ln, func(ctx context.Context) (err error) {
		items, last, err = p.readSetAside(ctx, ln.learner)
		return err
	})
	return items, last, err
}

func (p *partition) readSetAside(ctx context.Context, learner string) (items []*item, last uint64, err error) {
	stream, err := p.t.o.JS.Stream(ctx, subjects.SetAsideStream)
	if err != nil {
		return nil, 0, fmt.Errorf("find the stream %s: %w", subjects.SetAsideStream, err)
	}
	size := 0
	for len(items) < maxTurn && size < maxSetAsideTurn {
		raw, err := stream.GetMsg(ctx, last+1, jetstream.WithGetMsgSubject(subjects.SetAside(learner)))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			break
		}
		if err != nil {
			return nil, 0, fmt.Errorf("read what was set aside: %w", err)
		}
		it, err := p.restoreItem(ctx, learner, raw)
		if err != nil {
			return nil, 0, err
		}
		items = append(items, it)
		last = raw.Sequence
		size += len(raw.Data)
	}
	return items, last, nil
}

// restoreItem makes the item again that was set aside.
func (p *partition) restoreItem(ctx context.Context, learner string, raw *jetstream.RawStreamMsg) (*item, error) {
	header := raw.Header
	seq, err1 := strconv.ParseUint(header.Get(HeaderSequence), 10, 64)
	storedAt, err2 := time.Parse(time.RFC3339Nano, header.Get(HeaderStoredReal))
	made, err3 := strconv.ParseInt(header.Get(HeaderStream), 10, 64)
	it := &item{
		subject:  header.Get(HeaderSubject),
		learner:  learner,
		seq:      seq,
		storedAt: storedAt,
		since:    p.t.o.Clock.Now(),
		made:     made,
	}
	var of string
	_, of, it.name, it.problem = subjects.ParseStored(it.subject)
	if err := errors.Join(err1, err2, err3); err != nil {
		it.problem = fmt.Errorf("what was set aside does not say which event it is: %w", err)
	} else if it.problem == nil && of != learner {
		it.problem = fmt.Errorf("what was set aside is another learner's: %q", it.subject)
	}
	message := &setAsideMessage{subject: it.subject, header: nats.Header{}, data: raw.Data}
	for key, values := range header {
		if original, ok := strings.CutPrefix(key, originalPrefix); ok {
			message.header[original] = values
		} else if !isReservedHeader(key) {
			message.header[key] = values
		}
	}
	it.msg = message
	if header.Get(HeaderTruncated) == "" || it.problem != nil {
		return it, nil
	}
	original, err := p.stream.GetMsg(ctx, seq)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound) || err == nil && !original.Time.Equal(storedAt):
		it.problem = fmt.Errorf("the event was too large to be set aside, and %s does not hold it any more", subjects.Stream)
	case err != nil:
		return nil, fmt.Errorf("read an event that was too large to be set aside: %w", err)
	default:
		message.header = original.Header
		message.data = original.Data
	}
	return it, nil
}

// removeSetAside removes what waited for a learner, up to a sequence.
func (p *partition) removeSetAside(ctx context.Context, learner string, last uint64) error {
	stream, err := p.t.o.JS.Stream(ctx, subjects.SetAsideStream)
	if err == nil {
		err = stream.Purge(ctx, jetstream.WithPurgeSubject(subjects.SetAside(learner)), jetstream.WithPurgeSequence(last+1))
	}
	if err != nil {
		return fmt.Errorf("remove what was set aside: %w", err)
	}
	return nil
}

// setAsideMessage is a message that was set aside, as it was. There is nothing to acknowledge.
type setAsideMessage struct {
	jetstream.Msg
	subject string
	header  nats.Header
	data    []byte
}

func (m *setAsideMessage) Subject() string      { return m.subject }
func (m *setAsideMessage) Headers() nats.Header { return m.header }
func (m *setAsideMessage) Data() []byte         { return m.data }
