package triggers

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/catalog"
	"homeroom/engine"
)

// What needs a server is tested in triggers_test.go and its neighbors. Here deliveries and the consumer's info are made up, so that each
// race can be looked at by itself.

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// delivery is a made-up message: stream sequence and consumer sequence; it was stored `seq` seconds after noon.
type delivery struct {
	jetstream.Msg
	seq, number uint64
	acked       *[]uint64
	storedAt    time.Time // zero: as said above
}

func (d delivery) Metadata() (*jetstream.MsgMetadata, error) {
	storedAt := d.storedAt
	if storedAt.IsZero() {
		storedAt = noon.Add(time.Duration(d.seq) * time.Second)
	}
	return &jetstream.MsgMetadata{
		Sequence:  jetstream.SequencePair{Stream: d.seq, Consumer: d.number},
		Timestamp: storedAt,
	}, nil
}
func (d delivery) Subject() string      { return "learning.3.u_1.lesson.completed" }
func (d delivery) Headers() nats.Header { return nil }
func (d delivery) Ack() error           { *d.acked = append(*d.acked, d.seq); return nil }
func (d delivery) Nak() error           { return nil }

// bench is a partition whose sorter never runs, so that what is received stays in the receive buffer.
type bench struct {
	*partition
	acked []uint64
}

func newBench(t *testing.T, info jetstream.ConsumerInfo) *bench {
	t.Helper()
	tr := &Triggers{}
	tr.o.Unacked = 16
	tr.o.WatermarkMargin = 250 * time.Millisecond
	tr.o.Log = slog.New(slog.DiscardHandler)
	tr.o.Watermarks = noWatermarks{}
	b := &bench{partition: newPartition(tr, 3)}
	b.cons = consumer{info: &info}
	b.stream = stream{last: info.Delivered.Stream}
	if err := b.readConsumerState(context.Background()); err != nil {
		t.Fatal(err)
	}
	return b
}

// noWatermarks knows none, and forgets what is published.
type noWatermarks struct{}

func (noWatermarks) PublishWatermark(context.Context, int, time.Time) error { return nil }
func (noWatermarks) Watermark(int) time.Time                                { return time.Time{} }

type consumer struct {
	jetstream.Consumer
	info *jetstream.ConsumerInfo
	err  error
}

func (c consumer) Info(context.Context) (*jetstream.ConsumerInfo, error) { return c.info, c.err }

// stream is one whose last message of any partition has this sequence; 0: there is none.
type stream struct {
	jetstream.Stream
	last uint64
}

func (s stream) GetLastMsgForSubject(context.Context, string) (*jetstream.RawStreamMsg, error) {
	if s.last == 0 {
		return nil, jetstream.ErrMsgNotFound
	}
	return &jetstream.RawStreamMsg{Sequence: s.last}, nil
}

// markAt is the watermark.
func (b *bench) markAt(before time.Time, info *jetstream.ConsumerInfo, stored uint64) time.Time {
	at, _ := b.watermark.computeWatermark(before, info, stored)
	return at
}

// deliver hands in messages given as "seq/number".
func (b *bench) deliver(pairs ...string) {
	for _, pair := range pairs {
		d := delivery{acked: &b.acked}
		fmt.Sscanf(pair, "%d/%d", &d.seq, &d.number)
		b.buffer.receive(d)
	}
}

// queued are the stream sequences in the tray.
func (b *bench) queued() string {
	var out []string
	for _, it := range b.buffer.queue {
		out = append(out, fmt.Sprint(it.seq))
	}
	return strings.Join(out, " ")
}

func info(delivered, floor uint64, unacked int, pending uint64) *jetstream.ConsumerInfo {
	return &jetstream.ConsumerInfo{
		Delivered:     jetstream.SequenceInfo{Consumer: delivered, Stream: delivered + 6},
		AckFloor:      jetstream.SequenceInfo{Stream: floor},
		NumAckPending: unacked,
		NumPending:    pending,
		TimeStamp:     noon.Add(time.Hour),
	}
}

