package standin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Listener is a stand-in that listens on a port of its own.
type Listener struct {
	*Server
	address string
	http    *http.Server
	once    sync.Once
	err     error
}

// Start serves the stand-in on the address, e.g. "127.0.0.1:8025"; port 0 takes a free one. Errors go to log.
func (s *Server) Start(address string, log *slog.Logger) (*Listener, error) {
	if to := s.hook.o.URL; to != "" && !isLoopback(to) {
		return nil, fmt.Errorf("stand-in SendGrid: webhook %s: %w", to, errOtherMachine)
	}
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("stand-in SendGrid: %w", err)
	}
	l := &Listener{
		Server:  s,
		address: ln.Addr().String(),
		http: &http.Server{
			Handler:           s,
			ReadHeaderTimeout: 10 * time.Second,
			ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelError),
		},
	}
	go func() {
		if err := l.http.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			log.Error("the stand-in SendGrid stopped serving", "error", err)
		}
	}()
	return l, nil
}

// URL is the base of the API and the address of the inbox, without a slash at the end.
func (l *Listener) URL() string { return "http://" + l.address }

// Stop releases held requests, ends webhooks and readers, lets open requests finish until the context ends, and then closes
// their connections. Further calls return the first call's error.
func (l *Listener) Stop(ctx context.Context) error {
	l.once.Do(func() {
		l.ClearFaults()
		l.Close()
		if l.err = l.http.Shutdown(ctx); l.err != nil {
			_ = l.http.Close()
			l.err = fmt.Errorf("stand-in SendGrid: requests cut off: %w", l.err)
		}
	})
	return l.err
}
