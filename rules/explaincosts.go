package rules

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"homeroom/engine"
)

// listens is one thing that a rule listens to.
type listens struct{ event, volume, why, wakes string }

// explainCosts lists what the rule listens to. An event that does not wake costs a look at a gate, and nothing in Temporal.
func (e *explainer) explainCosts() {
	e.writeLine("\nListens to")
	w := tabwriter.NewWriter(&e.b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "  EVENT\tVOLUME\tWHY\tWAKES A WORKFLOW")
	often := false
	for _, l := range e.listenedEvents() {
		if ev, known := e.academy.Catalog.Event(l.event); known {
			l.volume = string(ev.Volume)
			often = often || comesOften(ev) && l.wakes == eachTime
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", l.event, l.volume, l.why, l.wakes)
	}
	w.Flush() //nolint:errcheck // it writes to memory
	if often {
		e.writeLine("An event that comes often and wakes each time costs most; a condition on the event alone makes it cheap, and where it starts the rule one on it and count().")
	}
}

func (e *explainer) listenedEvents() []listens {
	r := e.rule
	var out []listens
	add := func(m *engine.Match, why string) {
		wakes := eachTime
		switch {
		case m.Gate != nil && m.Counts != nil:
			wakes = "if " + m.Gate.Source() + " && " + m.Counts.Source()
		case m.Gate != nil:
			wakes = "if " + m.Gate.Source()
		case m.Counts != nil:
			wakes = "if " + m.Counts.Source()
		}
		out = append(out, listens{event: m.Event, why: why, wakes: wakes})
	}
	if r.When.Audience != nil {
		out = append(out, listens{event: r.When.Match.Event, why: "starts a run", wakes: "of each learner in the audience"})
	} else if s := r.When.Schedule; s != nil {
		out = append(out, listenedForSchedule(s)...)
	} else if r.When.Date != nil {
		out = append(out, listenedForDate(r)...)
	} else if r.When.Overdue > 0 {
		out = append(out, listenedForOverdue(r)...)
	} else if r.When.Inactive > 0 {
		out = append(out, listens{event: engine.EventEnrolled, why: "silence counts from it", wakes: eachTime},
			listens{event: engine.EventFreeEnrolled, why: "silence counts from it", wakes: eachTime})
		if r.When.Platform {
			out = append(out, listens{event: engine.EventSignedUp, why: "silence counts from it", wakes: eachTime})
		} else {
			out = append(out, listens{event: engine.EventEnrollmentCancelled, why: "ends a run", wakes: eachTime},
				listens{event: engine.EventCourseCompleted, why: "ends a run", wakes: eachTime},
				listens{event: engine.EventCourseUpdated, why: "may move the course's start", wakes: eachTime})
		}
		out = append(out, listens{
			event:  "any activity",
			volume: "high",
			why:    "ends a silence",
			wakes:  "after at least " + engine.FormatDuration(r.When.Inactive) + " of silence",
		})
	} else {
		add(&r.When.Match, "starts a run")
	}
	for i := range r.Until {
		add(&r.Until[i], "until")
	}
	if r.Goal != nil {
		add(&r.Goal.Match, "goal")
	}
	for i := range r.Program {
		if in := &r.Program[i]; in.Match != nil {
			add(in.Match, "step "+in.ID)
		} else if in.Op == engine.OpFallback {
			for _, name := range engine.NudgeAnswers() {
				add(&engine.Match{Event: name}, "step "+in.ID)
			}
		} else if in.Collect != nil {
			for j := range in.Collect.Matches {
				add(&in.Collect.Matches[j], "step "+in.ID)
			}
		} else if in.Op == engine.OpWaitClock || in.Op == engine.OpWaitTime && readsPerson(in.Expr.Source()) {
			out = append(out, listens{event: engine.EventProfileUpdated, why: "may move step " + in.ID, wakes: "if what the step reads changes"})
		}
	}
	return out
}

// readsPerson reports whether an expression may depend on traits: a date begins at midnight in the learner's zone.
func readsPerson(source string) bool {
	return strings.Contains(source, "learner") || strings.Contains(source, timestampOf)
}
