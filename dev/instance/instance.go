package instance

import (
	"context"
	"fmt"
	"homeroom/delivery/email"
	"log/slog"
	"net"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"

	"homeroom/app"
	"homeroom/delivery"
	"homeroom/delivery/sendgrid"
	"homeroom/dev/stack"
	"homeroom/internal/clock"
	"homeroom/publish"
	"homeroom/rules"
	"homeroom/store"
	"homeroom/subjects"
	"homeroom/worker"
)

// Options configure an Instance.
type Options struct {
	Academy *rules.Academy    // nil: the academy in force stays
	OnStart app.OnStart       // default: the academy is put in force, whichever was in force before
	Clock   clock.Clock       // default: real time
	Sender  email.Sender      // default: SendGrid's adapter on the stack's stand-in, which reports back
	Targets app.TargetOptions // of the channel webhook
	Push    app.PushOptions   // of the channel push
	Allow   []string
	Log     *slog.Logger // default: none
	Store   store.Options
	Roles   []app.Role // default: all, the API only with API
	API     bool       // take events over HTTP too, and make a write key
	// Grace is in Homeroom's time; default one minute of real time.
	Grace time.Duration
	// RestAfter and RetireAfter are in Homeroom's time; see package activities for their defaults.
	RestAfter, RetireAfter time.Duration
	// Production keeps the intervals of `homeroom serve`: how often watermarks are published (with a real clock) and when
	// started runs are published. Without it both happen sooner, as time-lapse needs, and the doctor is told that mail goes to a stand-in.
	Production bool
	// lists are the suppression lists of the default Sender.
	lists   delivery.ProviderLists
	standIn bool // the Sender is the default one
	// OnDelay, if not nil, is called with how old events are when they are decided, since the stream stored them, in Homeroom's time. It must not block.
	OnDelay func(time.Duration)
	// WrapJetStream, if not nil, returns the JetStream that Homeroom uses, so that tests can make it fail or block.
	WrapJetStream func(jetstream.JetStream) jetstream.JetStream
}

// Instance is one running Homeroom on a stack.
type Instance struct {
	App      *app.App
	JS       jetstream.JetStream
	Temporal client.Client
	Clock    clock.Clock
	APIURL   string // of the way in over HTTP, without a slash at the end; empty: there is none
	WriteKey string // for APIURL
	EdgeURL  string // of the learners' pages and the webhook, without a slash at the end

	nc *nats.Conn
}

// Publisher returns a publisher of rules, as `homeroom rules publish` uses it.
func (h *Instance) Publisher() *publish.Publisher {
	return publish.New(publish.Options{
		Store:          h.App.Store(),
		Temporal:       h.Temporal,
		Starter:        worker.NewStarter(h.Temporal),
		Learners:       publish.StreamLearners{JS: h.JS},
		Now:            h.Clock.Now,
		Real:           time.Now,
		VisibilityWait: visibilityDelay,
	})
}

// visibilityDelay is the wait for Temporal's visibility to catch up. It is short because Temporal runs in this process.
const visibilityDelay = 2 * time.Second

// How often watermarks are published, and their margin, both in real time. They are shorter than in production because a
// second is long in time-lapse.
const (
	handedOverEvery  = 100 * time.Millisecond
	handedOverMargin = 50 * time.Millisecond
)

