package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// directBatch is how many messages are asked for at once.
const directBatch = 500

// directReader reads a stream by direct gets in batches. It makes no consumer: whoever may make one names the subject that NATS delivers to,
// with the rights of the account that holds the stream (docs/adr/0017-an-account-per-role.md). The stream must allow direct gets.
type directReader struct {
	nc     *nats.Conn
	stream string
	last   uint64 // the last sequence that is read
	batch  int    // how many messages are asked for at once
}

// directCursor is how far the messages of one filter were read.
type directCursor struct {
	filter  string
	next    uint64     // the lowest sequence that was not asked for
	since   *time.Time // for the first question, in place of next; nil afterwards
	found   []Message
	pending int64 // how many the stream holds beyond those found, as it said last
	ended   bool
}

// readDirectly is [StreamReader.Read] without a consumer.
func (r StreamReader) readDirectly(ctx context.Context, stream string, filters []string, each func(Message) error) error {
	cursors, reader, err := r.openCursors(ctx, stream, filters, directBatch)
	if err != nil {
		return err
	}
	total := int64(0)
	for _, c := range cursors {
		total += int64(len(c.found)) + c.pending
	}
	if total == 0 {
		return nil
	}
	r.reportRead(0, total)
	read := uint64(0) // sequence
	for done := int64(1); ; done++ {
		m, err := reader.nextMessage(ctx, cursors, read)
		if err != nil {
			return readError(stream, err)
		}
		if m == nil {
			return nil
		}
		read = m.Sequence
		if r.HeadersOnly {
			m.Data = nil
		}
		if err := each(*m); err != nil {
			return err
		}
		r.reportRead(min(done, total), total)
	}
}

// countDirectly is [StreamReader.CountStored] without a consumer. It reads the first message of each filter and adds what the server says is to
// come; a message that several filters name counts for each.
func (r StreamReader) countDirectly(ctx context.Context, stream string, filters []string) (uint64, error) {
	cursors, _, err := r.openCursors(ctx, stream, filters, 1)
	if err != nil {
		return 0, err
	}
	count := uint64(0)
	for _, c := range cursors {
		count += uint64(len(c.found)) + uint64(c.pending)
	}
	return count, nil
}

// openCursors returns a cursor for each filter, with its first messages, as many as a batch has.
func (r StreamReader) openCursors(ctx context.Context, stream string, filters []string, batch int) ([]*directCursor, *directReader, error) {
	info, err := r.streamInfo(ctx, stream)
	if err != nil {
		return nil, nil, err
	}
	if len(filters) == 0 {
		filters = []string{">"}
	}
	reader := &directReader{nc: r.JS.Conn(), stream: stream, last: info.State.LastSeq, batch: batch}
	var cursors []*directCursor
	for _, filter := range filters {
		c := &directCursor{filter: filter, next: max(1, r.From)}
		if r.From == 0 && !r.Since.IsZero() {
			c.since = &r.Since
		}
		if err := reader.fill(ctx, c); err != nil {
			return nil, nil, readError(stream, err)
		}
		cursors = append(cursors, c)
	}
	return cursors, reader, nil
}

// nextMessage returns the message with the lowest sequence after read, or nil if there is none any more.
func (d *directReader) nextMessage(ctx context.Context, cursors []*directCursor, read uint64) (*Message, error) {
	var lowest *directCursor
	for _, c := range cursors {
		for {
			if len(c.found) == 0 && !c.ended {
				if err := d.fill(ctx, c); err != nil {
					return nil, err
				}
			}
			if len(c.found) == 0 || c.found[0].Sequence > read {
				break
			}
			c.found = c.found[1:] // another filter named it, too
		}
		if len(c.found) > 0 && (lowest == nil || c.found[0].Sequence < lowest.found[0].Sequence) {
			lowest = c
		}
	}
	if lowest == nil {
		return nil, nil
	}
	m := lowest.found[0]
	lowest.found = lowest.found[1:]
	return &m, nil
}

