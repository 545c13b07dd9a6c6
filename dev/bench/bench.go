package bench

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"

	"homeroom/dev/campus"
	"homeroom/dev/instance"
	"homeroom/internal/standin"
)

// naiveSample is the number of events for the naive baseline, which is slow.
const naiveSample = 2000

// waitingLearners is the number of learners who wait when the memory is measured.
const waitingLearners = 10_000

// Run measures everything except the jobs. command starts a process that runs [process.Serve].
func (o *Options) Run(ctx context.Context, command func() *exec.Cmd) (*Report, error) {
	r := newReport(fmt.Sprintf("campus: %d learners, %d days, seed %d; a day in %s; %s events that no rule needs", o.Learners, o.Days, o.Seed,
		time.Duration(float64(24*time.Hour)/o.Factor).Round(time.Millisecond), withCommas(float64(o.Events))))
	for _, measure := range []func(context.Context, *Report) error{o.measureBaselines, o.measureCampus, o.measureNudges, o.measureCore} {
		if err := measure(ctx, r); err != nil {
			return r, err
		}
	}
	return r, o.reportMemory(ctx, r, command)
}

// measureBaselines measures raw reading, triggers and the naive way on the same servers, one after the other.
func (o *Options) measureBaselines(ctx context.Context, r *Report) (err error) {
	s, stop, err := o.startServers(ctx, "ingest", standin.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	in, err := o.measureIngest(ctx, s.NATSURL, func() (*instance.Instance, error) { return instance.Open(ctx, s, realTime(o.Academy, o.Log)) })
	if err != nil {
		return err
	}
	each := func(p perSecond) string {
		return fmt.Sprintf("%s events/s, %.0f µs of processor each", withCommas(p.rate()), p.processorEach())
	}
	r.addFigure(Figure{Name: "raw: fetch and ack", Value: each(in.raw), Note: "one consumer of the whole stream", Data: ratesOf(in.raw)})
	r.addFigure(Figure{Name: "raw, 16 partitions", Value: each(in.partitioned), Note: "the consumers that triggers have", Data: ratesOf(in.partitioned)})
	ratio := in.homeroom.rate() / in.raw.rate()
	r.addFigure(Figure{Name: "ingest of events no rule needs", Value: each(in.homeroom), Data: ratesOf(in.homeroom)})
	r.addFigure(Figure{
		Name:   "  as part of raw",
		Value:  fmt.Sprintf("%.2f", ratio),
		Budget: "≥ 0.5",
		Met:    budgetMet(ratio >= 0.5),
		Note:   fmt.Sprintf("%.2f of raw with 16 partitions", in.homeroom.rate()/in.partitioned.rate()),
		Data:   map[string]float64{"ratio": ratio, "ratio_partitioned": in.homeroom.rate() / in.partitioned.rate()},
	})
	c, err := client.DialContext(ctx, client.Options{HostPort: s.TemporalAddress, Namespace: s.Namespace, Logger: sdklog.NewStructuredLogger(o.Log)})
	if err != nil {
		return fmt.Errorf("connecting to Temporal at %s: %w", s.TemporalAddress, err)
	}
	defer c.Close()
	sample := campusLoad(campus.Options{Learners: o.Learners, Days: o.Days, Seed: o.Seed})
	n, err := o.runNaive(ctx, c, sample[:min(naiveSample, len(sample))])
	if err != nil {
		return err
	}
	r.addFigure(Figure{
		Name:  "naive: Temporal actions per 1,000 events",
		Value: withCommas(per1000Events(n.cost.Actions, n.events)),
		Note:  fmt.Sprintf("%d events, %.0f/s: %s", n.events, float64(n.events)/n.took.Seconds(), n.cost),
		Data:  costsOf(n.cost, n.events),
	})
	return nil
}

func ratesOf(p perSecond) map[string]float64 {
	return map[string]float64{"events": float64(p.events), "events_per_s": p.rate(), "processor_us_per_event": p.processorEach()}
}

func per1000Events(n, events int) float64 { return 1000 * float64(n) / float64(events) }

func costsOf(a *Account, events int) map[string]float64 {
	data := map[string]float64{
		"events": float64(events), "runs": float64(a.Runs), "actions": float64(a.Actions), "actions_per_1000_events": per1000Events(a.Actions, events),
		"transitions": float64(a.Transitions), "transitions_per_event": float64(a.Transitions) / float64(events),
		"history_events": float64(a.Events), "largest_history": float64(a.Largest),
	}
	for kind, n := range a.Of {
		data["actions: "+kind] = float64(n)
	}
	return data
}

// findFigure returns a number that was measured before; 0 if it was not.
func (r *Report) findFigure(name, data string) float64 {
	for _, f := range r.Figures {
		if f.Name == name {
			return f.Data[data]
		}
	}
	return 0
}

// measureCampus measures a term on the production path, and the learners who rest at its end.
func (o *Options) measureCampus(ctx context.Context, r *Report) error {
	t, err := o.playTerm(ctx)
	if err != nil {
		return err
	}
	each := per1000Events(t.cost.Actions, t.events)
	data := costsOf(t.cost, t.events)
	data["messages"] = float64(t.messages)
	data["learners"] = float64(o.Learners)
	r.addFigure(Figure{
		Name:   "Temporal actions per 1,000 events",
		Value:  withCommas(each),
		Budget: "≤ 60",
		Met:    budgetMet(each <= 60),
		Note:   fmt.Sprintf("%s events, %d messages: %s", withCommas(float64(t.events)), t.messages, t.cost),
		Data:   data,
	})
	if naive := r.findFigure("naive: Temporal actions per 1,000 events", "actions_per_1000_events"); naive > 0 {
		r.addFigure(Figure{
			Name:   "  fewer than naive",
			Value:  fmt.Sprintf("%.0f times", naive/each),
			Budget: "≥ 30 times",
			Met:    budgetMet(naive/each >= 30),
			Data:   map[string]float64{"times": naive / each},
		})
	}
	r.addFigure(Figure{
		Name:  "  per learner and 30 days",
		Value: fmt.Sprintf("%.0f", float64(t.cost.Actions)/float64(o.Learners)/float64(o.Days)*30),
		Note:  fmt.Sprintf("%.1f messages, %.0f events", float64(t.messages)/float64(o.Learners)/float64(o.Days)*30, float64(t.events)/float64(o.Learners)/float64(o.Days)*30),
		Data:  map[string]float64{"actions": float64(t.cost.Actions) / float64(o.Learners) / float64(o.Days) * 30},
	})
	r.addFigure(Figure{
		Name:  "state transitions per event",
		Value: fmt.Sprintf("%.2f", float64(t.cost.Transitions)/float64(t.events)),
		Data:  map[string]float64{"transitions_per_event": float64(t.cost.Transitions) / float64(t.events)},
	})
	r.addFigure(Figure{Name: "largest history of a run", Value: fmt.Sprintf("%d events", t.cost.Largest), Data: map[string]float64{"events": float64(t.cost.Largest)}})
	r.addFigure(restingFigure(t.resting))
	return nil
}

func restingFigure(rest *restingCost) Figure {
	f := Figure{
		Name:   "resting learner",
		Budget: "≤ 8 events, ≤ 6 KB",
		Value:  "none rests",
		Data:   map[string]float64{"resting": float64(rest.learners), "retired": float64(rest.retired)},
		Note:   fmt.Sprintf("median of %d at the end of the term; two weeks later %d runs had retired, which cost Temporal nothing", rest.learners, rest.retired),
	}
	if rest.learners > 0 {
		f.Value = fmt.Sprintf("%d events, %s", rest.events, sizeOf(rest.bytes))
		f.Met = budgetMet(rest.events <= 8 && rest.bytes <= 6<<10)
		f.Data["events"] = float64(rest.events)
		f.Data["bytes"] = float64(rest.bytes)
		f.Data["largest_events"] = float64(rest.largestEvents)
	}
	return f
}

func (o *Options) measureNudges(ctx context.Context, r *Report) error {
	n, err := o.measureNudge(ctx)
	if err != nil {
		return err
	}
	r.addFigure(Figure{
		Name:   "history events per nudge",
		Value:  fmt.Sprintf("%d, with a wait %d", n.atOnce, n.afterWait),
		Budget: "≤ 12, about 6 more per wait",
		Met:    budgetMet(n.atOnce <= 12 && n.afterWait <= n.atOnce+7),
		Data:   map[string]float64{"at_once": float64(n.atOnce), "with_a_wait": float64(n.afterWait)},
	})
	return nil
}

func (o *Options) measureCore(ctx context.Context, r *Report) error {
	for _, s := range measureSteps(o.Academy, o.Seed) {
		r.addFigure(Figure{
			Name:  "engine.Step, " + s.name + " event",
			Value: fmt.Sprintf("%.1f µs, %.0f allocations", inMicroseconds(s.new.took), s.new.allocs),
			Note:  fmt.Sprintf("after a term: %.1f µs, %.0f", inMicroseconds(s.old.took), s.old.allocs),
			Data:  map[string]float64{"new_us": inMicroseconds(s.new.took), "new_allocs": s.new.allocs, "old_us": inMicroseconds(s.old.took), "old_allocs": s.old.allocs},
		})
	}
	o.progressOf("backtest")(0, 0)
	b, err := measureBacktest(ctx, o.Academy, o.Seed)
	if err != nil {
		return err
	}
	perCore := 1e6 / b.processorEach()
	r.addFigure(Figure{
		Name:   "backtest",
		Value:  withCommas(perCore) + " events/s per core",
		Budget: "≥ 300,000",
		Met:    budgetMet(perCore >= 300_000),
		Note:   fmt.Sprintf("%s events/s on this machine", withCommas(b.rate())),
		Data:   map[string]float64{"events_per_s_per_core": perCore, "events_per_s": b.rate()},
	})
	return nil
}

func (o *Options) reportMemory(ctx context.Context, r *Report, command func() *exec.Cmd) error {
	w, err := o.measureMemory(ctx, waitingLearners, command)
	if err != nil {
		return err
	}
	r.addFigure(Figure{
		Name:   "memory of the dev stack, idle",
		Value:  sizeOf(w.idle),
		Budget: "≤ 400 MB",
		Met:    budgetMet(w.idle <= 400<<20),
		Note:   "NATS, Temporal, its UI, SendGrid's stand-in, Homeroom",
		Data:   map[string]float64{"bytes": float64(w.idle)},
	})
	r.addFigure(Figure{
		Name:  fmt.Sprintf("  with %s learners waiting", withCommas(float64(w.learners))),
		Value: sizeOf(w.waiting),
		Data:  map[string]float64{"bytes": float64(w.waiting)},
	})
	return nil
}

func inMicroseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }
