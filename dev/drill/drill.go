package drill

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"time"

	"homeroom/dev/standin"
)

// Drill is one disaster.
type Drill struct {
	Name  string
	About string // what happens, and what must come of it
	setup setup
	run   func(ctx context.Context, w *world) error
}

// Size is how much of everything a drill uses.
type Size string

// The sizes.
const (
	Full  Size = "full"  // minutes; as far as one machine can go
	Quick Size = "quick" // seconds; for tests
)

// Options say how a drill is run.
type Options struct {
	Size Size // default Full
	// Process returns a command that runs [process.Serve] on its standard input and output. Required.
	Process func() *exec.Cmd
	// Patience is how long to wait, when all is mended, while nothing moves. Default: 5 minutes, Quick 3 minutes: a
	// delivery whose question to NATS was lost is taken up again after two.
	Patience time.Duration
	// Progress hears what is going on, in a few words; nil: nobody does.
	Progress func(string)
	// Log hears of servers' errors; nil: nobody does. Verbose lets Homeroom's process write its warnings to Process's
	// standard error.
	Log     *slog.Logger
	Verbose bool

	// tamper makes the provider lie: a drill must be able to fail.
	tamper func(*standin.Listener)
}

func (o *Options) setDefaults() error {
	if o.Process == nil {
		return errors.New("drill: Options.Process is missing")
	}
	if o.Size == "" {
		o.Size = Full
	}
	if o.Patience == 0 {
		o.Patience = 5 * time.Minute
		if o.Size == Quick {
			o.Patience = 3 * time.Minute
		}
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}

// bySize returns what belongs to the size.
func bySize[T any](s Size, full, quick T) T {
	if s == Quick {
		return quick
	}
	return full
}

// All are the drills, in the order in which `drill all` runs them.
func All() []Drill {
	return []Drill{
		killDrill(), temporalAwayDrill(), natsAwayDrill(), providerDownDrill(), badRuleDrill(), stuckLearnerDrill(), redeliveryDrill(), webhooksDrill(), backlogDrill(),
	}
}

// Find returns the drill of that name.
func Find(name string) (Drill, error) {
	for _, d := range All() {
		if d.Name == name {
			return d, nil
		}
	}
	return Drill{}, fmt.Errorf("there is no drill %q: `drill list` shows them", name)
}

// Run runs a drill on servers of its own and accounts for everything. An error means that the drill could not be run to
// its end, so that nothing can be said; whether it went well is [Report.Passed].
func (d Drill) Run(ctx context.Context, o Options) (Report, error) {
	if err := o.setDefaults(); err != nil {
		return Report{}, err
	}
	began := time.Now()
	w, err := openWorld(ctx, d.setup, o)
	if err != nil {
		return Report{}, fmt.Errorf("drill %s: %w", d.Name, err)
	}
	defer w.close()
	if o.tamper != nil {
		o.tamper(w.mail)
	}
	if err := d.run(ctx, w); err != nil {
		return Report{}, fmt.Errorf("drill %s: %w", d.Name, err)
	}
	report, err := w.awaitSettled(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("drill %s: %w", d.Name, err)
	}
	report.Drill = d.Name
	report.Seconds = time.Since(began).Seconds()
	return report, nil
}
