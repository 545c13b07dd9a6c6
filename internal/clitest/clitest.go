// Package clitest runs the commands of `homeroom` in tests, on a real NATS server with the example academy in force and without Temporal. Only tests import it.
package clitest

import (
	"bytes"
	"context"
	"errors"
	"maps"
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

// Installation is a NATS server as Homeroom leaves it, with the example academy in force.
type Installation struct {
	T       testing.TB
	Server  *natstest.Server
	JS      jetstream.JetStream
	Store   *store.Store
	Academy *rules.Academy

	mu     sync.Mutex
	handed []engine.Event // to workflows
}

// secret is the one that the installation keeps, of 32 bytes.
const secret = "0123456789abcdef0123456789abcdef"

// Open returns an installation with the academy of a folder in force. Commands that the test runs find it by HOMEROOM_NATS_URL.
func Open(t testing.TB, folder string) *Installation {
	t.Helper()
	srv, js, st := natstest.Open(t)
	nc, _ := srv.Connect()
	t.Setenv("HOMEROOM_NATS_URL", nc.ConnectedUrl())
	academy, problems := rules.LoadDir(folder)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	w := &Installation{T: t, Server: srv, JS: js, Store: st}
	w.PutInForce(academy)
	control, err := js.KeyValue(t.Context(), store.BucketControl)
	if err == nil {
		_, err = control.Put(t.Context(), "secret", []byte(secret)) // as serve keeps it
	}
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// PutInForce puts an academy in force.
func (w *Installation) PutInForce(academy *rules.Academy) {
	w.T.Helper()
	w.putInForce(academy, "", "")
}

func (w *Installation) putInForce(academy *rules.Academy, author, note string) {
	w.T.Helper()
	hash := academy.Ruleset.Hash
	current, err := w.Store.Rulesets.Current(w.T.Context())
	if err == nil {
		err = w.Store.Rulesets.Put(w.T.Context(), store.Bundle{Hash: hash, Files: academy.Files})
	}
	if err == nil {
		_, err = w.Store.Rulesets.SetCurrent(w.T.Context(), store.Pointer{
			Number:   current.Number + 1,
			Hash:     hash,
			Author:   author,
			Note:     note,
			Replaced: current.Hash,
			Revision: current.Revision,
		})
	}
	if err != nil {
		w.T.Fatal(err)
	}
	w.Academy = academy
}

// PublishAs puts the academy in force with some of its files replaced, in somebody's name.
func (w *Installation) PublishAs(author, note string, files map[string]string) {
	w.T.Helper()
	next := maps.Clone(w.Academy.Files)
	for name, text := range files {
		next[name] = []byte(text)
	}
	academy, problems := rules.FromBundle(next)
	if err := problems.Err(); err != nil {
		w.T.Fatal(err)
	}
	w.putInForce(academy, author, note)
}

// HandOver is the workflow service: it keeps what it is given.
func (w *Installation) HandOver(_ context.Context, b triggers.Batch) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.handed = append(w.handed, b.Events...)
	return nil
}

// Events returns the events that were handed over, in order.
func (w *Installation) Events() []engine.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.handed)
}

// StartTriggers runs triggers until the test ends or stop is called, which waits for them.
func (w *Installation) StartTriggers() (stop func()) {
	w.T.Helper()
	_, js := w.Server.Connect()
	st, err := store.Open(w.T.Context(), js, store.OpenOptions{Secret: []byte(secret)})
	if err != nil {
		w.T.Fatal(err)
	}
	tr, err := triggers.New(triggers.Options{
		JS:         js,
		Starter:    w,
		Standings:  st.Standings,
		Profiles:   st.Profiles,
		Watermarks: st.Control,
		Catalog:    func() *catalog.Catalog { return w.Academy.Catalog },
		Ruleset:    func() *engine.Ruleset { return w.Academy.Ruleset },
	})
	if err != nil {
		w.T.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- tr.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.T.Error(err)
		}
		st.Control.Close()
	})
	w.T.Cleanup(stop)
	return stop
}

// Send stores a message as a publisher does.
func (w *Installation) Send(subject string, header nats.Header, body string) {
	w.T.Helper()
	if _, err := w.JS.PublishMsg(w.T.Context(), &nats.Msg{Subject: subject, Header: header, Data: []byte(body)}); err != nil {
		w.T.Fatal(err)
	}
}

// CountStored counts the messages of a stream.
func (w *Installation) CountStored(name string) uint64 {
	w.T.Helper()
	stream, err := w.JS.Stream(w.T.Context(), name)
	if err != nil {
		w.T.Fatal(err)
	}
	return stream.CachedInfo().State.Msgs
}

// WaitUntilRead waits until triggers have finished what is in the stream.
func (w *Installation) WaitUntilRead() {
	w.T.Helper()
	w.Until("everything is read", func() bool {
		stream, err := w.JS.Stream(w.T.Context(), subjects.Stream)
		if err != nil || stream.CachedInfo().State.Consumers != subjects.Partitions {
			return false
		}
		left, err := natstest.CountUnfinished(w.T.Context(), w.JS, subjects.Stream)
		return err == nil && left == 0
	})
}

// Until waits for a condition, and fails after a minute.
func (w *Installation) Until(what string, true func() bool) {
	w.T.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !true() {
		select {
		case <-tick.C:
		case <-deadline:
			w.T.Fatalf("waited in vain: %s", what)
		}
	}
}

// Run runs a command.
func (w *Installation) Run(in string, args ...string) (code int, out, complaints string) {
	w.T.Helper()
	var stdout, stderr bytes.Buffer
	code = cli.Main(w.T.Context(), args, cli.IO{In: strings.NewReader(in), Out: &stdout, Err: &stderr, Now: time.Now})
	return code, stdout.String(), stderr.String()
}

// MustRun runs a command that ends with the code, and returns all it printed.
func (w *Installation) MustRun(code int, args ...string) string {
	w.T.Helper()
	got, out, complaints := w.Run("", args...)
	if got != code {
		w.T.Fatalf("homeroom %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), got, code, out, complaints)
	}
	return out + complaints
}

// WantParts fails unless the text has all parts.
func WantParts(t testing.TB, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing in:\n%s", part, text)
		}
	}
}

// Profile returns a learner's profile.
func (w *Installation) Profile(learner string) store.Profile {
	w.T.Helper()
	p, err := w.Store.Profiles.Get(w.T.Context(), learner)
	if err != nil {
		w.T.Fatal(err)
	}
	return p
}

// Standing returns a learner's standing.
func (w *Installation) Standing(learner string) *engine.Standing {
	w.T.Helper()
	st, err := w.Store.Standings.Get(w.T.Context(), learner)
	if err != nil {
		w.T.Fatal(err)
	}
	return st
}

// DeadSequences returns the sequences of the dead letters.
func (w *Installation) DeadSequences() []uint64 {
	w.T.Helper()
	var seqs []uint64
	stream, err := w.JS.Stream(w.T.Context(), subjects.DeadStream)
	if err != nil {
		w.T.Fatal(err)
	}
	for seq := stream.CachedInfo().State.FirstSeq; seq <= stream.CachedInfo().State.LastSeq; seq++ {
		_, err := stream.GetMsg(w.T.Context(), seq)
		if err == nil {
			seqs = append(seqs, seq)
		} else if !errors.Is(err, jetstream.ErrMsgNotFound) {
			w.T.Fatal(err)
		}
	}
	return seqs
}
