package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"homeroom/delivery/email"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/catalog"
	"homeroom/delivery"
	"homeroom/delivery/sendgrid"
	"homeroom/dev/harness"
	"homeroom/dev/instance"
	"homeroom/dev/stack"
	"homeroom/engine"
	"homeroom/store"
	"homeroom/subjects"
)

// How the process is told what to do, by its environment.
const (
	victimDir   = "HOMEROOM_E2E_DIR"   // where it keeps everything; set in that process only
	victimInbox = "HOMEROOM_E2E_INBOX" // base address of the stand-in SendGrid
	victimHalts = "HOMEROOM_E2E_HALTS" // where to halt; see halts
)

// victimStart is how long it may take to start.
const victimStart = time.Minute

// victimRules is what the process that is killed runs: a failed quiz is answered at once.
var victimRules = map[string]string{"rules/retry.yaml": `rule: retry
when: {event: assessment.graded, if: event.passed == false}
per: assessment_id
do:
  - send: nudge
`}

// victim is what this test program does in the process that is killed: everything on disk, in real time, the mail to an
// inbox outside. It ends when its standard input does.
func victim(dir string) int {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	if err := serve(dir, log); err != nil {
		fmt.Fprintln(os.Stderr, "the process to be killed:", err)
		return 1
	}
	return 0
}

func serve(dir string, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(context.Background(), victimStart)
	defer cancel()
	academy, err := harness.LoadAcademy(harness.Files(victimRules))
	if err != nil {
		return err
	}
	s, err := stack.Start(ctx, stack.Options{Data: dir, Log: log})
	if err != nil {
		return err
	}
	sender, err := sendgrid.New(sendgrid.Options{APIKey: "SG.stand-in", Host: os.Getenv(victimInbox), Now: time.Now})
	if err != nil {
		return err
	}
	h := &halts{}
	if points := os.Getenv(victimHalts); points != "" {
		h.points = strings.Split(points, ",")
	}
	_, err = instance.Open(ctx, s, instance.Options{
		Academy:       academy,
		Log:           log,
		Sender:        haltingSender{sender, h},
		WrapJetStream: func(js jetstream.JetStream) jetstream.JetStream { return haltingJS{js, h} },
	})
	if err != nil {
		return err
	}
	say(os.Stdout, "ready %s %s", s.NATSURL, s.TemporalAddress)
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// halts are the points at which a delivery stops for good, each once and in order. It says so first.
type halts struct {
	mu     sync.Mutex
	points []string
}

func (h *halts) at(point string) {
	h.mu.Lock()
	halt := len(h.points) > 0 && h.points[0] == point
	if halt {
		h.points = h.points[1:]
	}
	h.mu.Unlock()
	if halt {
		say(os.Stdout, "halted %s", point)
		select {}
	}
}

// haltingSender halts when the provider has answered.
type haltingSender struct {
	email.Sender
	halts *halts
}

func (s haltingSender) Send(ctx context.Context, m email.Email) (delivery.Receipt, error) {
	receipt, err := s.Sender.Send(ctx, m)
	if err == nil {
		s.halts.at("answered")
	}
	return receipt, err
}

// haltingJS halts when the ledger has stored a phase; the point is the phase.
type haltingJS struct {
	jetstream.JetStream
	halts *halts
}

func (j haltingJS) KeyValue(ctx context.Context, bucket string) (jetstream.KeyValue, error) {
	kv, err := j.JetStream.KeyValue(ctx, bucket)
	if err == nil && bucket == store.BucketSends {
		kv = haltingLedger{kv, j.halts}
	}
	return kv, err
}

type haltingLedger struct {
	jetstream.KeyValue
	halts *halts
}

func (l haltingLedger) Create(ctx context.Context, key string, value []byte, opts ...jetstream.KVCreateOpt) (uint64, error) {
	revision, err := l.KeyValue.Create(ctx, key, value, opts...)
	l.stored(value, err)
	return revision, err
}

func (l haltingLedger) Update(ctx context.Context, key string, value []byte, last uint64) (uint64, error) {
	revision, err := l.KeyValue.Update(ctx, key, value, last)
	l.stored(value, err)
	return revision, err
}

func (l haltingLedger) stored(value []byte, err error) {
	var e delivery.Entry
	if err == nil && json.Unmarshal(value, &e) == nil {
		l.halts.at(string(e.Phase))
	}
}

// say writes a line for the process that holds the other end of the pipe.
func say(w io.Writer, format string, args ...any) {
	if _, err := fmt.Fprintf(w, format+"\n", args...); err != nil {
		os.Exit(1)
	}
}

// quizMsg is a failed quiz as it is published.
func quizMsg(t *testing.T, cat *catalog.Catalog, learner string) *nats.Msg {
	t.Helper()
	body, err := cat.Encode(catalog.Decoded{
		Event:  engine.Event{ID: learner + "-1", Name: "assessment.graded", Learner: learner, Time: time.Now(), Properties: failedQuiz("q1")},
		Traits: map[string]any{"email": address(learner)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &nats.Msg{
		Subject: subjects.Publish(learner, "assessment.graded"),
		Data:    body,
		Header: nats.Header{
			jetstream.MsgIDHeader: {subjects.MsgID(learner, learner+"-1")},
		},
	}
}
