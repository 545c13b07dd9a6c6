package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/delivery"
	"homeroom/delivery/ledgertest"
	"homeroom/engine"
	"homeroom/internal/natstest"
	"homeroom/store"
	"homeroom/subjects"
)

var monday = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func TestSetupMayRunAgainAndFromEverywhere(t *testing.T) {
	s := natstest.NewServer(t)
	var wg sync.WaitGroup
	for range 4 {
		_, js := s.Connect()
		wg.Go(func() {
			if err := store.Setup(context.Background(), js, store.Options{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	_, js := s.Connect()
	if err := store.Setup(context.Background(), js, store.Options{MaxAge: time.Hour, SendsAge: time.Minute, Memory: true}); err != nil {
		t.Errorf("an operator's own limits were refused: %v", err)
	}
}

func TestSetupLeavesAForeignStreamAlone(t *testing.T) {
	_, js := natstest.NewServer(t).Connect()
	ctx := context.Background()
	foreign := jetstream.StreamConfig{Name: subjects.Stream, Subjects: []string{"events.>"}, Retention: jetstream.WorkQueuePolicy}
	if _, err := js.CreateStream(ctx, foreign); err != nil {
		t.Fatal(err)
	}
	err := store.Setup(ctx, js, store.Options{})
	if err == nil {
		t.Fatal("a foreign stream was accepted")
	}
	for _, want := range []string{"LEARNING exists", "subjects is [events.>], needed is [learning.*.>]", "subject transform is none", "WorkQueue"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
	stream, err := js.Stream(ctx, subjects.Stream)
	if err != nil {
		t.Fatal(err)
	}
	if got := stream.CachedInfo().Config.Subjects; !cmp.Equal(got, foreign.Subjects) {
		t.Errorf("the stream was rewritten: %v", got)
	}
}

func TestSetupNamesTheStreamThatIsInTheWay(t *testing.T) {
	_, js := natstest.NewServer(t).Connect()
	if _, err := js.CreateStream(context.Background(), jetstream.StreamConfig{Name: "OURS", Subjects: []string{"learning.>"}}); err != nil {
		t.Fatal(err)
	}
	err := store.Setup(context.Background(), js, store.Options{})
	if err == nil || !strings.Contains(err.Error(), "the stream OURS already takes learning.*.>") {
		t.Errorf("got %v", err)
	}
}

func TestOpenWithoutSetupSaysWhatToDo(t *testing.T) {
	_, js := natstest.NewServer(t).Connect()
	if _, err := store.Open(context.Background(), js, store.OpenOptions{}); err == nil || !strings.Contains(err.Error(), "homeroom serve") {
		t.Errorf("got %v", err)
	}
}

func TestTheStreamPartitionsAsPartitionOfSays(t *testing.T) {
	_, js, _ := natstest.Open(t)
	learners := []string{"u_42", "auth0|7", "ada@example.org", "Łukasz", "a.b c"}
	for i := range 40 {
		learners = append(learners, "u_"+strconv.Itoa(i))
	}
	for _, learner := range learners {
		if _, err := js.Publish(t.Context(), subjects.Publish(learner, "lesson.completed"), []byte("{}")); err != nil {
			t.Fatal(err)
		}
	}
	stream, err := js.Stream(context.Background(), subjects.Stream)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range learners {
		msg, err := stream.GetMsg(context.Background(), uint64(i+1))
		if err != nil {
			t.Fatal(err)
		}
		p, learner, event, err := subjects.ParseStored(msg.Subject)
		if err != nil || learner != want || event != "lesson.completed" || p != store.PartitionOf(want) {
			t.Errorf("%s: stored as %s, PartitionOf says %d (%v)", want, msg.Subject, store.PartitionOf(want), err)
		}
	}
}

func TestSendsKeepTheLedgersContract(t *testing.T) {
	_, _, st := natstest.Open(t)
	ledgertest.Run(t, func(*testing.T) delivery.Ledger { return st.Sends })
}

func TestProfilesMergeUnderContention(t *testing.T) {
	_, _, st := natstest.Open(t)
	ctx := context.Background()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			if _, err := st.Profiles.Merge(ctx, "auth0|7", map[string]any{fmt.Sprintf("t%d", i): float64(i)}, monday); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	notes, err := st.Profiles.Merge(ctx, "auth0|7", map[string]any{"email": "ada@example.org", "consent": "sure"}, monday)
	if err != nil || len(notes) != 1 {
		t.Errorf("notes %q, %v", notes, err)
	}
	got, err := st.Profiles.Get(ctx, "auth0|7")
	if err != nil || len(got.Traits) != 8 || got.Email != "ada@example.org" {
		t.Errorf("profile %+v, %v", got, err)
	}
	if unknown, err := st.Profiles.Get(ctx, "nobody"); err != nil || !cmp.Equal(unknown, store.Profile{}) {
		t.Errorf("unknown learner: %+v, %v", unknown, err)
	}
	if err := st.Profiles.Delete(ctx, "auth0|7"); err != nil {
		t.Fatal(err)
	}
	if gone, err := st.Profiles.Get(ctx, "auth0|7"); err != nil || gone.Email != "" {
		t.Errorf("after Delete: %+v, %v", gone, err)
	}
}

func TestStandings(t *testing.T) {
	s, _, st := natstest.Open(t)
	ctx := context.Background()
	signUp := func(at time.Time) func(*engine.Standing, []uint64) (bool, []uint64) {
		return func(st *engine.Standing, owed []uint64) (bool, []uint64) {
			if !at.After(st.SignedUpAt) {
				return false, nil
			}
			st.SignedUpAt = at
			return true, append(owed, uint64(at.Unix()))
		}
	}
	if empty, err := st.Standings.Get(ctx, "u_1"); err != nil || empty == nil || !empty.SignedUpAt.IsZero() {
		t.Fatalf("unknown learner: %+v, %v", empty, err)
	}
	if err := st.Standings.Update(ctx, "u_1", signUp(monday)); err != nil {
		t.Fatal(err)
	}

	// Another replica writes; the first one's cached record is out of date and must not win.
	_, otherJS := s.Connect()
	other, err := store.Open(ctx, otherJS, store.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Control.Close()
	if err := other.Standings.Update(ctx, "u_1", func(st *engine.Standing, owed []uint64) (bool, []uint64) {
		st.CoursesCompleted = 3
		return true, owed
	}); err != nil {
		t.Fatal(err)
	}
	calls := 0
	if err := st.Standings.Update(ctx, "u_1", func(s *engine.Standing, owed []uint64) (bool, []uint64) {
		calls++
		return signUp(monday.Add(time.Hour))(s, owed)
	}); err != nil {
		t.Fatal(err)
	}
	got, err := st.Standings.Get(ctx, "u_1")
	if err != nil || got.CoursesCompleted != 3 || !got.SignedUpAt.Equal(monday.Add(time.Hour)) || calls != 2 {
		t.Errorf("standing %+v after %d calls, %v", got, calls, err)
	}
	fresh, err := store.Open(ctx, otherJS, store.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer fresh.Control.Close()
	var owed []uint64
	if err := fresh.Standings.Update(ctx, "u_1", func(_ *engine.Standing, o []uint64) (bool, []uint64) { owed = o; return false, nil }); err != nil {
		t.Fatal(err)
	}
	if want := []uint64{uint64(monday.Unix()), uint64(monday.Add(time.Hour).Unix())}; !cmp.Equal(owed, want) {
		t.Errorf("owed %v, want %v", owed, want)
	}
}

func TestAnUnchangedStandingCostsNoRequest(t *testing.T) {
	s, _, _ := natstest.Open(t)
	nc, js2 := s.Connect()
	st, err := store.Open(context.Background(), js2, store.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Control.Close()
	write := true
	update := func() error {
		return st.Standings.Update(context.Background(), "u_1", func(*engine.Standing, []uint64) (bool, []uint64) { return write, nil })
	}
	if err := update(); err != nil {
		t.Fatal(err)
	}
	write = false
	before := nc.Stats().OutMsgs
	for range 100 {
		if err := update(); err != nil {
			t.Fatal(err)
		}
	}
	if sent := nc.Stats().OutMsgs - before; sent > 2 {
		t.Errorf("%d messages for 100 updates that changed nothing", sent)
	}
}

func TestRulesets(t *testing.T) {
	_, _, st := natstest.Open(t)
	ctx := context.Background()
	if _, err := st.Rulesets.Get(ctx, "abcdef01"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("unknown revision: %v", err)
	}
	if _, err := st.Rulesets.SetCurrent(ctx, store.Pointer{Hash: "abcdef01"}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("pointing at nothing: %v", err)
	}
	for _, hash := range []string{"abcdef01", "abcdef02"} {
		b := store.Bundle{Hash: hash, Files: map[string][]byte{"rules/a.yaml": []byte("rule: " + hash)}, At: monday}
		if err := st.Rulesets.Put(ctx, b); err != nil {
			t.Fatal(err)
		}
		b.Note = "a second time"
		if err := st.Rulesets.Put(ctx, b); err != nil {
			t.Fatal(err)
		}
		if got, err := st.Rulesets.Get(ctx, hash); err != nil || got.Note != "" {
			t.Errorf("an immutable revision changed: %+v, %v", got, err)
		}
	}
	if got, err := st.Rulesets.List(ctx); err != nil || !cmp.Equal(got, []string{"abcdef01", "abcdef02"}) {
		t.Errorf("list %v, %v", got, err)
	}
	none, err := st.Rulesets.Current(ctx)
	if err != nil || none.Hash != "" {
		t.Fatalf("before the first publish: %+v, %v", none, err)
	}
	watch, stop := context.WithCancel(ctx)
	seen := make(chan string, 4)
	done := make(chan error)
	go func() { done <- st.Rulesets.WatchCurrent(watch, func(p store.Pointer) { seen <- p.Hash }) }()
	first, err := st.Rulesets.SetCurrent(ctx, store.Pointer{Hash: "abcdef01", Revision: none.Revision})
	if err != nil {
		t.Fatal(err)
	}
	if got := <-seen; got != "abcdef01" {
		t.Errorf("watched %q", got)
	}
	if _, err := st.Rulesets.SetCurrent(ctx, store.Pointer{Hash: "abcdef02", Revision: none.Revision}); !errors.Is(err, store.ErrPublishedMeanwhile) {
		t.Errorf("the second of two publishers: %v, want ErrPublishedMeanwhile", err)
	}
	if _, err := st.Rulesets.SetCurrent(ctx, store.Pointer{Hash: "abcdef02", Revision: first.Revision}); err != nil {
		t.Fatal(err)
	}
	if got := <-seen; got != "abcdef02" {
		t.Errorf("watched %q", got)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestARulesetTooBigForTheServerSaysSo(t *testing.T) {
	_, _, st := natstest.Open(t)
	noise := make([]byte, 4<<20)
	x := uint32(1)
	for i := range noise {
		x = x*1664525 + 1013904223
		noise[i] = byte(x >> 24)
	}
	err := st.Rulesets.Put(context.Background(), store.Bundle{Hash: "abcdef01", Files: map[string][]byte{"x": noise}})
	if err == nil || !strings.Contains(err.Error(), "max_payload") {
		t.Errorf("got %v", err)
	}
}

func TestADecisionIsStoredOnce(t *testing.T) {
	_, js, st := natstest.Open(t)
	ctx := context.Background()
	decisions := []engine.Decision{
		{ID: "d1", At: monday, Learner: "auth0|7", Rule: "welcome", Kind: engine.KindSent, Message: "hello"},
		{ID: "d2", At: monday, Learner: "auth0|7", Rule: "welcome", Kind: engine.KindStarted},
	}
	for range 2 {
		if err := st.Decisions.Publish(ctx, decisions); err != nil {
			t.Fatal(err)
		}
	}
	stream, err := js.Stream(ctx, subjects.DecisionStream)
	if err != nil {
		t.Fatal(err)
	}
	info, err := stream.Info(ctx)
	if err != nil || info.State.Msgs != 2 {
		t.Fatalf("%d messages, %v; want 2", info.State.Msgs, err)
	}
	msg, err := stream.GetMsg(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	var got engine.Decision
	if err := json.Unmarshal(msg.Data, &got); err != nil || !cmp.Equal(got, decisions[0]) || msg.Header.Get(nats.MsgIdHdr) != "d1" {
		t.Errorf("stored %+v (%v), %v", got, msg.Header, err)
	}
	if want := subjects.Decision("auth0|7", "welcome", "sent"); msg.Subject != want {
		t.Errorf("subject %s, want %s", msg.Subject, want)
	}
}
