package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/internal/natstest"
	"homeroom/store"
	"homeroom/subjects"
)

// TestReadingWithoutAConsumer: direct gets read what a consumer reads, in the same order, whatever publishers write into headers, and
// leave no consumer behind.
func TestReadingWithoutAConsumer(t *testing.T) {
	_, js, _ := natstest.Open(t)
	ctx := t.Context()
	var middle time.Time
	for n := range 1300 { // more than two batches
		msg := nats.NewMsg(subjects.Publish(fmt.Sprintf("u_%d", n%3), "lesson.completed"))
		msg.Data = fmt.Appendf(nil, `{"n":%d}`, n)
		switch n % 300 { // of u_2: a consumer without bodies takes such a message for the server's
		case 107: // what the server says of a message, and the end of a batch
			for _, name := range []string{"Nats-Subject", "Nats-Sequence", "Nats-Time-Stamp", "Nats-Num-Pending", "Nats-Last-Sequence", "Nats-Stream"} {
				msg.Header.Set(name, "9")
			}
			msg.Header.Set("Status", "204")
		case 8:
			msg.Header.Set("Status", "404")
			msg.Header.Add("X-Two", "a")
			msg.Header.Add("X-Two", "b")
		}
		ack, err := js.PublishMsg(ctx, msg)
		if err != nil {
			t.Fatal(err)
		}
		if n == 600 {
			stored, err := js.Stream(ctx, subjects.Stream)
			if err != nil {
				t.Fatal(err)
			}
			m, err := stored.GetMsg(ctx, ack.Sequence)
			if err != nil {
				t.Fatal(err)
			}
			middle = m.Time
		}
	}
	stream, err := js.Stream(ctx, subjects.Stream)
	if err != nil {
		t.Fatal(err)
	}
	for _, seq := range []uint64{1, 500, 501, 777} {
		if err := stream.DeleteMsg(ctx, seq); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		reader  store.StreamReader
		filters []string
		want    int
	}{
		"everything":          {store.StreamReader{}, nil, 1296},
		"one learner":         {store.StreamReader{}, []string{subjects.Stored("u_1")}, 432},
		"two learners":        {store.StreamReader{}, []string{subjects.Stored("u_1"), subjects.Stored("u_2")}, 863},
		"nobody":              {store.StreamReader{}, []string{subjects.Stored("u_9")}, 0},
		"from a sequence on":  {store.StreamReader{From: 1200}, nil, 101},
		"from beyond the end": {store.StreamReader{From: 2000}, nil, 0},
		"since":               {store.StreamReader{Since: middle}, nil, 699},
		"since tomorrow":      {store.StreamReader{Since: time.Now().Add(time.Hour)}, nil, 0},
		"headers":             {store.StreamReader{HeadersOnly: true}, []string{subjects.Stored("u_0")}, 433},
	} {
		t.Run(name, func(t *testing.T) {
			read := func(directly bool) (found []store.Message, count uint64) {
				t.Helper()
				reader := test.reader
				reader.JS = js
				reader.Directly = directly
				reads := int64(0)
				reader.OnRead = func(done, total int64) {
					if done > total || total != int64(test.want) {
						t.Errorf("%d of %d read", done, total)
					}
					reads = done
				}
				err := reader.Read(ctx, subjects.Stream, test.filters, func(m store.Message) error {
					found = append(found, m)
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
				if reads != int64(len(found)) {
					t.Errorf("it tells of %d messages and reads %d", reads, len(found))
				}
				if count, err = reader.CountStored(ctx, subjects.Stream, test.filters); err != nil {
					t.Fatal(err)
				}
				return found, count
			}
			want, wantCount := read(false)
			got, count := read(true)
			if len(got) != test.want || count != wantCount {
				t.Errorf("%d messages and a count of %d, want %d and %d", len(got), count, test.want, wantCount)
			}
			if test.reader.HeadersOnly {
				for n := range want {
					delete(want[n].Header, "Nats-Msg-Size") // a consumer adds it
				}
			}
			for n := range got {
				if !got[n].StoredAt.Equal(want[n].StoredAt) {
					t.Fatalf("message %d was stored %s, want %s", n, got[n].StoredAt, want[n].StoredAt)
				}
				got[n].StoredAt = want[n].StoredAt
				if len(got[n].Header) == 0 && len(want[n].Header) == 0 {
					got[n].Header = want[n].Header
				}
				if len(got[n].Data) == 0 && len(want[n].Data) == 0 {
					got[n].Data = want[n].Data
				}
				if diff := cmp.Diff(want[n], got[n]); diff != "" {
					t.Fatalf("message %d:\n%s", n, diff)
				}
			}
		})
	}
	before, err := stream.Info(ctx)
	if err != nil {
		t.Fatal(err)
	}
	overlapping := store.StreamReader{JS: js, Directly: true}
	seen := uint64(0)
	err = overlapping.Read(ctx, subjects.Stream, []string{">", subjects.Stored("u_1")}, func(m store.Message) error {
		if m.Sequence <= seen {
			t.Fatalf("%d after %d", m.Sequence, seen)
		}
		seen = m.Sequence
		return nil
	})
	if err != nil || seen != 1300 {
		t.Errorf("filters that overlap: up to %d, %v", seen, err)
	}
	if after, err := stream.Info(ctx); err != nil || after.State.Consumers > before.State.Consumers {
		t.Errorf("it made a consumer: %d and then %d, %v", before.State.Consumers, after.State.Consumers, err)
	}
	stop := errors.New("enough")
	err = overlapping.Read(ctx, subjects.Stream, nil, func(store.Message) error { return stop })
	if !errors.Is(err, stop) {
		t.Errorf("an error of the reader: %v", err)
	}
	if err := overlapping.Read(ctx, "NONE", nil, func(store.Message) error { return nil }); !errors.Is(err, jetstream.ErrStreamNotFound) {
		t.Errorf("a stream that is not there: %v", err)
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if err := overlapping.Read(gone, subjects.Stream, nil, func(store.Message) error { return nil }); err == nil {
		t.Error("it reads although nobody waits")
	}
}

// TestNewestOfASubject: reading from there gives exactly the newest messages of the subject, with and without a consumer.
func TestNewestOfASubject(t *testing.T) {
	_, js, _ := natstest.Open(t)
	ctx := t.Context()
	for n := range 60 {
		if _, err := js.Publish(ctx, subjects.Publish(fmt.Sprintf("u_%d", n%3), "lesson.completed"), fmt.Appendf(nil, `{"n":%d}`, n)); err != nil {
			t.Fatal(err)
		}
	}
	for _, directly := range []bool{false, true} {
		reader := store.StreamReader{JS: js, Directly: directly}
		for most, want := range map[uint64]struct {
			older uint64
			first string
		}{1: {19, `{"n":58}`}, 7: {13, `{"n":40}`}, 19: {1, `{"n":4}`}, 20: {0, `{"n":1}`}, 50: {0, `{"n":1}`}} {
			from, older, err := reader.NewestFrom(ctx, subjects.Stream, subjects.Stored("u_1"), most)
			if err != nil || older != want.older || (from == 0) != (older == 0) {
				t.Errorf("directly %v, the newest %d: from %d, %d older, %v", directly, most, from, older, err)
			}
			limited := reader
			limited.From = from
			var got []string
			err = limited.Read(ctx, subjects.Stream, []string{subjects.Stored("u_1")}, func(m store.Message) error {
				got = append(got, string(m.Data))
				return nil
			})
			if err != nil || len(got) != int(20-want.older) || got[0] != want.first {
				t.Errorf("directly %v, the newest %d: %v, %v", directly, most, got, err)
			}
		}
	}
}
