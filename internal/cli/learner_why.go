package cli

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/internal/narrate"
	reporting "homeroom/report"
	"homeroom/store"
	"homeroom/subjects"
	"homeroom/workflows"
)

// LearnerWhyCmd is `homeroom learner why`.
type LearnerWhyCmd struct {
	NATSFlags
	Learner    string   `arg:"" name:"id" help:"The learner's id."`
	Rule       string   `help:"Tell of this rule only." placeholder:"NAME"`
	Since      string   `default:"30d" help:"How far back: a duration (30d, 12h), a date, or all." placeholder:"T"`
	Format     string   `help:"How to print: text or json." enum:"text,json" default:"text"`
	Keys       []string `name:"encryption-key-file" env:"HOMEROOM_ENCRYPTION_KEY_FILE" type:"existingfile" help:"The keys that serve encrypts with, if it does." placeholder:"FILE"`
	TemporalUI string   `name:"temporal-ui" env:"HOMEROOM_TEMPORAL_UI" default:"http://127.0.0.1:8233" help:"Where the Temporal UI is, for the link to the learner's workflow." placeholder:"URL"`
}

// Help is shown by `homeroom learner why --help`.
func (*LearnerWhyCmd) Help() string {
	return `Tells one learner's story, run by run: what happened, what Homeroom decided and why, and what came of each message, from
the event that began it to the certificate that was shared and the friend who came. It prints ids, and no address or name.
What the learner's workflow decided but has not published yet is asked of it; without Temporal that is left out, and said.

Example:
  homeroom learner why u_42
  homeroom learner why u_42 --rule certificate-share --since all --format json`
}

// whyReport is what --format json prints.
type whyReport struct {
	reporting.Story
	Timezone string     `json:"timezone,omitempty"` // the learner's, if the profile knows one
	Since    *time.Time `json:"since,omitempty"`    // nil: all that is kept
	Workflow string     `json:"workflow"`           // URL
	// Problem says that what was decided last may be missing; empty: nothing is.
	Problem string `json:"problem,omitempty"`
}

// Run tells the story.
func (c *LearnerWhyCmd) Run(ctx context.Context, o IO) error {
	if err := subjects.ValidLearner(c.Learner); err != nil {
		return usage(err)
	}
	since, err := sinceFlag(c.Since, o.Now())
	if err != nil {
		return err
	}
	return withHistory(ctx, o, c.NATSFlags, since, func(h *history, st *store.Store) error {
		person, err := st.Profiles.Get(ctx, c.Learner)
		if err != nil {
			return err
		}
		zone := zoneOf(person.Timezone)
		untold, problem := c.untold(ctx)
		story, err := c.story(ctx, h, st, zone, untold)
		if err != nil {
			return err
		}
		if len(story.Runs) == 0 {
			if err := c.known(ctx, h, person.UpdatedAt); err != nil {
				return err
			}
		}
		answer := whyReport{Story: story, Workflow: workflowURL(c.TemporalUI, c.Learner)}
		if problem != nil {
			answer.Problem = "what was decided since the learner's last message may be missing: their workflow did not answer"
			fmt.Fprintf(o.Err, "Note: %s: %v\n", answer.Problem, problem)
		}
		if zone != nil {
			answer.Timezone = zone.String()
		}
		if !since.IsZero() {
			since := since.UTC().Truncate(time.Second)
			answer.Since = &since
		}
		if c.Format == "json" {
			enc := json.NewEncoder(o.Out)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "  ")
			return enc.Encode(answer)
		}
		return answer.write(o, c.Rule, zone)
	})
}

// story reads what is about the learner and puts it together. All rules are read even if one is told: whose merit a
// certificate or a referral is depends on the others.
func (c *LearnerWhyCmd) story(ctx context.Context, h *history, st *store.Store, zone *time.Location, untold []engine.Decision) (reporting.Story, error) {
	var decisions []engine.Decision
	var events []engine.Event
	err := h.decisions(ctx, subjects.DecisionsOf(c.Learner), func(d *engine.Decision) { decisions = append(decisions, *d) })
	if err == nil {
		err = h.events(ctx, []string{subjects.Stored(c.Learner)}, func(ev *engine.Event) { events = append(events, *ev) })
	}
	if err == nil { // published under the friend's name, maybe
		err = h.events(ctx, []string{subjects.StoredAs("referral.converted")}, func(ev *engine.Event) {
			if ev.Learner != c.Learner && reporting.Referrer(ev) == c.Learner {
				events = append(events, *ev)
			}
		})
	}
	if err != nil {
		return reporting.Story{}, err
	}
	prompts, err := asksToShare(ctx, st.Rulesets)
	if err != nil {
		return reporting.Story{}, err
	}
	return reporting.NewStory(c.Learner, append(decisions, untold...), events, reporting.StoryOptions{
		Rule:        c.Rule,
		AsksToShare: func(message string) bool { return prompts[message] },
		Clock:       func(t time.Time) string { return moment(t, zone) },
	}), nil
}

// untoldPatience is how long Temporal and a worker are given to say what is not published yet.
const untoldPatience = 5 * time.Second

// untold asks the learner's workflow for the decisions that are not in the stream yet.
func (c *LearnerWhyCmd) untold(ctx context.Context) ([]engine.Decision, error) {
	ctx, cancel := context.WithTimeout(ctx, untoldPatience)
	defer cancel()
	temporal, _, err := dialTemporal(ctx, c.Keys...)
	if err != nil {
		return nil, err
	}
	defer temporal.Close()
	answer, err := temporal.QueryWorkflow(ctx, workflows.WorkflowID(c.Learner), "", workflows.QueryUnpublished)
	var none *serviceerror.NotFound
	if errors.As(err, &none) {
		return nil, nil
	}
	var untold []engine.Decision
	if err == nil {
		err = answer.Get(&untold)
	}
	if err != nil {
		return nil, fmt.Errorf("no worker told what is not published yet (is Homeroom serving, and with which encryption keys?): %w", err)
	}
	return untold, nil
}

