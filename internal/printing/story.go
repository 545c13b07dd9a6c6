package printing

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"homeroom/admin"
	"homeroom/engine"
	"homeroom/internal/cells"
	"homeroom/internal/narrate"
	"homeroom/report"
)

// WriteStory prints the story for people. The rule is the only one that was asked for; empty: all were.
func WriteStory(o IO, r *admin.LearnerStory, rule string) error {
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
	fmt.Fprintf(out, "Learner %s%s · times in %s\n%s\n", cells.Printable(r.Learner), from, zones, cells.Printable(r.Workflow))
	writeOutlook(out, r.Outlook, zone)
	if r.GoesOnAs != "" {
		fmt.Fprintf(out, "\nThis is the learner's story under an earlier id. They go on as %s: homeroom learner why %s\n", cells.Printable(r.GoesOnAs), cells.Printable(r.GoesOnAs))
	}
	if r.SetAside != nil {
		fmt.Fprintf(out, "\n%s\n", cells.Printable(setAsideText(*r.SetAside)))
	}
	for _, remark := range r.Remarks {
		fmt.Fprintf(out, "\nRemark: %s\n", EndSentence(cells.Printable(remark)))
	}
	if len(r.Runs) == 0 {
		what := "Nothing was decided"
		if rule != "" {
			what += " by the rule " + cells.Printable(rule)
		}
		if r.Since != nil {
			what += " since then; --since all looks further back"
		}
		fmt.Fprintf(out, "\n%s.\n", what)
	}
	for i := range r.Runs {
		fmt.Fprintf(out, "\n%s\n", o.paint("1", cells.Printable(runHeading(&r.Runs[i]))))
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
		fmt.Fprintf(out, "Cap: %s%s\n", cells.Printable(c.Says()), free)
	}
	if outlook.WakeAt != nil {
		fmt.Fprintf(out, "Next: %s\n", strings.TrimSuffix(cmp.Or(cells.Printable(outlook.Next), "a look")+" at "+narrate.Moment(*outlook.WakeAt, zone), "."))
	}
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
		width = max(width, cells.Width(cells.Printable(lines[i].What)))
	}
	for _, l := range lines {
		what := cells.Pad(cells.Printable(l.What), width)
		if l.Decision {
			what = o.paintKind(engine.Kind(l.What), what)
		}
		text := l.Text
		if l.Decision && l.Send != "" {
			text += " · send " + l.Send
		}
		if channel := l.WentBy(); channel != "" {
			text += " · " + narrate.Channel(channel)
		}
		if l.Times > 1 {
			text += fmt.Sprintf(" ×%d, the last time at %s", l.Times, narrate.Moment(l.Last, zone))
		}
		fmt.Fprintln(out, strings.TrimRight(fmt.Sprintf("  %s  %s  %s", narrate.Moment(l.At, zone), what, cells.Printable(text)), " "))
	}
}
