package triggers

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/profile"
)

// gated are standings that are written when the test says so. Nothing is known of them in memory.
type gated struct {
	record engine.Standing
	begun  chan []uint64 // a write has begun: the sequences of the last events it holds
	end    chan error    // and ends so
}

func (g *gated) TryUpdate(string, func(*engine.Standing, []uint64) (bool, []uint64)) bool {
	return false
}

func (g *gated) Update(_ context.Context, _ string, apply func(*engine.Standing, []uint64) (bool, []uint64)) error {
	next := g.record
	next.Platform = slices.Clone(next.Platform)
	apply(&next, nil)
	var seqs []uint64
	for _, at := range next.Platform {
		seqs = append(seqs, uint64((at-noon.UnixMilli())/1000))
	}
	g.begun <- seqs
	err := <-g.end
	if err == nil {
		g.record = next
	}
	return err
}

// next waits for a write to begin.
func (g *gated) next(t *testing.T) []uint64 {
	t.Helper()
	select {
	case seqs := <-g.begun:
		return seqs
	case <-time.After(time.Minute):
		t.Fatal("no write begins")
		return nil
	}
}

// oneSlot is a partition of which one lane at a time may note something, and in which each event is an activity in a step
// of its own.
func oneSlot(t *testing.T) (*bench, *gated) {
	t.Helper()
	b := newBench(t, *info(4, 10, 0, 3))
	cat, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	rs := &engine.Ruleset{Settings: engine.Settings{Resolution: time.Second, Activity: map[string]bool{"lesson.completed": true}}}
	st := &gated{begun: make(chan []uint64), end: make(chan error)}
	b.t.noting = make(chan struct{}, 1)
	b.t.o.Catalog = func() *catalog.Catalog { return cat }
	b.t.o.Ruleset = func() *engine.Ruleset { return rs }
	b.t.o.Standings = st
	b.t.o.HandOverTimeout = time.Minute
	b.work = context.Background()
	b.setStopping(make(chan struct{}))
	return b, st
}

// arrive lets events arrive, one after the other.
func (b *bench) arrive(seqs ...uint64) {
	for _, seq := range seqs {
		b.buffer.receive(activity(seq, b.buffer.delivery+1, &b.acked))
		b.sortItems(b.buffer.takeQueue())
	}
}

func activity(seq, number uint64, acked *[]uint64) jetstream.Msg {
	body := fmt.Sprintf(`{"id":"e%d","properties":{"lesson_id":"l1"}}`, seq)
	return letter{delivery{seq: seq, number: number, acked: acked}, body, nil}
}

// is checks what has been acknowledged, and that the mark stands before the first event that was not, 0: behind them all.
func (b *bench) is(t *testing.T, first uint64, acked ...uint64) {
	t.Helper()
	if !slices.Equal(b.acked, acked) {
		t.Errorf("acknowledged %v, want %v", b.acked, acked)
	}
	if first == 0 {
		first = b.buffer.last
	}
	if got, want := b.markAt(noon, nil, 0), noon.Add(time.Duration(first)*time.Second-b.watermark.margin); !got.Equal(want) {
		t.Errorf("the mark is %v, want %v", got, want)
	}
}

// served waits until no lane is left.
func (b *bench) served(t *testing.T) {
	t.Helper()
	done := make(chan struct{})
	go func() { b.lanes.done.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("a lane is still being served")
	}
}

func TestWhatQueuesUpWhileALaneWaitsJoinsItsWrite(t *testing.T) {
	b, st := oneSlot(t)
	b.t.noting <- struct{}{} // somebody else's lane is at it
	b.arrive(11, 12, 13)
	b.is(t, 11)
	<-b.t.noting
	if got := st.next(t); !slices.Equal(got, []uint64{11, 12, 13}) {
		t.Errorf("the first write holds %v", got)
	}
	b.arrive(14) // too late for it
	b.is(t, 11)
	st.end <- nil
	if got := st.next(t); !slices.Equal(got, []uint64{11, 12, 13, 14}) {
		t.Errorf("the second write holds %v", got)
	}
	b.is(t, 14, 11, 12, 13)
	st.end <- nil
	b.served(t)
	b.is(t, 0, 11, 12, 13, 14)
	if len(b.lanes.byLearner) > 0 {
		t.Error("the lane stays")
	}
}

func TestNothingCountsAsNotedWhileItsWriteFails(t *testing.T) {
	b, st := oneSlot(t)
	b.arrive(11)
	for n := range uint64(3) {
		if got := st.next(t); len(got) != int(n)+1 || got[n] != 11+n {
			t.Errorf("write %d holds %v", n+1, got)
		}
		b.arrive(12 + n)
		b.is(t, 11)
		st.end <- errors.New("no answer")
	}
	if got := st.next(t); !slices.Equal(got, []uint64{11, 12, 13, 14}) {
		t.Errorf("the last write holds %v", got)
	}
	st.end <- nil
	b.served(t)
	b.is(t, 0, 11, 12, 13, 14)
}

func TestATurnIsBounded(t *testing.T) {
	for _, tc := range []struct {
		name     string
		together uint64 // how many the sorter finds in the tray
	}{{"one by one", 1}, {"all at once", maxTurn + 3}} {
		t.Run(tc.name, func(t *testing.T) {
			b, st := oneSlot(t)
			b.t.noting <- struct{}{}
			for n := range uint64(maxTurn + 3) {
				b.buffer.receive(activity(11+n, 5+n, &b.acked))
				if (n+1)%tc.together == 0 {
					b.sortItems(b.buffer.takeQueue())
				}
			}
			<-b.t.noting
			st.next(t)
			st.end <- nil
			st.next(t)
			if got := len(b.acked); got != maxTurn {
				t.Errorf("%d events in one write, want %d", got, maxTurn)
			}
			st.end <- nil
			b.served(t)
			if got := len(b.acked); got != maxTurn+3 {
				t.Errorf("%d acknowledged", got)
			}
		})
	}
}

