package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os/user"
	"sync"
	"time"

	"homeroom/admin"
	pages "homeroom/console"
	"homeroom/dev/instance"
	"homeroom/dev/stack"
)

// consoleServer serves the console on this machine only, to everybody on it.
type consoleServer struct {
	url          string
	server       *http.Server
	pages        *pages.Console
	installation *admin.Installation
	stopKeeping  context.CancelFunc
	keeping      sync.WaitGroup
}

// openConsole starts the console of an instance on a port of the loopback interface; 0 is a free one.
func openConsole(ctx context.Context, s *stack.Stack, h *instance.Instance, port int, log *slog.Logger) (*consoleServer, error) {
	installation, err := admin.Connect(ctx, admin.ConnectOptions{
		Name:      "homeroom dev console",
		NATS:      admin.NATSOptions{URL: s.NATSURL},
		Temporal:  h.Temporal,
		Namespace: s.Namespace,
		Directly:  true,
		Now:       h.Clock.Now,
		Real:      time.Now,
	})
	if err != nil {
		return nil, fmt.Errorf("connecting the console: %w", err)
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		installation.Close()
		return nil, fmt.Errorf("listening for the console: %w", err)
	}
	c := &consoleServer{url: "http://" + listener.Addr().String(), installation: installation}
	site, err := pages.New(pages.Options{
		Installation: installation,
		People: pages.ThisMachine{
			Name:      nameOfUser(),
			Colleague: colleague,
		},
		TemporalUI: s.UIURL,
		Inbox:      s.InboxURL,
		Now:        h.Clock.Now,
		Log:        log,
	})
	if err != nil {
		installation.Close()
		_ = listener.Close()
		return nil, err
	}
	c.pages = site
	keep, stop := context.WithCancel(ctx)
	c.stopKeeping = stop
	c.keeping.Go(func() {
		installation.KeepSchedule(keep, admin.ScheduleKeeping{Every: time.Second, Report: func(r admin.ScheduleReport) { r.Log(log) }})
	})
	c.server = &http.Server{Handler: site.Handler(), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		if err := c.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("the console stopped", "error", err)
		}
	}()
	return c, nil
}

// close stops serving.
func (c *consoleServer) close() {
	_ = c.server.Close()
	c.stopKeeping()
	c.keeping.Wait()
	c.pages.Close()
	c.installation.Close()
}

// colleague is the name under which this machine's user approves what they wrote, to see how two people do it.
const colleague = "colleague"

// nameOfUser is under which name this machine's user publishes.
func nameOfUser() string {
	if me, err := user.Current(); err == nil && me.Username != "" {
		return me.Username
	}
	return "dev"
}
