package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"homeroom/dev/campus"
	"homeroom/dev/instance"
	"homeroom/dev/stack"
	"homeroom/internal/clock"
	"homeroom/internal/standin"
	"homeroom/rules"
	"homeroom/subjects"
	"homeroom/workflows"
)

// Options say what is measured.
type Options struct {
	Academy  *rules.Academy // the rules that the campus lives under
	Learners int            // of the campus
	Days     int            // of its term
	Seed     uint64
	Factor   float64 // how many times faster than the clock the term passes
	Events   int     // number of events that no rule needs, for the figures per second
	Dir      string  // directory for all data; must be empty
	Log      *slog.Logger
	// ProfileViews, if not nil, gets a processor profile of the time in which Pages looks at pages.
	ProfileViews io.Writer
	// Progress is called with the progress of a stage; total is 0 if it is not known. May be nil.
	Progress func(stage string, done, total int)
}

func (o *Options) progressOf(stage string) func(done, total int) {
	return func(done, total int) {
		if o.Progress != nil {
			o.Progress(stage, done, total)
		}
	}
}

const (
	startTime = 2 * time.Minute  // of the servers, on a slow disk
	stopTime  = 30 * time.Second // of the same
)

// startServers starts servers that keep their data in the directory name below Options.Dir. The returned function stops them.
func (o *Options) startServers(ctx context.Context, name string, mail standin.Options) (*stack.Stack, func() error, error) {
	return o.startStack(ctx, stack.Options{Data: o.Dir + "/" + name, Mail: mail, Log: o.Log})
}

// startStack starts servers. The returned function stops them.
func (o *Options) startStack(ctx context.Context, opts stack.Options) (*stack.Stack, func() error, error) {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	s, err := stack.Start(ctx, opts)
	if err != nil {
		return nil, nil, err
	}
	return s, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), stopTime)
		defer cancel()
		return s.Stop(ctx)
	}, nil
}

// watchedAfter is how long a term goes on after its last event, so that the longest of the academy's waits falls due.
const watchedAfter = 16 * 24 * time.Hour

// term is the cost of a term of the campus.
type term struct {
	events, messages int
	cost             *Account
	resting          *restingCost
}

// playTerm plays a term in time-lapse, on the production path, and reads its cost.
func (o *Options) playTerm(ctx context.Context) (t *term, err error) {
	load := campusLoad(campus.Options{Learners: o.Learners, Days: o.Days, Seed: o.Seed})
	c := clock.New(time.Now().Add(5*time.Second), load[0].Event.Time, o.Factor)
	s, stop, err := o.startServers(ctx, "term", standin.Options{Now: c.Now, Keep: 100_000})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	h, err := instance.Open(ctx, s, instance.Options{Academy: o.Academy, Clock: c, Log: o.Log, Production: true})
	if err != nil {
		return nil, err
	}
	defer h.Close()
	publisher := instance.Publisher{JS: h.JS, Catalog: o.Academy.Catalog}
	var messages []instance.Message
	for _, d := range load {
		m, err := publisher.Message(d)
		if err != nil {
			return nil, err
		}
		messages = append(messages, m)
	}
	report := o.progressOf("a term in time-lapse: events")
	if err := publisher.Play(ctx, c, messages, func(n int) { report(n, len(messages)) }); err != nil {
		return nil, err
	}
	// Resting learners are measured now, during their courses: at the end of the play all have retired.
	rests, err := measureResting(ctx, h.Temporal, o.Dir+"/term/temporal/temporal.db")
	if err != nil {
		return nil, err
	}
	if err := o.runClockTo(ctx, h, load[len(load)-1].Event.Time.Add(watchedAfter)); err != nil {
		return nil, err
	}
	t = &term{events: len(load), messages: s.Mail.Counts().Accepted, resting: rests}
	h.App.Stop() // so that the histories do not change any more
	if t.cost, err = readAccount(ctx, h.Temporal, fmt.Sprintf("WorkflowType = %q", workflows.LearnerWorkflow), o.progressOf("reading histories")); err != nil {
		return nil, err
	}
	retired, err := retiredRuns(ctx, h.Temporal)
	t.resting.retired = len(retired)
	return t, err
}

// runClockTo waits until the clock shows the end and everything that is due by then has been decided.
func (o *Options) runClockTo(ctx context.Context, h *instance.Instance, end time.Time) error {
	report := o.progressOf("the weeks after, in hours")
	began := h.Clock.Now()
	for h.Clock.Now().Before(end) {
		report(int(h.Clock.Now().Sub(began).Hours()), int(end.Sub(began).Hours()))
		if err := clock.Sleep(ctx, min(200*time.Millisecond, time.Until(h.Clock.When(end)))); err != nil {
			return err
		}
	}
	for p := range subjects.Partitions {
		h.App.Store().Control.AwaitHandedOver(ctx, p, end, time.Minute)
	}
	return clock.Sleep(ctx, visibilityDelay)
}
