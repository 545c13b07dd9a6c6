package instance

import (
	"cmp"
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
	"homeroom/console"
	"homeroom/delivery/sendgrid"
	"homeroom/dev/stack"
)

// ConsoleOptions configure a Console.
type ConsoleOptions struct {
	Port int    // of the loopback interface; 0: a free one
	Name string // under which everybody acts; empty: the name of this machine's user
	Log  *slog.Logger
}

// Console is the console of an instance, on this machine only and open to everybody on it.
type Console struct {
	URL          string
	Installation *admin.Installation

	server      *http.Server
	pages       *console.Console
	stopKeeping context.CancelFunc
	keeping     sync.WaitGroup
}

// OpenConsole starts the console of the instance; Close stops it.
func (h *Instance) OpenConsole(ctx context.Context, s *stack.Stack, o ConsoleOptions) (*Console, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
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
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", o.Port))
	if err != nil {
		installation.Close()
		return nil, fmt.Errorf("listening for the console: %w", err)
	}
	c := &Console{URL: "http://" + listener.Addr().String(), Installation: installation}
	site, err := console.New(console.Options{
		Installation: installation,
		People: console.ThisMachine{
			Name:      cmp.Or(o.Name, nameOfUser()),
			Colleague: Colleague,
		},
		TemporalUI: s.UIURL,
		Inbox:      s.InboxURL,
		TestMail: console.TestMail{NewSender: func() (admin.TestSender, error) {
			return sendgrid.New(sendgrid.Options{APIKey: "SG.stand-in", Host: s.InboxURL, Now: time.Now})
		}},
		Log: o.Log,
	})
	if err != nil {
		installation.Close()
		_ = listener.Close()
		return nil, err
	}
	c.pages = site
	site.AdoptBacktests()
	keep, stop := context.WithCancel(ctx)
	c.stopKeeping = stop
	c.keeping.Go(func() {
		installation.KeepSchedule(keep, admin.ScheduleKeeping{Every: time.Second, Report: func(r admin.ScheduleReport) { r.Log(o.Log) }})
	})
	c.keeping.Go(func() { installation.WorkOnBacktests(keep, admin.BacktestWork{Log: o.Log}) })
	c.server = &http.Server{Handler: site.Handler(), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		if err := c.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			o.Log.Error("the console stopped", "error", err)
		}
	}()
	return c, nil
}

// Close stops serving.
func (c *Console) Close() {
	_ = c.server.Close()
	c.stopKeeping()
	c.keeping.Wait()
	c.pages.Close()
	c.Installation.Close()
}

// Colleague is the name under which this machine's user approves what they wrote, to see how two people do it.
const Colleague = "colleague"

// nameOfUser is under which name this machine's user publishes.
func nameOfUser() string {
	if me, err := user.Current(); err == nil && me.Username != "" {
		return me.Username
	}
	return "dev"
}
