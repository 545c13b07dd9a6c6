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
)

// WriteWhyNot prints the answer for people.
func WriteWhyNot(o IO, w *admin.WhyNot) error {
	zone := w.Zone()
	out := bufio.NewWriter(o.Out)
	asked := "the rules of a folder, " + narrate.ShortHash(w.Revision)
	if w.Number > 0 {
		asked = fmt.Sprintf("the rules in force, no. %d (%s)", w.Number, narrate.ShortHash(w.Revision))
	}
	zones := "UTC"
	if zone != nil {
		zones += ", then " + zone.String()
	}
	fmt.Fprintf(out, "Why not, learner %s · %s\n%s up to %s · times in %s\n", cells.Printable(w.Learner), cells.Printable(asked), narrate.Count(w.Events, "event"), narrate.Moment(w.Until, zone), zones)
	for _, note := range w.Notes {
		fmt.Fprintf(out, "\nNote: %s\n", cells.Printable(note))
	}
	for i := range w.Rules {
		writeRuleWhyNot(out, o, &w.Rules[i], zone)
	}
	return out.Flush()
}

func writeRuleWhyNot(out io.Writer, o IO, r *admin.RuleWhyNot, zone *time.Location) {
	fmt.Fprintf(out, "\n%s · %s\n", o.paint("1", cells.Printable(r.Rule)), cells.Printable(oneLine(r.Starts)))
	if r.Seen > 0 {
		fmt.Fprintf(out, "  %s, %s with the condition true, %s\n", narrate.Count(r.Seen, "trigger"), narrate.Thousands(r.Fitting), narrate.Count(r.Started, "run"))
	}
	if t := r.Trigger; t != nil {
		fmt.Fprintf(out, "  last  %s  %s%s: %s\n", narrate.Moment(t.At, zone), cells.Printable(t.Event), aboutSuffix(t.About), cells.Printable(t.Says))
		writePart(out, o, t.Condition, 2)
	}
	writeRunWhyNot(out, o, r.Run, zone)
	for i := range r.Messages {
		writeMessageWhyNot(out, o, &r.Messages[i], zone)
	}
	if r.Recorded != nil {
		fmt.Fprintf(out, "  recorded last  %s  %s: %s\n", narrate.Moment(r.Recorded.At, zone), cells.Printable(string(r.Recorded.Kind)), cells.Printable(r.Recorded.Text))
	}
}

// aboutSuffix writes what an event is about behind its name.
func aboutSuffix(about string) string {
	if about == "" {
		return ""
	}
	return " · " + cells.Printable(about)
}

func writeRunWhyNot(out io.Writer, o IO, run *admin.RunWhyNot, zone *time.Location) {
	if run == nil {
		return
	}
	says := "it is over"
	if run.Live {
		says = cells.Printable(run.Says)
	}
	fmt.Fprintf(out, "  last run  %s%s: %s\n", narrate.Moment(run.Began, zone), aboutSuffix(run.Scope), says)
	for _, step := range run.Steps {
		fmt.Fprintf(out, "    %s  %s  %s\n", narrate.Moment(step.At, zone), o.paintKind(engine.Kind(step.What), cells.Pad(cells.Printable(step.What), 9)), cells.Printable(step.Text))
		writePart(out, o, step.Condition, 3)
	}
}

func writeMessageWhyNot(out io.Writer, o IO, m *admin.MessageWhyNot, zone *time.Location) {
	ended := ""
	if m.Ended != "" {
		ended = " (the question " + cells.Printable(m.Ended) + ")"
	}
	at := ""
	if m.At != nil {
		at = narrate.Moment(*m.At, zone) + "  "
	}
	fmt.Fprintf(out, "  %s  %s%s%s\n", o.paint("1", cells.Printable(m.Message)), at, cells.Printable(m.Says), ended)
	for _, line := range [][2]string{{"needs", m.Needs}, {"today", m.Today}} {
		if line[1] != "" {
			fmt.Fprintf(out, "    %s: %s\n", line[0], cells.Printable(oneLine(line[1])))
		}
	}
	if m.SentAt != nil && m.Cause != admin.CauseSent {
		fmt.Fprintf(out, "    sent last: %s\n", narrate.Moment(*m.SentAt, zone))
	}
}

// writePart prints what the parts of a condition were, a line each.
func writePart(out io.Writer, o IO, p *engine.Part, depth int) {
	if p == nil {
		return
	}
	mark := map[engine.PartValue]string{engine.PartTrue: o.paint("32", "✓"), engine.PartFalse: o.paint("31", "✗"), engine.PartAbsent: o.paint("33", "?"), engine.PartError: o.paint("33", "!")}[p.Value]
	text := oneLine(p.Text)
	if p.Join != "" {
		text = cmp.Or(map[engine.PartJoin]string{engine.JoinAnd: "all of", engine.JoinOr: "one of", engine.JoinNot: "not"}[p.Join], text)
	}
	if reads := admin.DescribeReads(*p); reads != "" {
		text += "  · " + reads
	}
	if p.Error != "" {
		text += "  · " + p.Error
	}
	fmt.Fprintf(out, "%s%s %s\n", strings.Repeat("  ", depth), mark, cells.Printable(text))
	for i := range p.Parts {
		writePart(out, o, &p.Parts[i], depth+1)
	}
}