// known returns an error if nothing at all is known of the learner, which says what to look at.
func (c *LearnerWhyCmd) known(ctx context.Context, h *history, profile time.Time) error {
	events, err := h.holds(ctx, subjects.Stream, subjects.Stored(c.Learner))
	if err != nil {
		return err
	}
	decisions, err := h.holds(ctx, subjects.DecisionStream, subjects.DecisionsOf(c.Learner))
	if err != nil {
		return err
	}
	if events > 0 || decisions > 0 || !profile.IsZero() {
		return nil
	}
	dead, err := h.holds(ctx, subjects.DeadStream, subjects.DeadOf(c.Learner))
	if err != nil {
		return err
	}
	hint := "Is the id spelled as the platform publishes it, upper and lower case included? Does the platform publish to " +
		strings.TrimSuffix(subjects.Publish(c.Learner, "_"), "_") + "<event>? Was the learner erased, or is everything older than the streams keep?"
	if dead > 0 {
		hint = fmt.Sprintf("But %s of theirs could not be used; see why with `homeroom deadletters list --learner %s`.",
			count(dead, "event"), c.Learner)
	}
	return fmt.Errorf("nothing is known of the learner %s: no event, no decision, no profile. %s", c.Learner, hint)
}

// write prints the story for people.
func (r *whyReport) write(o IO, rule string, zone *time.Location) error {
	out := bufio.NewWriter(o.Out)
	clock := "UTC"
	if zone != nil {
		clock += ", then " + zone.String()
	}
	from := ""
	if r.Since != nil {
		from = " · since " + r.Since.Format(narrate.TimeFormat)
	}
	fmt.Fprintf(out, "Learner %s%s · times in %s\n%s\n", r.Learner, from, clock, r.Workflow)
	if len(r.Runs) == 0 {
		what := "Nothing was decided"
		if rule != "" {
			what += " by the rule " + rule
		}
		if r.Since != nil {
			what += " since then; --since all looks further back"
		}
		fmt.Fprintf(out, "\n%s.\n", what)
	}
	for i := range r.Runs {
		fmt.Fprintf(out, "\n%s\n", o.paint("1", heading(&r.Runs[i])))
		writeLines(out, o, r.Runs[i].Entries, zone)
	}
	return out.Flush()
}

// heading names a chapter: "certificate-share · certificate_id=cert_1 · run 3f2a9c1d".
func heading(c *reporting.RunStory) string {
	parts := []string{cmp.Or(c.Rule, "Without a message")}
	if c.Scope != "" {
		parts = append(parts, c.Scope)
	}
	if c.Run != "" {
		parts = append(parts, "run "+c.Run[:min(len(c.Run), 8)])
	} else if c.Rule != "" {
		parts = append(parts, "outside of runs")
	}
	return strings.Join(parts, " · ")
}

func writeLines(out io.Writer, o IO, lines []reporting.StoryEntry, zone *time.Location) {
	width := 0
	for i := range lines {
		width = max(width, len(lines[i].What))
	}
	for _, l := range lines {
		what := fmt.Sprintf("%-*s", width, l.What)
		if l.Decision {
			what = o.paintKind(engine.Kind(l.What), what)
		}
		text := l.Text
		if l.Decision && l.Send != "" {
			text += " · send " + l.Send
		}
		if l.Times > 1 {
			text += fmt.Sprintf(" ×%d, the last time at %s", l.Times, moment(l.Last, zone))
		}
		fmt.Fprintln(out, strings.TrimRight(fmt.Sprintf("  %s  %s  %s", moment(l.At, zone), what, text), " "))
	}
}

// moment writes an instant in UTC and, if the learner's zone is known, as their wall shows it: "2026-03-02 10:00:00 (Mon 11:00)".
func moment(t time.Time, zone *time.Location) string {
	text := t.UTC().Format(narrate.TimeFormat)
	if zone != nil {
		text += t.In(zone).Format(" (Mon 15:04)")
	}
	return text
}

// zoneOf is a learner's zone; nil: not known, or no such zone.
func zoneOf(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if name == "" || err != nil {
		return nil
	}
	return zone
}

// workflowURL is where the Temporal UI shows the learner's workflow: its latest run. Slashes of the id are escaped.
func workflowURL(ui, learner string) string {
	namespace := client.DefaultNamespace
	if opts, err := envconfig.LoadDefaultClientOptions(); err == nil && opts.Namespace != "" {
		namespace = opts.Namespace
	}
	return strings.TrimRight(ui, "/") + "/namespaces/" + url.PathEscape(namespace) + "/workflows/" + url.PathEscape(workflows.WorkflowID(learner))
}

// withHistory connects to NATS for reading.
func withHistory(ctx context.Context, o IO, flags NATSFlags, since time.Time, do func(*history, *store.Store) error) error {
	known, err := catalog.Default()
	if err != nil {
		return err
	}
	nc, js, err := flags.connect("homeroom rules")
	if err != nil {
		return err
	}
	defer nc.Close()
	st, err := store.Open(ctx, js, store.OpenOptions{})
	if err != nil {
		return err
	}
	defer st.Control.Close()
	return do(&history{io: o, js: js, since: since, known: known}, st)
}
