package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"homeroom/dev/campus"
	"homeroom/dev/instance"
	"homeroom/dev/pace"
	"homeroom/dev/play"
	"homeroom/dev/stack"
	"homeroom/engine"
	"homeroom/internal/clock"
	"homeroom/internal/standin"
	"homeroom/rules"
)

const (
	startTime = time.Minute      // maximum time for the first start on a slow disk
	stopTime  = 20 * time.Second // maximum time for stopping after Ctrl-C
)

// runCommand starts everything and plays a term, or waits for events.
type runCommand struct {
	portFlags
	Academy  string     `type:"existingdir" default:"examples/academy" placeholder:"DIR" help:"The growth team's folder. Default: ${default}."`
	Live     bool       `help:"Play nothing: real time, waiting for your events."`
	Lapse    play.Lapse `name:"timelapse" default:"1d=4s" placeholder:"1d=4s" help:"How fast the term passes. Default: a day in four seconds."`
	Learners int        `default:"40" help:"Learners on the campus. Default: ${default}."`
	Days     int        `default:"45" help:"Days of the term. Default: ${default}."`
	Seed     uint64     `default:"1" help:"The same seed makes the same term. Default: ${default}."`
	Data     string     `type:"path" placeholder:"DIR" help:"Keep NATS streams and Temporal's database here. Default: in memory, gone at the end."`
}

// Help is shown by `go run ./dev run --help`.
func (*runCommand) Help() string {
	return `Starts NATS, Temporal, its UI, a stand-in SendGrid with an inbox, and Homeroom with the example academy, then plays a
term of a small campus in time-lapse and prints what Homeroom decides. Nothing leaves this machine. In a terminal space
pauses the campus, + and - change its pace, j goes to the next morning, n to the next message.

Examples:
  go run ./dev
  go run ./dev --live
  go run ./cmd/homeroom emit assessment.graded --learner u_42 \
    assessment_id=q1 score_pct=40 passed=false \
    --trait email=ada@example.org       # in a second terminal`
}

// Run serves until ctx ends.
func (r *runCommand) Run(ctx context.Context, c *console) error {
	academy, problems := rules.LoadDir(r.Academy)
	if academy == nil {
		problems.Format(c.out, c.color)
		return fmt.Errorf("%s has mistakes: see above", r.Academy)
	}
	if err := explainPorts(r.stackPorts().Check()); err != nil {
		return err
	}
	term := campus.Term(campus.Options{Learners: r.Learners, Days: r.Days, Seed: r.Seed})
	changing, err := r.openClock(term[0].Event.Time)
	if err != nil {
		return err
	}
	now := clock.Real()
	if changing != nil {
		now = changing.Clock()
		defer r.keepClock(c, now)()
	}
	s, err := r.startStack(ctx, c, now)
	if err != nil {
		return err
	}
	return errors.Join(r.serveHomeroom(ctx, c, s, academy, changing, term), stopStack(s))
}

// openClock returns a clock that shows the first event's time in three seconds, or nil with --live, which is real time. With
// --data the clock continues that of the earlier run.
func (r *runCommand) openClock(first time.Time) (*clock.Changing, error) {
	if r.Live {
		return nil, nil
	}
	fresh := clock.New(time.Now().Add(3*time.Second), first, r.Lapse.Factor())
	if r.Data == "" {
		return clock.NewChanging(fresh), nil
	}
	return keptClock(r.clockFile(), fresh)
}

// clockFile is where the clock is kept with --data.
func (r *runCommand) clockFile() string { return filepath.Join(r.Data, "clock.json") }

