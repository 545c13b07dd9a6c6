package triggers

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

func TestTheMark(t *testing.T) {
	at := func(seconds float64) time.Time { return noon.Add(time.Duration(seconds * float64(time.Second))) }
	for _, tc := range []struct {
		name     string
		deliver  []string
		finished []uint64
		before   time.Time // our clock before the question
		info     *jetstream.ConsumerInfo
		stored   uint64 // the partition's last message; 0: there is none
		want     time.Time
	}{
		{"nothing pending, nothing in flight: our clock before asking", []string{"11/5"}, []uint64{11}, at(100), info(5, 11, 0, 0), 11, at(99.75)},
		{"the server's clock is behind ours: its own", []string{"11/5"}, []uint64{11}, at(9999), info(5, 11, 0, 0), 11, at(3599.75)},
		{"one in flight: its time", []string{"11/5", "12/6"}, []uint64{11}, at(100), info(6, 11, 1, 0), 11, at(11.75)},
		{"the oldest of several", []string{"11/5", "12/6", "13/7"}, []uint64{12}, at(100), info(7, 10, 2, 0), 11, at(10.75)},
		{"pending: the last received", []string{"11/5", "12/6"}, []uint64{11, 12}, at(100), info(6, 12, 0, 7), 11, at(11.75)},
		{"delivered and not here yet: the last received", []string{"11/5", "12/6"}, []uint64{11, 12}, at(100), info(7, 12, 1, 0), 11, at(11.75)},
		{"one here that the server delivered after counting another", []string{"11/5", "12/6"}, []uint64{11}, at(100), info(5, 11, 1, 0), 11, at(11.75)},
		{"delivered to another replica, and finished: our clock", nil, nil, at(100), info(6, 12, 0, 0), 12, at(99.75)},
		{"stored, and the consumer does not count it yet: the last received", []string{"11/5"}, []uint64{11}, at(100), info(5, 11, 0, 0), 12, at(10.75)},
		{"stored, not counted yet, and nothing received: none", nil, nil, at(100), info(4, 10, 0, 0), 11, time.Time{}},
		{"nothing was ever stored: our clock", nil, nil, at(100), info(4, 10, 0, 0), 0, at(99.75)},
		{"no answer: the last received", []string{"11/5"}, []uint64{11}, at(100), nil, 11, at(10.75)},
		{"no answer and nothing received: none", nil, nil, at(100), nil, 11, time.Time{}},
		{"pending and nothing received: none", nil, nil, at(100), info(4, 10, 0, 7), 11, time.Time{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBench(t, *info(4, 10, 0, 3))
			b.deliver(tc.deliver...)
			for _, seq := range tc.finished {
				b.buffer.acknowledgeItems(b.buffer.inFlight[seq])
			}
			if got := b.markAt(tc.before, tc.info, tc.stored); !got.Equal(tc.want) {
				t.Errorf("mark %v, want %v", got, tc.want)
			}
		})
	}
}

// What a lane gives up at the shutdown leaves the hand without having been handed over.
func TestNoMarkOnceStopping(t *testing.T) {
	b := newBench(t, *info(4, 10, 0, 3))
	b.deliver("11/5", "12/6")
	b.buffer.acknowledgeItems(b.buffer.inFlight[12])
	stopping := make(chan struct{})
	b.setStopping(stopping)
	close(stopping)
	b.lanes.giveUp(&lane{learner: "u_1", queue: b.buffer.queue})
	if mark, _ := b.inspectConsumer(context.Background()); !mark.IsZero() {
		t.Errorf("mark %v, but 11 was given up", mark)
	}
}

func TestWhenTheConsumerIsAsked(t *testing.T) {
	const never = 1000 * time.Hour
	for _, tc := range []struct {
		name      string
		deliver   string        // stored at noon + 11 s
		age       time.Duration // of that, when the mark is computed
		asked     time.Duration // how long ago
		published time.Duration // how old the partition's newest mark is
		want      bool
	}{
		{"nothing came in", "", 0, time.Second, never, true},
		{"what came in was stored just now", "11/5", 100 * time.Millisecond, time.Second, never, false},
		{"what came in was stored a while ago: the stream may be at its end", "11/5", 600 * time.Millisecond, time.Second, never, true},
		{"what came in is old: more is pending", "11/5", time.Minute, time.Second, never, false},
		{"not asked for long", "11/5", 100 * time.Millisecond, 10 * time.Second, never, true},
		{"parked", "12/6", 100 * time.Millisecond, time.Second, never, true},
		{"another replica's mark is new", "", 0, time.Second, 1249 * time.Millisecond, false}, // 250 ms of it are the margin
		{"the mark is this replica's own of the last time", "", 0, time.Second, 1250 * time.Millisecond, true},
		{"the mark is new, and it was not asked for long", "", 0, 10 * time.Second, 300 * time.Millisecond, true},
		{"the mark is new, and this replica is parked", "12/6", 100 * time.Millisecond, time.Second, 300 * time.Millisecond, true},
		{"the mark is ahead of the clock", "", 0, time.Second, -2 * time.Second, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBench(t, *info(4, 10, 0, 3))
			b.watermark.every = time.Second
			stored := noon
			if tc.deliver != "" {
				b.deliver(tc.deliver)
				stored = b.buffer.lastAt
			}
			now := stored.Add(tc.age)
			b.watermark.asked = now.Add(-tc.asked)
			published := now.Add(-tc.published)
			if got := b.watermark.mustAskConsumer(now, published); got != tc.want {
				t.Errorf("asked: %v, want %v", got, tc.want)
			}
			if now = now.Add(time.Second); !b.watermark.mustAskConsumer(now, published) {
				t.Error("the next time nothing had come in, and it was not asked")
			}
		})
	}
}

func TestNoMarkWhileParked(t *testing.T) {
	b := newBench(t, *info(4, 10, 0, 3))
	b.deliver("11/5", "13/7")
	b.cons = consumer{info: info(7, 10, 3, 0)}
	if mark, parked := b.inspectConsumer(context.Background()); !parked || !mark.IsZero() {
		t.Errorf("mark %v, parked %v", mark, parked)
	}
}