func TestParking(t *testing.T) {
	for _, tc := range []struct {
		name    string
		start   *jetstream.ConsumerInfo
		deliver []string
		look    *jetstream.ConsumerInfo // what the consumer says then
		tray    string                  // what the sorter may take after that
		parked  bool
	}{
		{"nothing unacknowledged: straight through", info(4, 10, 0, 3), []string{"11/5", "12/6"}, info(6, 10, 2, 0), "11 12", false},
		{"new ones wait for what was unacknowledged at the start", info(4, 8, 2, 3), []string{"11/5", "12/6"}, info(6, 8, 4, 0), "", true},
		{"they go when all are here, sorted", info(4, 8, 2, 3), []string{"12/5", "10/6", "9/7"}, info(7, 8, 3, 0), "9 10 12", false},
		{"a predecessor's late acknowledgement counts", info(4, 8, 2, 3), []string{"11/5", "10/6"}, info(6, 9, 2, 0), "10 11", false},
		{"a delivery that came after the count proves nothing", info(4, 8, 2, 3), []string{"11/5", "12/6"}, info(5, 8, 2, 0), "", true},
		{"a gap: what comes after it waits", info(4, 10, 0, 3), []string{"11/5", "13/7"}, info(7, 10, 3, 0), "11", true},
		{"a gap that is filled", info(4, 10, 0, 3), []string{"11/5", "13/7", "12/8"}, info(8, 10, 3, 0), "11 12 13", false},
		{"numbers that begin anew are a gap", info(4, 10, 0, 3), []string{"11/5", "12/1"}, info(1, 10, 3, 0), "11", true},
		{"sent again while it is in flight", info(4, 10, 0, 3), []string{"11/5", "11/6", "12/7"}, info(7, 10, 2, 0), "11 12", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBench(t, *tc.start)
			b.deliver(tc.deliver...)
			b.cons = consumer{info: tc.look}
			_, parked := b.inspectConsumer(context.Background())
			if got := b.queued(); got != tc.tray || parked != tc.parked {
				t.Errorf("tray %q, parked %v; want %q, %v", got, parked, tc.tray, tc.parked)
			}
		})
	}
}

func TestWhatIsFinishedAndComesAgainIsAcknowledgedOnly(t *testing.T) {
	b := newBench(t, *info(4, 10, 0, 3))
	b.deliver("11/5")
	b.buffer.acknowledgeItems(b.buffer.inFlight[11])
	b.buffer.queue = nil
	b.deliver("11/6")
	if b.queued() != "" || !cmp.Equal(b.acked, []uint64{11, 11}) {
		t.Errorf("queued %q, acknowledged %v", b.queued(), b.acked)
	}
}

func TestAnotherConsumersSequencesBeginAnew(t *testing.T) {
	b := newBench(t, *info(4, 10, 0, 3))
	b.deliver("11/5")
	b.buffer.acknowledgeItems(b.buffer.inFlight[11])
	b.buffer.queue = nil
	other := info(0, 0, 0, 3)
	other.Created = noon
	b.cons = consumer{info: other}
	if err := b.readConsumerState(context.Background()); err != nil {
		t.Fatal(err)
	}
	b.deliver("11/1")
	if b.queued() != "11" {
		t.Errorf("tray %q: an event of the new stream was taken for an old one", b.queued())
	}
}

func TestStrip(t *testing.T) {
	rs := &engine.Ruleset{KeptProperties: map[string][]string{"assessment.graded": {"score_pct"}}, Keys: map[string][]string{"assessment.graded": {"assessment_id"}}}
	ev := engine.Event{Name: "assessment.graded", Properties: map[string]any{"assessment_id": "a", "score_pct": 40.0, "comment": "private"}}
	got := stripEvent(ev, rs)
	if diff := cmp.Diff(map[string]any{"assessment_id": "a", "score_pct": 40.0}, got.Properties); diff != "" {
		t.Errorf("properties (-want +got):\n%s", diff)
	}
	if len(ev.Properties) != 3 {
		t.Error("the original was changed")
	}
	if got := stripEvent(engine.Event{Name: "other", Properties: map[string]any{"x": 1.0}}, rs); got.Properties != nil {
		t.Errorf("properties %v of an event nobody reads", got.Properties)
	}
}

func TestSplit(t *testing.T) {
	sized := func(kb ...int) []engine.Event {
		var events []engine.Event
		for _, n := range kb {
			events = append(events, engine.Event{Properties: map[string]any{"x": strings.Repeat("x", n<<10)}})
		}
		return events
	}
	for _, tc := range []struct {
		kb   []int
		want []int
	}{{nil, nil}, {[]int{1}, []int{1}}, {[]int{100, 100, 100}, []int{2, 1}}, {[]int{300, 1, 300}, []int{1, 1, 1}}, {[]int{1, 2, 3}, []int{3}}} {
		if diff := cmp.Diff(tc.want, splitEvents(sized(tc.kb...))); diff != "" {
			t.Errorf("%v KB (-want +got):\n%s", tc.kb, diff)
		}
	}
}

