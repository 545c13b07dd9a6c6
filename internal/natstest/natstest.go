// Package natstest runs a real NATS server with JetStream for tests. Only tests import it: a wall keeps the server out of
// the production binary.
package natstest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/store"
)

// Server is one NATS server with JetStream on a free port, stopped at the end of the test.
type Server struct {
	t   testing.TB
	dir string
	srv *server.Server
}

// NewServer starts a server.
func NewServer(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t, dir: t.TempDir()}
	s.startServer(server.RANDOM_PORT)
	t.Cleanup(func() { s.srv.Shutdown(); s.srv.WaitForShutdown() })
	return s
}

func (s *Server) startServer(port int) {
	s.t.Helper()
	srv, err := server.NewServer(&server.Options{
		Host:       "127.0.0.1",
		Port:       port,
		JetStream:  true,
		StoreDir:   s.dir,
		MaxPayload: 2 << 20,
		NoLog:      true,
		NoSigs:     true,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	srv.Start()
	if !srv.ReadyForConnections(startTime) {
		s.t.Fatal("NATS did not come up")
	}
	s.srv = srv
}

// Restart stops the server and starts it again on the same port and data.
func (s *Server) Restart() {
	s.t.Helper()
	s.WhileStopped(func() {})
}

// SaveFiles stops the server, copies its files and starts it again: a snapshot of the volume.
func (s *Server) SaveFiles() (saved string) {
	s.t.Helper()
	saved = s.t.TempDir()
	s.WhileStopped(func() {
		if err := os.CopyFS(saved, os.DirFS(s.dir)); err != nil {
			s.t.Fatal(err)
		}
	})
	return saved
}

// RestoreFiles stops the server, puts saved files back and starts it again: everything since SaveFiles is gone.
func (s *Server) RestoreFiles(saved string) {
	s.t.Helper()
	s.WhileStopped(func() {
		if err := os.RemoveAll(s.dir); err != nil {
			s.t.Fatal(err)
		}
		if err := os.CopyFS(s.dir, os.DirFS(saved)); err != nil {
			s.t.Fatal(err)
		}
	})
}

// WhileStopped does something while the server is stopped, and starts it again on the same port.
func (s *Server) WhileStopped(do func()) {
	s.t.Helper()
	port := s.srv.Addr().(*net.TCPAddr).Port
	s.srv.Shutdown()
	s.srv.WaitForShutdown()
	do()
	s.startServer(port)
}

// URL returns the server's address.
func (s *Server) URL() string { return s.srv.ClientURL() }

// Connect opens a connection of its own, closed at the end of the test.
func (s *Server) Connect() (*nats.Conn, jetstream.JetStream) {
	s.t.Helper()
	nc, err := nats.Connect(s.srv.ClientURL(), nats.Timeout(startTime), nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		s.t.Fatal(err)
	}
	return nc, js
}

// Open starts a server, sets the store up and opens it.
func Open(t testing.TB) (*Server, jetstream.JetStream, *store.Store) {
	t.Helper()
	s := NewServer(t)
	_, js := s.Connect()
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	if err := store.Setup(ctx, js, store.Options{}); err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(ctx, js, store.OpenOptions{Secret: []byte("test")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.Control.Close)
	return s, js, st
}

// CountUnfinished returns how many messages of a stream its consumers have not finished. Zero means all that were stored before the call.
func CountUnfinished(ctx context.Context, js jetstream.JetStream, name string) (int, error) {
	stream, err := js.Stream(ctx, name)
	if err != nil {
		return 0, err
	}
	unfinished := 0
	list := stream.ListConsumers(ctx)
	for info := range list.Info() {
		n, err := CountUnfinishedOf(ctx, stream, info)
		if err != nil {
			return 0, err
		}
		unfinished += n
	}
	if err := list.Err(); err != nil && !errors.Is(err, jetstream.ErrEndOfData) {
		return 0, err
	}
	return unfinished, nil
}

// CountUnfinishedOf returns how many messages a consumer with one filter, or none, has not finished: not delivered, or delivered and not acknowledged. A server
// counts a message for a consumer only some time after it told the publisher that it is stored, so the last message that the filter lets through
// is asked for besides: if the consumer does not know it yet, it counts as one.
func CountUnfinishedOf(ctx context.Context, stream jetstream.Stream, info *jetstream.ConsumerInfo) (int, error) {
	undelivered := int(info.NumPending)
	filter := cmp.Or(info.Config.FilterSubject, ">")
	last, err := stream.GetLastMsgForSubject(ctx, filter)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
	case err != nil:
		return 0, fmt.Errorf("looking at the last message of %s: %w", filter, err)
	case last.Sequence > info.Delivered.Stream:
		undelivered = max(undelivered, 1)
	}
	return undelivered + info.NumAckPending, nil
}
