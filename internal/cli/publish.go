package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.temporal.io/sdk/client"

	"homeroom/engine"
	"homeroom/publish"
	"homeroom/rules"
	"homeroom/store"
	"homeroom/worker"
)

// PublishFlags are what every command takes that puts rules in force.
type PublishFlags struct {
	NATSFlags
	InFlight string `name:"in-flight" enum:"finish,migrate,cancel" default:"finish" help:"What happens to live runs: finish (they end on the rules they began with), migrate (they go on at the step with the same id, or leave) or cancel (those of changed rules leave)." placeholder:"MODE"`
	Note     string `help:"Why, for the history." placeholder:"TEXT"`
	DryRun   bool   `name:"dry-run" help:"Say what would happen, and do nothing."`
	Yes      bool   `short:"y" help:"Do not ask."`
	Format   string `help:"How to print: text or json." enum:"text,json" default:"text"`
}

// RulesPublishCmd is `homeroom rules publish`.
type RulesPublishCmd struct {
	Dir string `arg:"" name:"academy" help:"The academy folder." type:"existingdir"`
	PublishFlags
}

// Help is shown by `homeroom rules publish --help`.
func (*RulesPublishCmd) Help() string {
	return `Compiles the folder, has every running instance compile it too and listen for its events, puts it in force, and then
wakes the learners whose next moment it changes. Nothing is restarted. If somebody else publishes at the same time one of the two is
told, and nothing of theirs is in force. Until it is in force, an error leaves everything as it was.

Example:
  homeroom rules publish academy --dry-run
  homeroom rules publish academy --in-flight migrate --note "shorter waits"`
}

// Run publishes the folder.
func (c *RulesPublishCmd) Run(ctx context.Context, o IO) error {
	academy, err := loadAcademy(c.Dir)
	if err != nil {
		return err
	}
	return c.with(ctx, o, func(d *desk) error { return c.publish(ctx, d, academy) })
}

// RulesRollbackCmd is `homeroom rules rollback`.
type RulesRollbackCmd struct {
	To string `arg:"" name:"revision" help:"Its number or its hash, as homeroom rules history shows them."`
	PublishFlags
}

// Help is shown by `homeroom rules rollback --help`.
func (*RulesRollbackCmd) Help() string {
	return `Publishes a revision that was in force before once more. It is a publication like every other: it has a number of its
own, reaches learners who sleep, and can be rolled back.

Example:
  homeroom rules rollback 7 --in-flight cancel --note "the new nudge was wrong"`
}

// Run publishes an earlier revision.
func (c *RulesRollbackCmd) Run(ctx context.Context, o IO) error {
	return c.with(ctx, o, func(d *desk) error {
		bundle, err := d.revision(ctx, c.To)
		if err != nil {
			return err
		}
		academy, problems := rules.FromBundle(bundle.Files)
		if problems.Err() != nil {
			return fmt.Errorf("revision %s does not compile with this version of Homeroom: %w", publish.ShortHash(bundle.Hash), problems.Err())
		}
		if c.Note == "" {
			c.Note = "rollback to " + c.To
		}
		return c.publish(ctx, d, academy)
	})
}

// RulesSweepCmd is `homeroom rules sweep`.
type RulesSweepCmd struct {
	NATSFlags
	Format string `help:"How to print: text or json." enum:"text,json" default:"text"`
}

// Help is shown by `homeroom rules sweep --help`.
func (*RulesSweepCmd) Help() string {
	return `Goes over all learners once more for the publication in force, should homeroom rules publish have been interrupted.
Whoever has been told already has nothing left to do, so it may run any number of times.`
}

// Run sweeps.
func (c *RulesSweepCmd) Run(ctx context.Context, o IO) error {
	return (&PublishFlags{NATSFlags: c.NATSFlags, Format: c.Format}).with(ctx, o, func(d *desk) error {
		plan, err := d.publisher.Resume(ctx)
		if err != nil {
			return err
		}
		swept, err := d.publisher.Sweep(ctx, plan)
		d.clear()
		if err != nil {
			return err
		}
		return d.print(c.Format, sweepReport{Swept: &swept}, toldLine(swept))
	})
}

// sweepReport is what --format json prints.
type sweepReport struct {
	DryRun    bool                 `json:"dry_run,omitempty"`
	InFlight  engine.RunPolicy     `json:"in_flight,omitempty"`
	Change    *publish.Change      `json:"change,omitempty"`
	Touched   []string             `json:"touched_rules,omitempty"`
	Expected  *publish.SweepCounts `json:"expected,omitempty"`
	Published *store.Pointer       `json:"published,omitempty"`
	Swept     *publish.SweepCounts `json:"swept,omitempty"`
}

// publish asks, publishes and sweeps.
func (c *PublishFlags) publish(ctx context.Context, d *desk, academy *rules.Academy) error {
	plan, err := d.publisher.Prepare(ctx, academy, engine.RunPolicy(c.InFlight))
	if err != nil {
		return err
	}
	expected, err := d.publisher.Count(ctx, plan)
	d.clear()
	if err != nil {
		return err
	}
	report := sweepReport{DryRun: c.DryRun, InFlight: plan.InFlight, Change: &plan.Change, Touched: plan.Touched, Expected: &expected}
	outlook := outlook(plan, expected)
	if c.DryRun {
		return d.print(c.Format, report, outlook+"\nNothing was published.")
	}
	if err := c.agree(d, outlook); err != nil {
		return err
	}
	published, err := d.publisher.Publish(ctx, plan, whoami(), c.Note)
	d.clear()
	if errors.Is(err, store.ErrPublishedMeanwhile) {
		return d.moved(ctx)
	} else if err != nil {
		return err
	}
	swept, err := d.publisher.Sweep(ctx, plan)
	d.clear()
	if err != nil {
		return err
	}
	report.Published = &published
	report.Swept = &swept
	return d.print(c.Format, report, fmt.Sprintf("In force as no. %d: %s. %s", published.Number, publish.ShortHash(published.Hash), toldLine(swept)))
}