// fill asks for the next messages of a cursor.
func (d *directReader) fill(ctx context.Context, c *directCursor) error {
	question, err := json.Marshal(struct {
		Sequence  uint64     `json:"seq,omitempty"`
		Filter    string     `json:"next_by_subj"`
		Batch     int        `json:"batch"`
		StartTime *time.Time `json:"start_time,omitempty"`
	}{sequenceUnlessTime(c), c.filter, d.batch, c.since})
	if err != nil {
		return err
	}
	inbox := d.nc.NewInbox()
	answers, err := d.nc.SubscribeSync(inbox)
	if err != nil {
		return err
	}
	defer func() { _ = answers.Unsubscribe() }()
	if err := d.nc.PublishRequest("$JS.API.DIRECT.GET."+d.stream, inbox, question); err != nil {
		return err
	}
	c.since = nil
	c.found = nil
	before := uint64(0) // the sequence that the batch held last
	for {
		answer, err := nextAnswer(ctx, answers)
		if err != nil {
			return err
		}
		if _, isMessage := answer.Header[jetstream.SequenceHeader]; !isMessage { // Status proves nothing: a publisher may set it
			return d.endBatch(c, answer, answer.Header.Get("Status"), before)
		}
		m, previous, pending, err := parseDirect(answer)
		if err != nil {
			return err
		}
		if previous != before {
			return errors.New("a message was lost on the way: try again")
		}
		before = m.Sequence
		c.next = m.Sequence + 1
		if m.Sequence > d.last { // it was stored after reading began
			c.ended = true
			c.pending = 0
			continue
		}
		c.pending = pending
		c.found = append(c.found, m)
	}
}

func sequenceUnlessTime(c *directCursor) uint64 {
	if c.since != nil {
		return 0
	}
	return c.next
}

// endBatch reads the end of a batch: 204 after its messages, or 404 if there are none.
func (d *directReader) endBatch(c *directCursor, answer *nats.Msg, status string, before uint64) error {
	switch status {
	case "404":
		c.ended = true
		c.pending = 0
		return nil
	case "204":
		if last := lastValue(answer.Header, "Nats-Last-Sequence"); last != strconv.FormatUint(before, 10) {
			return errors.New("a message was lost on the way: try again")
		}
		if c.next > d.last || lastValue(answer.Header, "Nats-Num-Pending") == "0" {
			c.ended = true
			c.pending = 0
		}
		return nil
	}
	return fmt.Errorf("the server answers %q %s", status, answer.Header.Get("Description"))
}

// nextAnswer waits for the next message of a batch.
func nextAnswer(ctx context.Context, answers *nats.Subscription) (*nats.Msg, error) {
	soon, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	answer, err := answers.NextMsgWithContext(soon)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return nil, fmt.Errorf("no answer within %s: %w", requestTimeout, err)
	}
	return answer, err
}

// directHeaders are what the server adds to a message that it answers with.
var directHeaders = []string{
	jetstream.StreamHeader, jetstream.SubjectHeader, jetstream.SequenceHeader, jetstream.TimeStampHeaer, "Nats-Num-Pending", "Nats-Last-Sequence",
}

// parseDirect reads a message of a batch, the sequence that the batch held before it, and how many are to come. The server adds its headers
// after those of the publisher, who may have used the same names: the last value of each is the server's.
func parseDirect(answer *nats.Msg) (m Message, previous uint64, pending int64, err error) {
	m.Subject = lastValue(answer.Header, jetstream.SubjectHeader)
	sequence, err := strconv.ParseUint(lastValue(answer.Header, jetstream.SequenceHeader), 10, 64)
	if err != nil {
		return m, 0, 0, fmt.Errorf("a message without its sequence: %w", err)
	}
	m.Sequence = sequence
	if m.StoredAt, err = time.Parse(time.RFC3339Nano, lastValue(answer.Header, jetstream.TimeStampHeaer)); err != nil {
		return m, 0, 0, fmt.Errorf("message %d without the time when it was stored: %w", sequence, err)
	}
	if previous, err = strconv.ParseUint(lastValue(answer.Header, "Nats-Last-Sequence"), 10, 64); err != nil {
		return m, 0, 0, fmt.Errorf("message %d does not say what came before it: NATS 2.11 or later is needed: %w", sequence, err)
	}
	if pending, err = strconv.ParseInt(lastValue(answer.Header, "Nats-Num-Pending"), 10, 64); err != nil {
		return m, 0, 0, fmt.Errorf("message %d does not say how many come after it: %w", sequence, err)
	}
	m.Data = answer.Data
	m.Header = publishedHeaders(answer.Header)
	return m, previous, pending, nil
}

// publishedHeaders returns the headers as they were published; nil: there are none.
func publishedHeaders(have nats.Header) nats.Header {
	for _, name := range directHeaders {
		if values := have[name]; len(values) > 1 {
			have[name] = values[:len(values)-1]
		} else {
			delete(have, name)
		}
	}
	if len(have) == 0 {
		return nil
	}
	return have
}

// lastValue returns the last value of a header, or nothing.
func lastValue(h nats.Header, name string) string {
	values := h[name]
	if len(values) == 0 {
		return ""
	}
	return values[len(values)-1]
}