// diary are profiles that note what they are told, and fail at the lines whose number is in fail.
type diary struct {
	said []string
	fail []int
}

func (d *diary) note(what string) error {
	if d.said = append(d.said, what); slices.Contains(d.fail, len(d.said)) {
		return errors.New("no answer")
	}
	return nil
}

func (d *diary) MergeAll(_ context.Context, _ string, updates iter.Seq2[map[string]any, time.Time]) ([]string, error) {
	what := "merge"
	for traits, at := range updates {
		what += fmt.Sprintf(" %v@%d", traits["name"], at.Unix()-noon.Unix())
	}
	return nil, d.note(what)
}

func (d *diary) ApplyFeedback(_ context.Context, _ string, _ profile.Feedback, at time.Time) error {
	return d.note(fmt.Sprintf("heed @%d", at.Unix()-noon.Unix()))
}

// Events are given as the trait they carry, "-" for none; "!" for feedback, "x" for one that cannot be read.
func TestWhatIsSaidOfAPersonStaysInOrder(t *testing.T) {
	for _, tc := range []struct {
		name, events string
		fail         []int
		want         string
	}{
		{"nobody says anything", "- - x", nil, ""},
		{"several are one", "a - b x c", nil, "merge a@0 b@2 c@4"},
		{"feedback comes in between", "a b !- c", nil, "merge a@0 b@1 | heed @2 | merge c@3"},
		{"feedback goes before what the same event says", "a !b c", nil, "merge a@0 | heed @1 | merge b@1 c@2"},
		{"feedback after feedback", "!- !a !-", nil, "heed @0 | heed @1 | merge a@1 | heed @2"},
		{"feedback that cannot be read", "a x!b c", nil, "merge a@0 c@2"},
		{"what is done is not done again", "a !- b !- c", []int{4, 6}, "merge a@0 | heed @1 | merge b@2 | heed @3 || heed @3 || heed @3 | merge c@4"},
		{"but for the last feedback", "a !b c", []int{3}, "merge a@0 | heed @1 | merge b@1 c@2 || heed @1 | merge b@1 c@2"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := &diary{fail: tc.fail}
			p := &partition{t: &Triggers{o: Options{Profiles: d}}}
			l := &lane{learner: "u_1"}
			for i, word := range strings.Fields(tc.events) {
				at := noon.Add(time.Duration(i) * time.Second)
				e := &decodedItem{event: engine.Event{Time: at.Add(time.Hour), StoredAt: at}}
				rest, dead := strings.CutPrefix(word, "x")
				if dead {
					e.dead = &catalog.DecodeError{}
				}
				rest, feedback := strings.CutPrefix(rest, "!")
				if feedback {
					e.event.Name = "email.unsubscribed"
				}
				if rest != "-" && rest != "" {
					e.traits = map[string]any{"name": rest}
				}
				l.turn.events = append(l.turn.events, e)
			}
			for tries := 0; p.updateProfile(context.Background(), l) != nil; tries++ {
				d.said = append(d.said, "")
				if tries > len(tc.fail) {
					t.Fatal("it fails forever")
				}
			}
			got := strings.ReplaceAll(strings.Join(d.said, " | "), " |  | ", " || ")
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("the profile hears (-want +got):\n%s", diff)
			}
		})
	}
}

// A message is never lost between a lane that ends and a message that comes for it: either the lane takes it, or there is no lane any more and the
// sorter opens another.
func TestNothingIsLostWhenALaneEnds(t *testing.T) {
	b := newBench(t, *info(4, 10, 0, 3))
	b.setStopping(make(chan struct{}))
	const messages = 2000
	var served atomic.Int64
	serve := func(ln *lane) {
		for more := true; more; more = b.lanes.nextTurn(ln) {
			served.Add(int64(len(ln.turn.items)))
		}
	}
	for n := range uint64(messages) {
		it := &item{learner: "u_1", seq: 11 + n}
		if !b.lanes.appendToLane("u_1", []*item{it}) {
			b.lanes.open(&lane{learner: "u_1", turn: turn{items: []*item{it}}}, serve)
		}
	}
	b.served(t)
	if got := served.Load(); got != messages || len(b.lanes.byLearner) > 0 {
		t.Errorf("%d of %d messages were served; %d lanes are left", got, messages, len(b.lanes.byLearner))
	}
}

// Once a shutdown has begun nothing joins a lane: what was on it may have gone back, and must not be overtaken.
func TestAStoppingLaneTakesNothing(t *testing.T) {
	b := newBench(t, *info(4, 10, 0, 3))
	stopping := make(chan struct{})
	b.setStopping(stopping)
	var backed []uint64
	b.buffer.receive(letter{delivery{seq: 11, number: 5, acked: &b.acked}, "", &backed})
	b.lanes.byLearner["u_1"] = &lane{learner: "u_1"}
	close(stopping)
	if !b.lanes.appendToLane("u_1", b.buffer.takeQueue()) || !slices.Equal(backed, []uint64{11}) || len(b.buffer.inFlight) > 0 {
		t.Errorf("sent back %v, in flight %d", backed, len(b.buffer.inFlight))
	}
}
