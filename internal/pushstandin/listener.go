package pushstandin

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Listener is a stand-in that listens on an address of its own.
type Listener struct {
	*Standin
	server *http.Server
	url    string
}

// Start lets the stand-in listen on an address such as 127.0.0.1:0.
func (s *Standin) Start(address string) (*Listener, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening as Firebase: %w", err)
	}
	l := &Listener{
		Standin: s,
		server:  &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second},
		url:     "http://" + listener.Addr().String(),
	}
	go func() { _ = l.server.Serve(listener) }() // it ends when it is stopped
	return l, nil
}

// URL is the base address, without a slash at the end.
func (l *Listener) URL() string { return l.url }

// Account is the file of a service account of this stand-in.
func (l *Listener) Account() ([]byte, error) { return l.Standin.Account(l.url) }

// Stop answers what is held and stops listening.
func (l *Listener) Stop(ctx context.Context) error {
	l.Release()
	if err := l.server.Shutdown(ctx); err != nil {
		return fmt.Errorf("stop the stand-in Firebase: %w", err)
	}
	return nil
}