// Open starts Homeroom on the stack; Close stops it.
func Open(ctx context.Context, s *stack.Stack, o Options) (*Instance, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	h := &Instance{Clock: o.Clock}
	if err := h.connectServers(ctx, s, o.Log); err != nil {
		h.Close()
		return nil, err
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", s.EdgePort))
	if err != nil {
		h.Close()
		return nil, fmt.Errorf("listening for the learners' pages: %w", err)
	}
	h.EdgeURL = "http://" + listener.Addr().String()
	key, err := sendgrid.ParsePublicKey(s.Mail.PublicKey())
	if err == nil {
		err = s.Mail.SetWebhook(h.EdgeURL + "/webhooks/sendgrid")
	}
	if err != nil {
		_ = listener.Close()
		h.Close()
		return nil, err
	}
	if o.Sender == nil && (len(o.Roles) == 0 || slices.Contains(o.Roles, app.RoleWorker)) {
		sender, err := sendgrid.New(sendgrid.Options{APIKey: "SG.stand-in", Host: s.InboxURL, Now: time.Now})
		if err != nil {
			h.Close()
			return nil, err
		}
		o.Sender = sender
		o.lists = sender
		o.standIn = true
	}
	if o.Grace == 0 {
		o.Grace = o.Clock.Scale(time.Minute)
	}
	if o.OnStart == "" {
		o.OnStart = app.PublishAlways
	}
	js := h.JS
	if o.WrapJetStream != nil {
		js = o.WrapJetStream(js)
	}
	options := app.Options{
		JetStream: js,
		Temporal:  h.Temporal,
		Namespace: s.Namespace,
		Academy:   o.Academy,
		OnStart:   o.OnStart,
		Sender:    o.Sender,
		StandIn:   o.standIn && !o.Production,
		Targets:   o.Targets,
		Push:      o.Push,

		SuppressionLists: o.lists,

		Author:      "dev",
		Clock:       o.Clock,
		Log:         o.Log,
		PublicURL:   h.EdgeURL,
		Edge:        &app.EdgeOptions{Listener: listener, WebhookKey: key},
		Allow:       o.Allow,
		Grace:       o.Grace,
		Store:       o.Store,
		Roles:       o.Roles,
		RestAfter:   o.RestAfter,
		RetireAfter: o.RetireAfter,
		MarkEvery:   handedOverEvery,
		MarkMargin:  handedOverMargin,
		Prompt:      !o.Production,
		OnStep:      measureDelays(o.OnDelay),
	}
	if o.API {
		if options.API, err = h.listenForEvents(s.APIPort); err != nil {
			_ = listener.Close()
			h.Close()
			return nil, err
		}
	}
	if o.Production && o.Clock.IsReal() {
		options.MarkEvery = 0
		options.MarkMargin = 0
	}
	h.App, err = app.New(ctx, options)
	if err != nil {
		_ = listener.Close()
		if options.API != nil {
			_ = options.API.Listener.Close()
		}
	} else {
		err = h.App.Start(ctx)
	}
	if err == nil && o.API {
		h.WriteKey, err = makeWriteKey(ctx, h.JS)
	}
	if err != nil {
		h.Close()
		return nil, fmt.Errorf("starting Homeroom: %w", err)
	}
	return h, nil
}

func (h *Instance) connectServers(ctx context.Context, s *stack.Stack, log *slog.Logger) (err error) {
	if h.nc, err = nats.Connect(s.NATSURL, nats.Name("homeroom dev"), nats.MaxReconnects(-1)); err != nil {
		return fmt.Errorf("connecting to NATS at %s: %w", s.NATSURL, err)
	}
	if h.JS, err = jetstream.New(h.nc); err != nil {
		return fmt.Errorf("opening JetStream: %w", err)
	}
	h.Temporal, err = client.DialContext(ctx, client.Options{
		HostPort:          s.TemporalAddress,
		Namespace:         s.Namespace,
		Logger:            sdklog.NewStructuredLogger(warningsOnly(log)),
		ConnectionOptions: client.ConnectionOptions{GrpcCompression: &client.GrpcCompressionNone{}}, // both ends are on this machine
	})
	if err != nil {
		return fmt.Errorf("connecting to Temporal at %s: %w", s.TemporalAddress, err)
	}
	return nil
}

// warningsOnly returns a logger that drops lines below warnings, which are of use to developers of the SDK only.
func warningsOnly(log *slog.Logger) *slog.Logger { return slog.New(warningHandler{log.Handler()}) }

type warningHandler struct{ slog.Handler }

// Enabled implements slog.Handler.
func (w warningHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && w.Handler.Enabled(ctx, level)
}

// LastStored returns when the last event was stored, in Homeroom's time; zero if there is none.
func (h *Instance) LastStored(ctx context.Context) (time.Time, error) {
	stream, err := h.JS.Stream(ctx, subjects.Stream)
	if err != nil {
		return time.Time{}, fmt.Errorf("looking at the stream: %w", err)
	}
	if stream.CachedInfo().State.LastSeq == 0 {
		return time.Time{}, nil
	}
	return h.Clock.At(stream.CachedInfo().State.LastTime), nil
}

// Close stops Homeroom and its connections; the stack keeps running. Further calls do nothing.
func (h *Instance) Close() {
	if h.App != nil {
		h.App.Stop()
	}
	if h.Temporal != nil {
		h.Temporal.Close()
	}
	if h.nc != nil {
		h.nc.Close()
	}
}
