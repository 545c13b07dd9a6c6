package drill

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"time"

	"homeroom/internal/standin"
)

// Drill is one disaster.
type Drill struct {
	Name  string
	About string // what happens, and what the outcome must be
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
	// Patience is how long a drill waits without progress after all servers are back. Default: 5 minutes, Quick 3 minutes:
	// a delivery whose request to NATS was lost is retried after two.
	Patience time.Duration
	// Seed makes the same random schedule again in a drill that has one; 0: Quick always takes the same, Full another each time. The report names it.
	Seed uint64
	// Progress is called with the current step, in a few words. May be nil.
	Progress func(string)
	// Log receives the servers' errors. May be nil. Verbose makes Homeroom's process write its warnings to Process's
	// standard error.
	Log     *slog.Logger
	Verbose bool

	// tamper changes the stand-in SendGrid before a drill runs, so that tests can show that a drill fails.
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

// bySize returns full or quick, according to the size.
func bySize[T any](s Size, full, quick T) T {
	if s == Quick {
		return quick
	}
	return full
}

// All returns the drills, in the order in which `drill all` runs them.
func All() []Drill {
	return []Drill{
		killDrill(), temporalAwayDrill(), natsAwayDrill(), providerDownDrill(), badRuleDrill(), stuckLearnerDrill(), damageDrill(), redeliveryDrill(), webhooksDrill(), channelsDrill(), mergeDrill(), backlogDrill(), burstDrill(), broadcastDrill(),
		rewindDrill(), stormDrill(), chaosDrill(),
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
// its end and has no result; whether a finished drill went well is [Report.Passed].
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
	// In a small drill a minute is a fifth of a second: on a busy machine no other mail of it may prove that reports came.
	if o.Size == Full && d.setup.settleAfter > 0 && !d.setup.mayStayUncertain && report.Uncertain > 0 {
		report.addWrong("%d mails stayed uncertain, and the provider's reports say what became of them", report.Uncertain)
	}
	report.Drill = d.Name
	report.Seconds = time.Since(began).Seconds()
	return report, nil
}