// agree shows what would happen and asks.
func (c *PublishFlags) agree(d *desk, outlook string) error {
	if c.Format == "text" {
		if _, err := fmt.Fprintln(d.io.Out, outlook); err != nil {
			return err
		}
	}
	if c.Yes {
		return nil
	}
	if !d.io.Terminal || d.io.In == nil {
		return usage(errors.New("nothing was published: look at it with --dry-run, then add --yes"))
	}
	fmt.Fprint(d.io.Err, "Publish? [y/N] ")
	answer, _ := bufio.NewReader(d.io.In).ReadString('\n')
	if !slices.Contains([]string{"y", "yes"}, strings.ToLower(strings.TrimSpace(answer))) {
		return ExitError{Code: 1, Err: errors.New("nothing was published")}
	}
	return nil
}

// outlook says what a publication would do.
func outlook(plan *publish.Plan, expected publish.SweepCounts) string {
	var b strings.Builder
	switch {
	case plan.InForce():
		fmt.Fprintf(&b, "%s is in force already, as no. %d; learners are gone over once more.\n", publish.ShortHash(plan.From.Hash), plan.From.Number)
	case plan.From.Hash == "":
		fmt.Fprintf(&b, "%s will be the first in force.\n", publish.ShortHash(plan.Change.To))
	default:
		fmt.Fprintf(&b, "%s will replace %s (no. %d, by %s at %s%s).\n", publish.ShortHash(plan.Change.To), publish.ShortHash(plan.From.Hash),
			plan.From.Number, plan.From.Author, plan.From.At.Format(time.RFC3339), because(plan.From.Note))
	}
	b.WriteString(changeLines(plan.Change))
	fmt.Fprintf(&b, "Live runs %s: %s affected, %s to be woken.", mode(plan.InFlight), count(expected.LiveRuns, "learner"), count(expected.Woken, "more learner"))
	return b.String()
}

// mode says what happens to live runs.
func mode(m engine.RunPolicy) string {
	switch m {
	case engine.RunPolicyMigrate:
		return "move to the new rules"
	case engine.RunPolicyCancel:
		return "of changed rules leave"
	case engine.RunPolicyFinish:
	}
	return "end on the rules they began with"
}

// changeLines lists what differs, one rule or file a line.
func changeLines(c publish.Change) string {
	var b strings.Builder
	for _, list := range []struct {
		sign, what string
		names      []string
	}{
		{"+", "new rule", c.Added}, {"~", "changed rule", c.Changed}, {"-", "removed rule", c.Removed},
		{"~", "reworded", c.Reworded}, {">", "no longer paused", c.Lifted},
	} {
		for _, name := range list.names {
			fmt.Fprintf(&b, "  %s %s: %s\n", list.sign, name, list.what)
		}
	}
	for _, file := range c.Files {
		if !strings.HasPrefix(file, "rules/") {
			fmt.Fprintf(&b, "  ~ %s\n", file)
		}
	}
	if b.Len() == 0 {
		return "  nothing differs\n"
	}
	return b.String()
}

func toldLine(s publish.SweepCounts) string {
	return fmt.Sprintf("%s told: %d with live runs, %d woken.", count(s.Signaled(), "learner"), s.LiveRuns, s.Woken)
}

// desk is what the commands about published rules work at.
type desk struct {
	io        IO
	store     *store.Store
	temporal  client.Client
	publisher *publish.Publisher
	drawn     bool
}

// with connects to NATS and Temporal.
func (c *PublishFlags) with(ctx context.Context, o IO, do func(*desk) error) error {
	return withStore(ctx, o, c.NATSFlags, func(js jetstream.JetStream, d *desk) error {
		temporal, _, err := dialTemporal(ctx)
		if err != nil {
			return err
		}
		defer temporal.Close()
		d.temporal = temporal
		d.publisher = publish.New(publish.Options{
			Store:    d.store,
			Temporal: temporal,
			Starter:  worker.NewStarter(temporal),
			Learners: publish.StreamLearners{JS: js},
			Now:      o.Now,
			Real:     o.Now,
			Random:   rand.Float64,
			Progress: d.progress,
		})
		return do(d)
	})
}

// moved says who was faster.
func (d *desk) moved(ctx context.Context) error {
	now, err := d.store.Rulesets.Current(ctx)
	if err != nil {
		return err
	}
	return fmt.Errorf("nothing was published: meanwhile %s published %s, no. %d%s. Look at it with `homeroom rules diff %d %d`, then publish again",
		now.Author, publish.ShortHash(now.Hash), now.Number, because(now.Note), now.Number-1, now.Number)
}

// progress draws how far it is, over itself, where a person looks.
func (d *desk) progress(p publish.Progress) {
	if !d.io.Terminal {
		return
	}
	line := p.Stage
	if p.Swept.Seen > 0 {
		line += fmt.Sprintf(" · %s, %d told", count(p.Swept.Seen, "learner"), p.Swept.Signaled())
	}
	d.drawn = true
	fmt.Fprintf(d.io.Err, "\r\x1b[K%s", line)
}

// clear removes the progress line.
func (d *desk) clear() {
	if d.drawn {
		d.drawn = false
		fmt.Fprint(d.io.Err, "\r\x1b[K")
	}
}

func (d *desk) print(format string, report any, text string) error {
	if format != "json" {
		_, err := fmt.Fprintln(d.io.Out, text)
		return err
	}
	e := json.NewEncoder(d.io.Out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(report)
}
