package inputtest

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/internal/cli"
	"homeroom/internal/natstest"
	"homeroom/rules"
	"homeroom/store"
	"homeroom/subjects"
	"homeroom/triggers"
)

// secret is the installation's, of 32 bytes.
const secret = "0123456789abcdef0123456789abcdef"

// installation is a NATS server as Homeroom leaves it, with the example academy in force.
type installation struct {
	t       testing.TB
	srv     *natstest.Server
	js      jetstream.JetStream
	store   *store.Store
	academy *rules.Academy

	mu     sync.Mutex
	handed []engine.Event // to workflows
}

func open(t testing.TB) *installation {
	t.Helper()
	srv, js, st := natstest.Open(t)
	nc, _ := srv.Connect()
	t.Setenv("HOMEROOM_NATS_URL", nc.ConnectedUrl())
	academy, problems := rules.LoadDir("../../examples/academy")
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	w := &installation{t: t, srv: srv, js: js, store: st}
	w.publish(academy)
	control, err := js.KeyValue(t.Context(), store.BucketControl)
	if err == nil {
		_, err = control.Put(t.Context(), "secret", []byte(secret)) // as serve keeps it
	}
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// publish puts an academy in force.
func (w *installation) publish(academy *rules.Academy) {
	w.t.Helper()
	hash := academy.Ruleset.Hash
	current, err := w.store.Rulesets.Current(w.t.Context())
	if err == nil {
		err = w.store.Rulesets.Put(w.t.Context(), store.Bundle{Hash: hash, Files: academy.Files})
	}
	if err == nil {
		_, err = w.store.Rulesets.SetCurrent(w.t.Context(), store.Pointer{Number: current.Number + 1, Hash: hash, Revision: current.Revision})
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.academy = academy
}

// HandOver is the workflow service.
func (w *installation) HandOver(_ context.Context, b triggers.Batch) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.handed = append(w.handed, b.Events...)
	return nil
}

// events are those that were handed over, in order.
func (w *installation) events() []engine.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.handed)
}

// listen runs triggers until the test ends or stop is called, which waits for them.
func (w *installation) listen() (stop func()) {
	w.t.Helper()
	_, js := w.srv.Connect()
	st, err := store.Open(w.t.Context(), js, store.OpenOptions{Secret: []byte(secret)})
	if err != nil {
		w.t.Fatal(err)
	}
	tr, err := triggers.New(triggers.Options{
		JS:         js,
		Starter:    w,
		Standings:  st.Standings,
		Profiles:   st.Profiles,
		Watermarks: st.Control,
		Catalog:    func() *catalog.Catalog { return w.academy.Catalog },
		Ruleset:    func() *engine.Ruleset { return w.academy.Ruleset },
	})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- tr.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
		st.Control.Close()
	})
	w.t.Cleanup(stop)
	return stop
}

// send stores a message as a publisher does.
func (w *installation) send(subject string, header nats.Header, body string) {
	w.t.Helper()
	if _, err := w.js.PublishMsg(w.t.Context(), &nats.Msg{Subject: subject, Header: header, Data: []byte(body)}); err != nil {
		w.t.Fatal(err)
	}
}

// stored counts the messages of a stream.
func (w *installation) stored(name string) uint64 {
	w.t.Helper()
	stream, err := w.js.Stream(w.t.Context(), name)
	if err != nil {
		w.t.Fatal(err)
	}
	return stream.CachedInfo().State.Msgs
}

// settled waits until triggers have finished what is in the stream.
func (w *installation) settled() {
	w.t.Helper()
	w.until("everything is read", func() bool {
		stream, err := w.js.Stream(w.t.Context(), subjects.Stream)
		if err != nil {
			return false
		}
		left := uint64(0)
		consumers := 0
		for c := range stream.ListConsumers(w.t.Context()).Info() {
			left += c.NumPending + uint64(c.NumAckPending)
			consumers++
		}
		return left == 0 && consumers == subjects.Partitions
	})
}

func (w *installation) until(what string, true func() bool) {
	w.t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !true() {
		select {
		case <-tick.C:
		case <-deadline:
			w.t.Fatalf("waited in vain: %s", what)
		}
	}
}

// homeroom runs a command.
func (w *installation) homeroom(in string, args ...string) (code int, out, complaints string) {
	w.t.Helper()
	var stdout, stderr bytes.Buffer
	code = cli.Main(w.t.Context(), args, cli.IO{In: strings.NewReader(in), Out: &stdout, Err: &stderr, Now: time.Now})
	return code, stdout.String(), stderr.String()
}

// must runs a command that ends with the code, and returns all it printed.
func (w *installation) must(code int, args ...string) string {
	w.t.Helper()
	got, out, complaints := w.homeroom("", args...)
	if got != code {
		w.t.Fatalf("homeroom %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), got, code, out, complaints)
	}
	return out + complaints
}

// has fails unless the text has all parts.
func has(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing in:\n%s", part, text)
		}
	}
}

func (w *installation) profile(learner string) store.Profile {
	w.t.Helper()
	p, err := w.store.Profiles.Get(w.t.Context(), learner)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *installation) standing(learner string) *engine.Standing {
	w.t.Helper()
	st, err := w.store.Standings.Get(w.t.Context(), learner)
	if err != nil {
		w.t.Fatal(err)
	}
	return st
}