func TestBackoffStaysWithinItsBounds(t *testing.T) {
	tr := &Triggers{o: Options{RetryMin: 100 * time.Millisecond, RetryMax: 5 * time.Second}}
	for _, n := range []int{1, 2, 5, 20, 63, 64, 100_000} {
		if got := tr.retryWait(n); got < 50*time.Millisecond || got > 5*time.Second {
			t.Errorf("backoff(%d) = %v", n, got)
		}
	}
}

func TestOptionsNameWhatIsMissing(t *testing.T) {
	if _, err := New(Options{Catalog: func() *catalog.Catalog { return nil }}); err == nil || !strings.Contains(err.Error(), "is missing") {
		t.Errorf("got %v", err)
	}
}

func FuzzOneLine(f *testing.F) {
	f.Add("a\r\nb")
	f.Fuzz(func(t *testing.T, s string) {
		if got := oneLine(s); strings.ContainsAny(got, "\r\n\x00") || len(got) > 1024 {
			t.Fatalf("%q", got)
		}
	})
}

// TestAConsumerThatIsGoneIsNoticed: the server tells only requests that wait that their consumer was deleted.
func TestAConsumerThatIsGoneIsNoticed(t *testing.T) {
	anew := info(0, 0, 0, 0)
	anew.Created = noon
	for _, tc := range []struct {
		name string
		now  consumer
		want int // subscriptions that end
	}{
		{"it is there", consumer{info: info(4, 10, 0, 0)}, 0},
		{"it does not answer", consumer{err: context.DeadlineExceeded}, 0},
		{"it was deleted", consumer{err: jetstream.ErrConsumerNotFound}, 1},
		{"its stream was deleted", consumer{err: jetstream.ErrStreamNotFound}, 1},
		{"it was deleted, and somebody made it anew", consumer{info: anew}, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBench(t, *info(4, 10, 0, 0))
			ended := 0
			b.leave = func() { ended++ }
			b.cons = tc.now
			mark, _ := b.inspectConsumer(context.Background())
			if ended != tc.want {
				t.Errorf("%d subscriptions ended, want %d", ended, tc.want)
			}
			if there := tc.now.info != nil && tc.want == 0; mark.IsZero() == there {
				t.Errorf("the mark is %v", mark)
			}
		})
	}
}

// A sequence that comes with a later time than everything received was given out again: what is known of the message that lay under it before does not
// concern the new one.
func TestASequenceThatIsGivenOutAgain(t *testing.T) {
	b := newBench(t, *info(4, 10, 0, 3))
	var rewinds []rewind
	b.buffer.onRewind = func(r rewind) { rewinds = append(rewinds, r) }
	b.deliver("11/5", "12/6", "13/7")
	old := b.buffer.inFlight[12]
	b.buffer.acknowledgeItems(b.buffer.inFlight[11], b.buffer.inFlight[13])
	b.buffer.takeQueue()
	b.acked = nil
	again := func(seq, number uint64) delivery {
		return delivery{seq: seq, number: number, acked: &b.acked, storedAt: noon.Add(time.Hour)}
	}
	b.buffer.receive(again(11, 8))
	b.buffer.receive(again(12, 9))
	if got := b.queued(); got != "11 12" || len(b.acked) > 0 || len(rewinds) != 1 || rewinds[0].from != 13 || rewinds[0].to != 11 {
		t.Fatalf("queued %q, acknowledged %v, rewinds %v", got, b.acked, rewinds)
	}
	b.buffer.acknowledgeItems(old)
	if len(b.acked) > 0 {
		t.Error("the message that is lost was acknowledged, and with it the one that has its sequence now")
	}
	b.deliver("13/10") // an old one comes again, with its old time
	if !cmp.Equal(b.acked, []uint64{13}) {
		t.Errorf("acknowledged %v, want the old 13 only", b.acked)
	}
	if got, want := b.markAt(noon, nil, 0), noon.Add(time.Hour-b.watermark.margin); !got.Equal(want) {
		t.Errorf("the watermark is %v, want %v", got, want)
	}
}
