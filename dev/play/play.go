package play

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/dev/house"
	"homeroom/dev/stack"
	"homeroom/engine"
	"homeroom/internal/clock"
	"homeroom/rules"
	"homeroom/simulate"
	"homeroom/subjects"
)

// Options say what is played, and how fast.
type Options struct {
	Academy *rules.Academy
	Lapse   Lapse
	Until   time.Time // default: the last event + 30 days
	// AssumeReachable gives an address to every learner who has none when the play begins.
	AssumeReachable bool
	Log             *slog.Logger
	// Progress hears, now and then, how far the clock is. May be nil.
	Progress func(now, until time.Time)
}

// lead is how long before the first event the clock starts, for real: Homeroom is to be listening by then.
const lead = time.Second

// Run plays a recording on the stack and returns what was decided up to the end.
func Run(ctx context.Context, s *stack.Stack, rec *Recording, o Options) (*simulate.Document, error) {
	if o.Until.IsZero() {
		o.Until = rec.End().Add(30 * 24 * time.Hour)
	}
	c := clock.New(time.Now().Add(3*lead), rec.Messages[0].At, o.Lapse.Factor())
	h, err := house.Open(ctx, s, house.Options{Academy: o.Academy, Clock: c, Log: o.Log})
	if err != nil {
		return nil, err
	}
	defer h.Close()
	if o.AssumeReachable {
		if err := address(ctx, h, rec); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	heard := &ear{collector: simulate.NewCollector(false), until: o.Until}
	if err := house.Listen(ctx, h.JS, heard.take); err != nil {
		return nil, err
	}
	publisher := house.Publisher{JS: h.JS, Catalog: o.Academy.Catalog}
	report := func(int) {
		if o.Progress != nil {
			o.Progress(c.Now(), o.Until)
		}
	}
	if err := publisher.Play(ctx, c, rec.Messages, report); err != nil {
		return nil, err
	}
	if err := waitFor(ctx, h, heard, o); err != nil {
		return nil, err
	}
	dead, err := deadLetters(ctx, h.JS)
	if err != nil {
		return nil, err
	}
	doc := heard.document(len(rec.Messages)-dead, len(rec.Learners), dead+rec.Unpublishable)
	return &doc, nil
}

// address gives everybody an address.
func address(ctx context.Context, h *house.House, rec *Recording) error {
	for learner := range rec.Learners {
		traits := map[string]any{"email": subjects.Escape(learner) + "@play.example"}
		if _, err := h.App.Store().Profiles.Merge(ctx, learner, traits, rec.Messages[0].At); err != nil {
			return fmt.Errorf("giving learner %s an address: %w", learner, err)
		}
	}
	return nil
}

// quiet is how long, for real, nothing must have been decided before the play is over.
const quiet = time.Second

// waitFor lets the clock run to the end and then until everything due by then has been decided.
func waitFor(ctx context.Context, h *house.House, heard *ear, o Options) error {
	for h.Clock.Now().Before(o.Until) {
		if err := house.Sleep(ctx, min(time.Until(h.Clock.When(o.Until)), 200*time.Millisecond)); err != nil {
			return err
		}
		if o.Progress != nil {
			o.Progress(h.Clock.Now(), o.Until)
		}
	}
	for p := range subjects.Partitions {
		for h.App.Store().Control.AwaitHandedOver(ctx, p, o.Until, time.Minute).Before(o.Until) {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
	}
	heard.touch()
	for {
		since := heard.silence()
		if since >= quiet {
			return nil
		}
		if err := house.Sleep(ctx, quiet-since); err != nil {
			return err
		}
	}
}

func deadLetters(ctx context.Context, js jetstream.JetStream) (int, error) {
	stream, err := js.Stream(ctx, subjects.DeadStream)
	if err != nil {
		return 0, fmt.Errorf("counting dead letters: %w", err)
	}
	return int(stream.CachedInfo().State.Msgs), nil
}

// ear collects decisions up to the end.
type ear struct {
	mu        sync.Mutex
	collector *simulate.Collector
	until     time.Time
	last      time.Time
}

func (e *ear) take(d engine.Decision) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !d.At.After(e.until) {
		e.last = time.Now()
		e.collector.Add(d)
	}
}

func (e *ear) touch() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.last = time.Now()
}

func (e *ear) silence() time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	return time.Since(e.last)
}

func (e *ear) document(events, learners, dead int) simulate.Document {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.collector.Document(events, learners, dead)
}
