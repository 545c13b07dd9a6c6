package cli

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"homeroom/admin"
	"homeroom/console"
	"homeroom/telemetry"
)

// ConsoleCmd is `homeroom console`.
type ConsoleCmd struct {
	NATSFlags
	Listen     string   `env:"HOMEROOM_CONSOLE_LISTEN" default:"127.0.0.1:8024" help:"Where the console listens; unix:PATH is a Unix socket. Default: ${default}." placeholder:"[HOST]:PORT"`
	URL        string   `env:"HOMEROOM_CONSOLE_URL" help:"Where browsers reach it, with a path if it is not alone there. Requests to other hosts are refused." placeholder:"URL"`
	Approvals  int      `env:"HOMEROOM_CONSOLE_APPROVALS" default:"-1" help:"How many other people must approve a draft, if settings.yaml does not say (approvals). Default: 1, or 0 without any login." placeholder:"N"`
	History    string   `env:"HOMEROOM_CONSOLE_HISTORY" type:"path" help:"Keep the recorded events for backtests in this folder, so that only new ones are read from NATS. It is made when missing and can be deleted at any time." placeholder:"DIR"`
	ReadModel  string   `env:"HOMEROOM_CONSOLE_READ_MODEL" type:"path" help:"Keep what the lift is counted from in this file, so that only what is new is read from NATS. It is made when missing and can be deleted at any time." placeholder:"FILE"`
	TemporalUI string   `name:"temporal-ui" env:"HOMEROOM_TEMPORAL_UI" help:"Its address, for links." placeholder:"URL"`
	Keys       []string `name:"encryption-key-file" env:"HOMEROOM_ENCRYPTION_KEY_FILE" type:"existingfile" help:"The keys that serve encrypts with, if it does: without them the page of a learner lacks what is not published yet." placeholder:"FILE"`
	ConsolePeopleFlags
	AllowFlags
	SendGridFlags
}

// Help is shown by `homeroom console --help`.
func (*ConsoleCmd) Help() string {
	return `Serves the growth team's pages: rules and messages are written there, tried, proposed, approved and published, and one
learner is looked up. It needs Temporal and the NATS user homeroom-console of deploy/nats/accounts.conf, and serves no learner.

Example:
  homeroom console
  printf 'maya  editor,people  %s\ntom  approver  %s\n' "$(openssl rand -hex 24)" "$(openssl rand -hex 24)" > tokens
  homeroom console --tokens tokens --listen :8024 --url https://homeroom.example.org/console
  homeroom console --listen :8024 --url https://homeroom.example.org --oidc-issuer https://id.example.org/realms/academy \
    --oidc-client-id homeroom --oidc-secret-file oidc.secret --grant academy-editors=editor --grant academy-leads=editor,approver
  SENDGRID_API_KEY=… homeroom console     # with test mails to oneself
  homeroom console --listen unix:/run/homeroom/console.sock --url https://homeroom.example.org --proxy-user-header X-Forwarded-Email \
    --proxy-groups-header X-Forwarded-Groups --grant academy-leads=editor,approver,people`
}

