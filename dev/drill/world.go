package drill

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"

	"homeroom/app"
	"homeroom/dev/process"
	"homeroom/dev/stack"
	"homeroom/internal/clock"
	"homeroom/internal/standin"
	"homeroom/rules"
)

// setup says how a drill's servers and Homeroom run.
type setup struct {
	academy map[string]string // files in addition to rule retry
	own     bool              // whether NATS and Temporal run in Homeroom's process, on disk
	apart   bool              // whether NATS and Temporal run in a process each, on disk
	quiet   bool              // whether the provider reports only what the drill tells it to
	clock   func(Size) clock.Clock
	// setAsideAfter is for how long a learner is not handed over before they are set aside; nil: the default.
	setAsideAfter func(Size) time.Duration
	// settleAfter is for how long, in Homeroom's time, reports are waited for before an uncertain mail is settled by their absence. Then no mail
	// may stay uncertain. 0: nothing is settled.
	settleAfter time.Duration
	// mayStayUncertain allows mails that no evidence settles: reports may be lost with the processes that took them.
	mayStayUncertain bool
	outward          bool       // whether a target of messages and a stand-in Firebase run
	measures         bool       // whether Homeroom's processes serve /metrics
	roles            []app.Role // of the first process; empty: all
}

// world holds the servers, Homeroom, and the drill's own connections.
type world struct {
	eventWriter
	o        Options
	setup    setup
	files    map[string][]byte
	clock    clock.Clock
	mail     *standin.Listener
	stack    *stack.Stack // nil: NATS and Temporal run in Homeroom's process
	data     string
	homeroom *process.Process // nil: not running
	apart    map[process.Server]*process.Process
	plan     *plan
	outward  *outward // nil: only the provider of mail runs
	observer *observer
	report   Report // notes, and problems that the drill finds besides the accounting
	// The proxies in front of the servers. If the servers run in Homeroom's process, the drill connects through the proxies
	// too, because addresses change; otherwise only Homeroom does.
	toNATS, toTemporal *proxy
	stops              []func()
}

func openWorld(ctx context.Context, s setup, o Options) (_ *world, err error) {
	w := &world{o: o, setup: s, files: academyWith(s.academy), plan: &plan{}}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	if s.clock != nil {
		w.clock = s.clock(o.Size)
	}
	if s.outward {
		if err := w.startOutward(); err != nil {
			return nil, err
		}
	}
	academy, problems := rules.FromBundle(w.files)
	if academy == nil {
		return nil, fmt.Errorf("the drill's academy has mistakes: %w", problems.Err())
	}
	w.eventWriter = eventWriter{academy.Catalog, w.clock.Now}
	if err := w.startServers(ctx); err != nil {
		return nil, err
	}
	if err := w.startHomeroom(ctx, process.Order{Roles: s.roles}); err != nil {
		return nil, err
	}
	return w, w.openObserver(ctx)
}

// startServers starts everything except Homeroom, and the proxies.
func (w *world) startServers(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, process.StartTime)
	defer cancel()
	w.o.Progress("starting the servers")
	mail := standin.Options{
		Keep:    1 << 20,
		Now:     w.clock.Now,
		After:   func(d time.Duration) <-chan time.Time { return time.After(w.clock.Wait(d)) },
		Webhook: standin.Webhook{Quiet: w.setup.quiet, Tries: 1000},
	}
	if w.setup.own || w.setup.apart {
		if w.mail, err = standin.New(mail).Start("127.0.0.1:0", w.o.Log); err != nil {
			return err
		}
		w.stops = append(w.stops, func() { stopWithin(w.mail.Stop) })
		if w.data, err = os.MkdirTemp("", "homeroom-drill-"); err != nil {
			return err
		}
		w.stops = append(w.stops, func() { _ = os.RemoveAll(w.data) })       // a temporary directory
		if err := w.startProxies("127.0.0.1:9", "127.0.0.1:9"); err != nil { // until a process says where its servers listen
			return err
		}
		if !w.setup.apart {
			return nil
		}
		w.apart = map[process.Server]*process.Process{}
		return errors.Join(w.startServer(ctx, process.ServerNATS), w.startServer(ctx, process.ServerTemporal))
	}
	if w.stack, err = stack.Start(ctx, stack.Options{Mail: mail, Log: w.o.Log}); err != nil {
		return err
	}
	w.mail = w.stack.Mail
	w.stops = append(w.stops, func() { stopWithin(w.stack.Stop) })
	return w.startProxies(strings.TrimPrefix(w.stack.NATSURL, "nats://"), w.stack.TemporalAddress)
}

func (w *world) startProxies(toNATS, toTemporal string) (err error) {
	if w.toNATS, err = newProxy(toNATS); err != nil {
		return err
	}
	w.stops = append(w.stops, w.toNATS.closeForGood)
	if w.toTemporal, err = newProxy(toTemporal); err != nil {
		return err
	}
	w.stops = append(w.stops, w.toTemporal.closeForGood)
	return nil
}

