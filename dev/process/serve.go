package process

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	sdklog "go.temporal.io/sdk/log"

	"homeroom/app"
	"homeroom/delivery/push"
	"homeroom/delivery/sendgrid"
	"homeroom/delivery/webhook"
	"homeroom/dev/stack"
	"homeroom/internal/clock"
	"homeroom/rules"
)

// Order says what the process runs. It is one line of JSON on standard input.
type Order struct {
	// Data, if not empty, is a directory for NATS and Temporal, which then run in the same process. Otherwise NATS and
	// Temporal are the servers' addresses.
	Data     string `json:"data,omitempty"`
	NATS     string `json:"nats,omitempty"`
	Temporal string `json:"temporal,omitempty"`

	Inbox   string            `json:"inbox"` // base address of the stand-in SendGrid
	Key     string            `json:"key"`   // public key that verifies its webhooks
	Academy map[string][]byte `json:"academy"`
	Clock   clock.Clock       `json:"clock,omitzero"`
	Roles   []app.Role        `json:"roles,omitempty"`
	// Replicas are those of the streams and buckets that the process creates; 0: one.
	Replicas int  `json:"replicas,omitempty"`
	Newer    bool `json:"newer,omitempty"` // whether to run as a release that reads NewerVersion
	// Server, if not empty, is the one server that runs in the process, with its files in Data. Homeroom does not run in it.
	Server Server `json:"server,omitempty"`
	// Measures says whether the process serves /metrics.
	Measures bool `json:"measures,omitempty"`
	// SetAsideAfter and AckWait are in real time, SettleAfter is in Homeroom's time; 0: the default. Nothing is settled by default.
	SetAsideAfter time.Duration `json:"setAsideAfter,omitempty"`
	AckWait       time.Duration `json:"ackWait,omitempty"`
	SettleAfter   time.Duration `json:"settleAfter,omitempty"`

	Channels Channels `json:"channels,omitzero"`

	Verbose bool `json:"verbose,omitempty"`
}

// Channels are what the process knows of the other ends of the channels webhook and push; the zero Channels: nothing.
type Channels struct {
	TargetSecrets string   `json:"targetSecrets,omitempty"` // lines, as the file has them
	TargetPrivate []string `json:"targetPrivate,omitempty"`
	PushAccount   []byte   `json:"pushAccount,omitempty"` // the file of a service account
	PushURL       string   `json:"pushURL,omitempty"`
}

// applyTo fills in an app's options.
func (c Channels) applyTo(o *app.Options) (err error) {
	o.Targets.PrivateHosts = c.TargetPrivate
	if o.Targets.Secrets, err = webhook.ReadSecrets(strings.NewReader(c.TargetSecrets)); err != nil {
		return err
	}
	o.Push.Host = c.PushURL
	if len(c.PushAccount) > 0 {
		o.Push.Account, err = push.ReadAccount(bytes.NewReader(c.PushAccount))
	}
	return err
}

// The lines that the process writes to its standard output.
const (
	sayReady  = "ready"  // "ready NATS TEMPORAL EDGE METRICS": addresses; "-" for each that is not served
	sayFailed = "failed" // "failed WHY"
	sayMemory = "memory" // "memory BYTES": the peak of the resident memory
)

// StartTime is the maximum time for the start of the process and of the servers, on a slow disk.
const StartTime = 2 * time.Minute

// Serve reads an [Order] from in, runs Homeroom until in ends, and writes its state to out. The process that [Launch]
// starts calls it.
func Serve(in io.Reader, out io.Writer) error {
	orders := bufio.NewReader(in)
	line, err := orders.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("reading what to do: %w", err)
	}
	var o Order
	if err := json.Unmarshal(line, &o); err != nil {
		return fmt.Errorf("reading what to do: %w", err)
	}
	h := &servedProcess{Order: o, log: slog.New(slog.DiscardHandler)}
	if o.Verbose {
		h.log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	defer h.stopAll()
	if err := h.startServers(); err != nil {
		_, _ = fmt.Fprintln(out, sayFailed, strings.ReplaceAll(err.Error(), "\n", "; "))
		return err
	}
	if _, err := fmt.Fprintln(out, sayReady, orDash(h.NATS), orDash(h.Temporal), orDash(h.edge), orDash(h.metrics)); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, orders); err != nil { // returns when the parent closes the pipe or ends
		return err
	}
	h.stopAll()
	_, err = fmt.Fprintln(out, sayMemory, ReadMemory("/proc/self/status", "VmHWM:"))
	return err
}