// Run serves until ctx ends.
func (c *ConsoleCmd) Run(ctx context.Context, o IO) error {
	if err := c.checkAllow(); err != nil {
		return err
	}
	people, approvals, err := c.allow()
	if err != nil {
		return err
	}
	installation, err := admin.Connect(ctx, admin.ConnectOptions{
		Name:     "homeroom console",
		NATS:     c.natsOptions(),
		KeyFiles: c.Keys,
		Directly: true,
		Now:      o.Now,
	})
	if err != nil {
		return err
	}
	defer installation.Close()
	if err := installation.CheckConsole(ctx); err != nil {
		return err
	}
	log := telemetry.NewLog(o.Err, telemetry.LogOptions{})
	events, stopKeeping, err := keepEventCopy(ctx, c.History, installation, log)
	if err != nil {
		return err
	}
	defer stopKeeping()
	pages, err := console.New(console.Options{
		TestMail:     c.testMail(),
		EventCopy:    events,
		Installation: installation,
		People:       people,
		URL:          c.URL,
		TemporalUI:   c.TemporalUI,
		ReadModel:    c.ReadModel,
		Approvals:    approvals,
		Log:          log,
	})
	if err != nil {
		return usage(err)
	}
	defer pages.Close()
	pages.AdoptBacktests()
	defer keepSchedule(ctx, installation, approvals, log)()
	defer startBackground(ctx, func(ctx context.Context) {
		installation.WorkOnBacktests(ctx, admin.BacktestWork{EventCopy: events, Log: log})
	})()
	listener, err := listenAt(c.Listen)
	if err != nil {
		return fmt.Errorf("the console cannot listen at %s: %w", c.Listen, err)
	}
	address := c.URL
	if address == "" {
		address = "http://" + listener.Addr().String()
	}
	if strings.HasPrefix(c.Listen, unixPrefix) {
		address += ", through the proxy that connects to " + listener.Addr().String()
	}
	fmt.Fprintf(o.Out, "The console is at %s\n", address)
	return serveUntil(ctx, listener, &http.Server{Handler: pages.Handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute})
}

// testMail returns how test mails are sent. Without a key the pages say what to set.
func (c *ConsoleCmd) testMail() console.TestMail {
	if c.SendGridKey == "" && os.Getenv("SENDGRID_API_KEY") == "" {
		return console.TestMail{}
	}
	return console.TestMail{
		NewSender: func() (admin.TestSender, error) { return c.newSender() },
		Sandbox:   c.Sandbox,
		Allow:     c.Allow,
	}
}

// copyAge is how old the copy of the events gets while the console runs; so long it may hold what was erased.
const copyAge = 10 * time.Minute

// keepEventCopy opens a folder for --history and keeps it up to date until stop is called; nil without a folder.
func keepEventCopy(ctx context.Context, dir string, installation *admin.Installation, log *slog.Logger) (events *admin.EventCopy, stop func(), err error) {
	if dir == "" {
		return nil, func() {}, nil
	}
	if events, err = admin.OpenEventCopy(dir); err != nil {
		return nil, nil, err
	}
	stopKeeping := startBackground(ctx, func(ctx context.Context) {
		installation.KeepEventCopy(ctx, events, copyAge, func(err error) { log.Warn("the copy of the events is not up to date", "error", err) })
	})
	return events, func() {
		stopKeeping()
		if err := events.Close(); err != nil {
			log.Warn("closing the copy of the events failed", "error", err)
		}
	}, nil
}

// scheduleLook is the pause between two looks at what is scheduled.
const scheduleLook = 10 * time.Second

// keepSchedule puts drafts in force whose time has come, until stop is called.
func keepSchedule(ctx context.Context, installation *admin.Installation, approvals int, log *slog.Logger) (stop func()) {
	return startBackground(ctx, func(ctx context.Context) {
		installation.KeepSchedule(ctx, admin.ScheduleKeeping{
			Every:     scheduleLook,
			Approvals: approvals,
			Report:    func(r admin.ScheduleReport) { r.Log(log) },
		})
	})
}

// startBackground runs work in the background until stop is called, which waits for its end.
func startBackground(ctx context.Context, work func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { work(ctx) })
	return func() {
		cancel()
		running.Wait()
	}
}

// allow returns who may use the console, and how many must approve.
func (c *ConsoleCmd) allow() (console.People, int, error) {
	people, err := c.readPeople(c.Listen, c.URL)
	if err != nil {
		return nil, 0, usage(err)
	}
	approvals := c.Approvals
	if _, everybody := people.(console.ThisMachine); everybody {
		approvals = max(approvals, 0)
	}
	if approvals < 0 {
		approvals = 1
	}
	return people, approvals, nil
}

// stopServing is how long requests under way may take when the process stops.
const stopServing = 5 * time.Second

// serveUntil serves until ctx ends, and lets requests under way finish.
func serveUntil(ctx context.Context, listener net.Listener, server *http.Server) error {
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(listener) }()
	select {
	case err := <-stopped:
		return err
	case <-ctx.Done():
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopServing)
		defer cancel()
		return server.Shutdown(last)
	}
}
