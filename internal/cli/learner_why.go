package cli

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"homeroom/admin"
	"homeroom/engine"
	"homeroom/internal/narrate"
	"homeroom/report"
)

// LearnerWhyCmd is `homeroom learner why`.
type LearnerWhyCmd struct {
	NATSFlags
	Learner    string   `arg:"" name:"id" help:"The learner's id."`
	Rule       string   `help:"Tell of this rule only." placeholder:"NAME"`
	Not        bool     `help:"Tell why the learner has not been sent what the rules send, instead."`
	Rules      string   `type:"path" help:"With --not: ask the rules of this folder, and not those in force." placeholder:"DIR"`
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

With --not it tells of each rule in force why its messages did not go out: the learner's recorded events run through the rules on a virtual
clock, and what was looked at last is told: each part of the trigger's condition with its value at that moment, the question that ended a
message (homeroom rules explain lists them), and what would have to become true. --rules DIR asks a draft's folder instead. It prints values
that conditions read, traits among them.

Example:
  homeroom learner why u_42
  homeroom learner why u_42 --rule certificate-share --since all --format json
  homeroom learner why u_42 --not --rule quiz-retry
  homeroom learner why u_42 --not --rules my-draft`
}

// Run prints the story.
func (c *LearnerWhyCmd) Run(ctx context.Context, o IO) error {
	if err := c.checkNot(); err != nil {
		return err
	}
	if c.Not {
		return c.runNot(ctx, o)
	}
	if _, err := sinceFlag(c.Since, o.Now()); err != nil {
		return err
	}
	installation, err := InstallationFlags{NATSFlags: c.NATSFlags, Keys: c.Keys}.connectReading(ctx, o, "homeroom learner")
	if err != nil {
		return err
	}
	defer installation.Close()
	since, err := sinceFlag(c.Since, installation.Now())
	if err != nil {
		return err
	}
	onRead, clearLine := o.drawReading()
	story, err := installation.LearnerStory(ctx, admin.StoryOptions{
		Learner:    c.Learner,
		Rule:       c.Rule,
		Since:      since,
		TemporalUI: c.TemporalUI,
		OnRead:     onRead,
	})
	clearLine()
	if err != nil {
		return err
	}
	if story.Problem != "" {
		fmt.Fprintf(o.Err, "Note: %s: %v\n", story.Problem, story.ProblemCause)
	}
	if c.Format == "json" {
		return printJSON(o.Out, story)
	}
	return writeStory(o, &story, c.Rule)
}

// writeStory prints the story for people. The rule is the only one that was asked for; empty: all were.
func writeStory(o IO, r *admin.LearnerStory, rule string) error {
	zone := r.Zone()
	out := bufio.NewWriter(o.Out)
	zones := "UTC"
	if zone != nil {
		zones += ", then " + zone.String()
	}
	from := ""
	if r.Since != nil {
		from = " · since " + r.Since.Format(narrate.TimeFormat)
	}
	fmt.Fprintf(out, "Learner %s%s · times in %s\n%s\n", r.Learner, from, zones, r.Workflow)
	writeOutlook(out, r.Outlook, zone)
	if r.GoesOnAs != "" {
		fmt.Fprintf(out, "\nThis is the learner's story under an earlier id. They go on as %s: homeroom learner why %s\n", r.GoesOnAs, r.GoesOnAs)
	}
	if r.SetAside != nil {
		fmt.Fprintf(out, "\n%s\n", setAsideText(*r.SetAside))
	}
	for _, remark := range r.Remarks {
		fmt.Fprintf(out, "\nRemark: %s\n", endSentence(remark))
	}
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
		fmt.Fprintf(out, "\n%s\n", o.paint("1", runHeading(&r.Runs[i])))
		writeEntries(out, o, r.Runs[i].Entries, zone)
	}
	return out.Flush()
}

// writeOutlook prints what lies ahead of the learner; nil: nothing is known.
func writeOutlook(out io.Writer, outlook *admin.Outlook, zone *time.Location) {
	if outlook == nil {
		return
	}
	for _, c := range outlook.Caps {
		free := ""
		if c.FreeAt != nil {
			free = ", free again at " + narrate.Moment(*c.FreeAt, zone)
		}
		fmt.Fprintf(out, "Cap: %s%s\n", c.Says(), free)
	}
	if outlook.WakeAt != nil {
		fmt.Fprintf(out, "Next: %s\n", strings.TrimSuffix(cmp.Or(outlook.Next, "a look")+" at "+narrate.Moment(*outlook.WakeAt, zone), "."))
	}
}

// endSentence returns a text with a full stop at its end, unless it ends in a question.
func endSentence(text string) string {
	if strings.HasSuffix(text, "?") {
		return text
	}
	return text + "."
}

// runHeading names a run: "certificate-share · certificate_id=cert_1 · run 3f2a9c1d".
func runHeading(c *report.RunStory) string {
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

func writeEntries(out io.Writer, o IO, lines []report.StoryEntry, zone *time.Location) {
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
			text += fmt.Sprintf(" ×%d, the last time at %s", l.Times, narrate.Moment(l.Last, zone))
		}
		fmt.Fprintln(out, strings.TrimRight(fmt.Sprintf("  %s  %s  %s", narrate.Moment(l.At, zone), what, text), " "))
	}
}