// servedProcess is the state of Homeroom in its own process.
type servedProcess struct {
	Order
	log      *slog.Logger
	listener net.Listener
	edge     string // address of the edge
	metrics  string // address of /metrics; empty: not served
	stops    []func()
}

func (h *servedProcess) stopAll() {
	for i := len(h.stops) - 1; i >= 0; i-- {
		h.stops[i]()
	}
	h.stops = nil
}

func (h *servedProcess) startServers() error {
	ctx, cancel := context.WithTimeout(context.Background(), StartTime)
	defer cancel()
	if h.Server != "" {
		return h.startOneServer(ctx)
	}
	if h.Data != "" {
		s, err := stack.Start(ctx, stack.Options{Data: h.Data, Log: h.log})
		if err != nil {
			return err
		}
		h.NATS = s.NATSURL
		h.Temporal = s.TemporalAddress
		h.stops = append(h.stops, func() {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			_ = s.Stop(ctx) // the process ends
		})
	}
	academy, problems := rules.FromBundle(h.Academy)
	if academy == nil {
		return fmt.Errorf("the academy has mistakes: %w", problems.Err())
	}
	nc, err := nats.Connect(h.NATS, nats.Name("homeroom drill"), nats.MaxReconnects(-1), nats.ReconnectWait(200*time.Millisecond),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { h.log.Warn("NATS", "error", err) }))
	if err != nil {
		return fmt.Errorf("connecting to NATS at %s: %w", h.NATS, err)
	}
	h.stops = append(h.stops, nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	o := client.Options{HostPort: h.Temporal, Logger: sdklog.NewStructuredLogger(h.log)}
	if h.Newer {
		o.Interceptors = []interceptor.ClientInterceptor{&newerRelease{}}
	}
	temporal, err := client.DialContext(ctx, o)
	if err != nil {
		return fmt.Errorf("connecting to Temporal at %s: %w", h.Temporal, err)
	}
	h.stops = append(h.stops, temporal.Close)
	return h.serveHomeroom(ctx, js, temporal, academy)
}

// serveHomeroom starts Homeroom as `homeroom serve` does.
func (h *servedProcess) serveHomeroom(ctx context.Context, js jetstream.JetStream, temporal client.Client, academy *rules.Academy) error {
	sender, err := sendgrid.New(sendgrid.Options{APIKey: "SG.stand-in", Host: h.Inbox, Now: time.Now})
	if err != nil {
		return err
	}
	key, err := sendgrid.ParsePublicKey(h.Key)
	if err != nil {
		return err
	}
	if h.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	o := app.Options{
		JetStream: js,
		Temporal:  temporal,
		Academy:   academy,
		Sender:    sender,
		Author:    "drill",
		Clock:     h.Clock,
		Log:       h.log,
		PublicURL: "http://" + h.listener.Addr().String(),
		Edge:      &app.EdgeOptions{Listener: h.listener, WebhookKey: key},
		Roles:     h.Roles,
		Store:     app.StoreOptions{Replicas: h.Replicas},

		SetAsideAfter: h.SetAsideAfter,
		AckWait:       h.AckWait,
		SettleAfter:   h.SettleAfter,
	}
	h.edge = o.PublicURL
	if err := h.Channels.applyTo(&o); err != nil {
		return errors.Join(err, h.listener.Close())
	}
	if h.Measures {
		if o.Telemetry, err = h.serveMetrics(); err != nil {
			return errors.Join(err, h.listener.Close())
		}
	}
	if !h.Clock.IsReal() { // a second of delay on a busy machine is minutes of Homeroom's time
		o.Grace = h.Clock.Scale(time.Second)
		o.MarkEvery = 100 * time.Millisecond
		o.MarkMargin = 50 * time.Millisecond
	}
	a, err := app.New(ctx, o)
	if err == nil {
		err = a.Start(ctx)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("starting Homeroom: %w", err), h.listener.Close())
	}
	h.stops = append(h.stops, a.Stop)
	go func() {
		h.log.Error("Homeroom ended", "error", <-a.Failed())
		os.Exit(1) // as `homeroom serve` does; the drill sees it
	}()
	return nil
}
