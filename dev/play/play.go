package play

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/dev/instance"
	"homeroom/dev/pace"
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
	// AssumeReachable gives every learner an address before the first event.
	AssumeReachable bool
	Log             *slog.Logger
	// Progress is called several times a second with the clock's time. May be nil.
	Progress func(now, until time.Time)
	// Say is told in a line that the machine is behind the clock, so that the clock waits, and at the end how long it did. May be nil.
	Say func(line string)
}

// startLead is how long before the first event the clock starts, in real time, so that Homeroom is running by then.
const startLead = 3 * time.Second

// Run plays a recording on the stack and returns what was decided up to the end. While the machine is behind, the clock waits, so that no event is decided when it
// is stale.
func Run(ctx context.Context, s *stack.Stack, rec *Recording, o Options) (*simulate.Document, error) {
	if o.Until.IsZero() {
		o.Until = rec.End().Add(30 * 24 * time.Hour)
	}
	if o.Say == nil {
		o.Say = func(string) {}
	}
	changing := clock.NewChanging(clock.New(time.Now().Add(startLead), rec.Messages[0].At, o.Lapse.Factor()))
	keeper := pace.NewKeeper(changing, pace.KeeperOptions{
		Limit:  pace.LimitOf(o.Academy.Settings.MaxEventAge),
		OnHold: func(behind time.Duration) { o.Say(BehindText(behind)) },
	})
	h, err := instance.Open(ctx, s, instance.Options{Academy: o.Academy, Clock: changing.Clock(), Log: o.Log, OnDelay: keeper.NoteDelay})
	if err != nil {
		return nil, err
	}
	defer h.Close()
	if o.AssumeReachable {
		if err := giveAddresses(ctx, h, rec); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	var keeping sync.WaitGroup
	defer keeping.Wait()
	defer cancel()
	keeping.Go(func() { keeper.Run(ctx, h.HandedOver) })
	collected := &decisionCollector{collector: simulate.NewCollector(false), until: o.Until}
	if err := instance.FollowDecisions(ctx, h.JS, collected.addDecision); err != nil {
		return nil, err
	}
	began := time.Now()
	if err := publishRecording(ctx, h, keeper, rec, o); err != nil {
		return nil, err
	}
	if err := awaitEnd(ctx, h, collected, o); err != nil {
		return nil, err
	}
	if held := keeper.Held(); held > 0 {
		o.Say(heldText(held, time.Since(began), o.Lapse))
	}
	dead, err := countDeadLetters(ctx, h.JS)
	if err != nil {
		return nil, err
	}
	doc := collected.makeDocument(len(rec.Messages)-dead, len(rec.Learners), dead+rec.Unpublishable)
	return &doc, nil
}

// publishRecording publishes the messages at their times, and notes how late each is.
func publishRecording(ctx context.Context, h *instance.Instance, keeper *pace.Keeper, rec *Recording, o Options) error {
	publisher := instance.Publisher{JS: h.JS, Catalog: o.Academy.Catalog}
	return publisher.Play(ctx, h.Clock, rec.Messages, func(n int) {
		now := h.Clock.Now()
		keeper.NoteDelay(now.Sub(rec.Messages[n-1].At))
		if o.Progress != nil {
			o.Progress(now, o.Until)
		}
	})
}

// BehindText says that the machine is behind the clock.
func BehindText(behind time.Duration) string {
	return fmt.Sprintf("This machine is %.0fh behind the campus's clock, which waits for it now and then.", behind.Hours())
}

// heldText says how long the clock waited, and at what pace it need not have.
func heldText(held, took time.Duration, lapse Lapse) string {
	ran := max(took-held, time.Millisecond)
	day := float64(24*time.Hour) / lapse.Factor() * float64(took) / float64(ran)
	return fmt.Sprintf("The clock waited %s of %s: this machine plays 1d=%s.", held.Round(time.Second), took.Round(time.Second), time.Duration(day).Round(time.Second/10))
}

// giveAddresses stores an address for every learner of the recording.
func giveAddresses(ctx context.Context, h *instance.Instance, rec *Recording) error {
	for learner := range rec.Learners {
		traits := map[string]any{"email": subjects.Escape(learner) + "@play.example"}
		if _, err := h.App.Store().Profiles.Merge(ctx, learner, traits, rec.Messages[0].At); err != nil {
			return fmt.Errorf("giving learner %s an address: %w", learner, err)
		}
	}
	return nil
}

// quietTime is how long, in real time, no decision must come before the play is over.
const quietTime = time.Second

// progressEvery is how often, in real time, progress is told after the last event.
const progressEvery = 200 * time.Millisecond

// awaitEnd waits until the clock shows the end and everything that is due by then has been decided.
func awaitEnd(ctx context.Context, h *instance.Instance, collected *decisionCollector, o Options) error {
	for h.Clock.Now().Before(o.Until) {
		if err := clock.Sleep(ctx, min(time.Until(h.Clock.When(o.Until)), progressEvery)); err != nil {
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
	collected.resetQuiet()
	for {
		since := collected.sinceLastDecision()
		if since >= quietTime {
			return nil
		}
		if err := clock.Sleep(ctx, quietTime-since); err != nil {
			return err
		}
	}
}

func countDeadLetters(ctx context.Context, js jetstream.JetStream) (int, error) {
	stream, err := js.Stream(ctx, subjects.DeadStream)
	if err != nil {
		return 0, fmt.Errorf("counting dead letters: %w", err)
	}
	return int(stream.CachedInfo().State.Msgs), nil
}

// decisionCollector collects the decisions up to the end of the play.
type decisionCollector struct {
	mu        sync.Mutex
	collector *simulate.Collector
	until     time.Time
	last      time.Time
}

func (e *decisionCollector) addDecision(d engine.Decision) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !d.At.After(e.until) {
		e.last = time.Now()
		e.collector.Add(d)
	}
}

func (e *decisionCollector) resetQuiet() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.last = time.Now()
}

func (e *decisionCollector) sinceLastDecision() time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	return time.Since(e.last)
}

func (e *decisionCollector) makeDocument(events, learners, dead int) simulate.Document {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.collector.Document(events, learners, dead)
}
