package triggers

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// slowDeadLetters is a JetStream whose dead-letter stream answers a few questions in each try, as a stream does that holds more letters than can be read in time.
type slowDeadLetters struct {
	jetstream.JetStream
	letters int
}

func (s slowDeadLetters) Stream(context.Context, string) (jetstream.Stream, error) {
	return &slowDeadStream{letters: s.letters, left: 3}, nil
}

type slowDeadStream struct {
	jetstream.Stream
	letters int // the sequences of the stream are 1 to letters
	left    int // questions that are answered in this try
}

func (s *slowDeadStream) GetMsg(_ context.Context, seq uint64, _ ...jetstream.GetMsgOpt) (*jetstream.RawStreamMsg, error) {
	if s.left == 0 {
		return nil, context.DeadlineExceeded
	}
	s.left--
	if seq > uint64(s.letters) {
		return nil, jetstream.ErrMsgNotFound
	}
	stored := noon.Add(time.Duration(seq) * time.Second)
	header := nats.Header{HeaderSequence: {strconv.FormatUint(seq, 10)}, HeaderStored: {stored.Format(time.RFC3339Nano)}}
	return &jetstream.RawStreamMsg{Sequence: seq, Header: header}, nil
}

// TestMoreDeadLettersThanOneTryCanReadAreReadByTheNextOnes: a learner who has more of them, or events without a learner, would otherwise hold their lane for ever, and in the
// end the partition.
func TestMoreDeadLettersThanOneTryCanReadAreReadByTheNextOnes(t *testing.T) {
	b := newBench(t, *info(4, 10, 0, 3))
	const letters = 8
	b.t.o.JS = slowDeadLetters{letters: letters}
	b.t.noting = make(chan struct{}, 1)
	b.t.o.HandOverTimeout = time.Minute
	b.t.o.RepeatWindow = 2 * time.Minute
	b.work = context.Background()
	stopping := make(chan struct{})
	b.setStopping(stopping)
	old := &decodedItem{item: &item{learner: "u_1", storedAt: time.Now().Add(-time.Hour)}}
	read := make(chan map[string]bool, 1)
	go func() {
		stored, _ := b.storedDeadLetters(nil, []*decodedItem{old})
		read <- stored
	}()
	select {
	case stored := <-read:
		if len(stored) != letters {
			t.Errorf("%d letters are known, want %d: %v", len(stored), letters, stored)
		}
	case <-time.After(10 * time.Second):
		close(stopping)
		t.Fatal("the dead letters are never read to their end")
	}
}