// keepClock keeps the clock with --data, until the returned function is called: also while everything is being stopped.
func (r *runCommand) keepClock(c *console, now clock.Clock) (stop func()) {
	if r.Data == "" {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	var keeping sync.WaitGroup
	keeping.Go(func() { followClock(ctx, c, r.clockFile(), now) })
	return func() {
		cancel()
		keeping.Wait()
	}
}

// startStack starts the stack.
func (r *runCommand) startStack(ctx context.Context, c *console, now clock.Clock) (*stack.Stack, error) {
	starting, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	return stack.Start(starting, stack.Options{
		Ports: r.stackPorts(),
		Data:  r.Data,
		Log:   c.log,
		Mail: standin.Options{
			Now:     now.Now,
			Readers: r.campusReaders(),
			After:   func(d time.Duration) <-chan time.Time { return afterOn(ctx, now, d) },
		},
	})
}

// campusReaders returns the simulated readers of the campus.
func (r *runCommand) campusReaders() standin.Readers {
	if r.Live {
		return standin.Readers{} // only the developer reads the mail
	}
	return standin.TypicalReaders(r.Seed)
}

// serveHomeroom runs Homeroom on the stack until ctx ends. Without a changing clock it runs in real time.
func (r *runCommand) serveHomeroom(ctx context.Context, c *console, s *stack.Stack, academy *rules.Academy, changing *clock.Changing, term []termEvent) error {
	if _, knows := academy.Catalog.Event(campus.EventClassBooked); knows {
		term = campus.WithLiveClasses(term)
	}
	phones, err := startPhones(s, term)
	if err != nil {
		return err
	}
	opts := instance.Options{Academy: academy, Log: c.log, API: true, Push: phones.push}
	var keeper *pace.Keeper
	if changing != nil {
		keeper = pace.NewKeeper(changing, pace.KeeperOptions{
			Limit:  pace.LimitOf(academy.Settings.MaxEventAge),
			OnHold: func(behind time.Duration) { fmt.Fprintln(c.out, play.BehindText(behind)) },
		})
		opts.Clock = changing.Clock()
		opts.Grace = graceAtAnyPace(opts.Clock)
		opts.OnDelay = keeper.NoteDelay
	}
	h, err := instance.Open(ctx, s, opts)
	if err != nil {
		return err
	}
	defer h.Close()
	console, err := h.OpenConsole(ctx, s, instance.ConsoleOptions{Port: r.ConsolePort, Log: c.log})
	if err != nil {
		return err
	}
	defer console.Close()
	if err := printBanner(c.out, s, addresses{
		console: console.URL,
		pages:   h.EdgeURL,
		api:     h.APIURL,
		phones:  phones.url,
		key:     h.WriteKey,
		data:    r.Data,
	}); err != nil {
		return err
	}
	control := startControl(ctx, c, h, changing, keeper)
	defer control.close()
	if err := instance.FollowDecisions(ctx, h.JS, func(d engine.Decision) {
		c.printDecision(d)
		control.noteDecision(d)
	}); err != nil {
		return err
	}
	if r.Live {
		fmt.Fprintln(c.out, "Waiting for your events, in real time.")
	} else if err := r.playTerm(ctx, c, h, academy, changing, term); err != nil {
		return err
	}
	select {
	case err := <-h.App.Failed():
		return err
	case <-ctx.Done():
		return nil
	}
}

// playTerm publishes the term's events at their times.
func (r *runCommand) playTerm(ctx context.Context, c *console, h *instance.Instance, academy *rules.Academy, changing *clock.Changing, term []termEvent) error {
	publisher := instance.Publisher{JS: h.JS, Catalog: academy.Catalog}
	last, err := h.LastStored(ctx)
	if err != nil {
		return err
	}
	var messages []instance.Message
	for _, d := range term {
		if !d.Event.Time.After(last) {
			continue // published before the restart
		}
		m, err := publisher.Message(d)
		if err != nil {
			return err
		}
		messages = append(messages, m)
	}
	fmt.Fprintf(c.out, "A term of %d learners, %d days, a day in %s: %d events.\n\n", r.Learners, r.Days,
		pace.DayTakes(changing.Pace()), len(messages))
	if err := publisher.Play(ctx, h.Clock, messages, nil); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	fmt.Fprintln(c.out, "\nThe term is over; runs that wait still fall due. Ctrl-C stops.")
	return nil
}

// stopStack stops the stack within stopTime.
func stopStack(s *stack.Stack) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	return s.Stop(ctx)
}