// stopWithin stops a server and gives up after 20 s, because this process ends soon.
func stopWithin(stop func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	_ = stop(ctx)
}

// startHomeroom starts Homeroom and directs the proxies and the provider's reports to it.
func (w *world) startHomeroom(ctx context.Context, c process.Order) error {
	p, err := w.launchProcess(ctx, c)
	if err != nil {
		return err
	}
	w.homeroom = p
	if w.setup.own {
		w.toNATS.setTarget(strings.TrimPrefix(p.NATS, "nats://"))
		w.toTemporal.setTarget(p.Temporal)
	}
	return w.mail.SetWebhook(p.Edge + "/webhooks/sendgrid")
}

// launchProcess starts one process of Homeroom; others may run at the same time.
func (w *world) launchProcess(ctx context.Context, c process.Order) (*process.Process, error) {
	w.o.Progress("starting Homeroom")
	c.Inbox = w.mail.URL()
	c.Key = w.mail.PublicKey()
	c.Academy = maps.Clone(w.files)
	if c.Clock.IsReal() {
		c.Clock = w.clock
	}
	if w.outward != nil {
		c.Channels = w.outward.order
	}
	c.AckWait = ackWait
	c.SettleAfter = w.setup.settleAfter
	c.Measures = w.setup.measures
	c.Verbose = w.o.Verbose
	if w.setup.setAsideAfter != nil {
		c.SetAsideAfter = w.setup.setAsideAfter(w.o.Size)
	}
	if w.setup.own {
		c.Data = w.data
	} else {
		c.NATS = "nats://" + w.toNATS.address
		c.Temporal = w.toTemporal.address
	}
	return w.launchOrder(ctx, c)
}

// ackWait is shorter than Homeroom's own, so that a drill that kills a process is not mostly waiting.
const ackWait = 5 * time.Second

func (w *world) launchOrder(ctx context.Context, c process.Order) (*process.Process, error) {
	ctx, cancel := context.WithTimeout(ctx, process.StartTime)
	defer cancel()
	command := w.o.Process()
	command.Env = append(command.Environ(), "GOMEMLIMIT=900MiB") // as in docker-compose.yml
	return process.Launch(ctx, command, c)
}

// stopHomeroom stops Homeroom in an orderly way and returns its peak memory, in bytes.
func (w *world) stopHomeroom(ctx context.Context) (int64, error) {
	p := w.homeroom
	w.homeroom = nil
	memory, err := p.Stop(ctx)
	if err != nil {
		return 0, fmt.Errorf("stopping Homeroom: %w", err)
	}
	return memory, nil
}

// killHomeroom kills Homeroom with SIGKILL.
func (w *world) killHomeroom() {
	w.homeroom.Kill()
	w.homeroom = nil
}

// openObserver opens the drill's own connections to NATS and Temporal.
func (w *world) openObserver(ctx context.Context) error {
	natsURL := "nats://" + w.toNATS.address
	temporalAddress := w.toTemporal.address
	if w.stack != nil {
		natsURL = w.stack.NATSURL
		temporalAddress = w.stack.TemporalAddress
	}
	nc, err := nats.Connect(natsURL, nats.Name("a learning platform"), nats.MaxReconnects(-1), nats.ReconnectWait(100*time.Millisecond))
	if err != nil {
		return fmt.Errorf("connecting to NATS at %s: %w", natsURL, err)
	}
	w.stops = append(w.stops, nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	silent := sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler))
	temporal, err := client.DialContext(ctx, client.Options{HostPort: temporalAddress, Logger: silent})
	if err != nil {
		return fmt.Errorf("connecting to Temporal at %s: %w", temporalAddress, err)
	}
	w.stops = append(w.stops, temporal.Close)
	w.observer = newObserver(js, temporal, w.mail)
	w.observer.outward = w.outward
	w.stops = append(w.stops, w.observer.close)
	return nil
}

// close stops everything, the last started first.
func (w *world) close() {
	if w.homeroom != nil {
		w.homeroom.Kill()
	}
	for _, server := range w.apart {
		server.Kill()
	}
	for i := len(w.stops) - 1; i >= 0; i-- {
		w.stops[i]()
	}
	w.stops = nil
}

// addNote adds a line to the report.
func (w *world) addNote(format string, args ...any) {
	w.report.Notes = append(w.report.Notes, fmt.Sprintf(format, args...))
}

// pauseFor waits for a duration of real time.
func (w *world) pauseFor(ctx context.Context, what string, d time.Duration) error {
	w.o.Progress(fmt.Sprintf("%s, for %s", what, d.Round(100*time.Millisecond)))
	return clock.Sleep(ctx, d)
}
