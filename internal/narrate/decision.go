package narrate

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"homeroom/engine"
)

// Style says how a sentence writes what came from outside. A nil function changes nothing.
type Style struct {
	Message func(name string) string       // the name of a message
	Text    func(text string) string       // a detail, the name of an event or of an arm
	Time    func(instant time.Time) string // nil: RFC 3339 in UTC
}

// Decision returns a decision as a sentence without its rule, its scope and its instant.
func Decision(d *engine.Decision, style Style) string {
	message := "a message"
	if d.Message != "" {
		message = applyStyle(style.Message, d.Message)
	}
	detail := applyStyle(style.Text, d.Detail)
	arm := ""
	if d.Arm != "" {
		arm = "arm " + applyStyle(style.Text, d.Arm)
	}
	why := ": " + Reason(d.Reason)
	switch d.Kind {
	case engine.KindStarted:
		if d.Detail == "inactivity" {
			return "a run began: the learner had been silent for as long as the rule waits"
		}
		if d.Detail == "risk" {
			return "a run began: the learner's risk was as great as the rule says, or the silence as long"
		}
		if d.Detail == "overdue" {
			return "a run began: something was due and had not been handed in for as long as the rule waits"
		}
		if d.Detail == "" {
			return "a run began"
		}
		return "a run began: " + detail + " arrived"
	case engine.KindSent:
		return message + " went to the provider" + Note(arm, detail)
	case engine.KindUncertain:
		return message + " may have gone: the provider's answer was lost; it counts as sent and is never repeated" + Note(arm, detail)
	case engine.KindFailed:
		return message + " could not be sent" + why + Note(detail)
	case engine.KindSkipped:
		return describeSkipped(d, message, why, detail)
	case engine.KindDeferred:
		until := ""
		if !d.Until.IsZero() {
			until = " until " + style.formatTime(d.Until)
		}
		if d.Reason == engine.ReasonAgain {
			return "a run was put off" + until + why + Note("again: "+detail)
		}
		return message + " was put off" + until + why + Note(detail)
	case engine.KindWithheld:
		return message + " was withheld" + why + Note(arm)
	case engine.KindExited:
		return "the run ended" + why + Note(detail)
	case engine.KindConverted:
		return "the goal was reached: " + detail + Note(arm)
	case engine.KindAssigned:
		return "the run took " + arm
	case engine.KindSet:
		return "what is known of the learner changed: " + detail
	case engine.KindSuppressed:
		return "no more messages " + detail + ", until " + style.formatTime(d.Until)
	}
	return string(d.Kind)
}

// describeSkipped tells three cases apart: a run that did not begin, a condition that could not be evaluated, and a message
// that was not sent. A learner's state remembers decisions without ids, so a condition error found there may be of a run
// or of none; it is described as the condition's.
func describeSkipped(d *engine.Decision, message, why, detail string) string {
	anyRun := d.Run != "" || d.ID == "" && d.Reason == engine.ReasonConditionError
	switch {
	case aboutTrait(d.Reason):
		return "a trait was not set" + why + Note(detail)
	case d.Message != "":
		return message + " was not sent" + why + Note(detail)
	case anyRun:
		return "a condition counted as not met" + why + Note(detail)
	case d.Reason == engine.ReasonAgain:
		return "no run began" + why + Note("again: "+detail)
	}
	return "no run began" + why + Note(detail)
}

// aboutTrait reports whether a reason is one for which a set step sets no trait.
func aboutTrait(reason engine.Reason) bool {
	return reason == engine.ReasonAlreadySet || reason == engine.ReasonSetInCircle || reason == engine.ReasonSetTooOften
}

// Note returns the parts that are not empty in parentheses, after a space: " (arm short; answered 202)". Without any it
// returns an empty text.
func Note(parts ...string) string {
	var kept []string
	for _, part := range parts {
		if part != "" {
			kept = append(kept, part)
		}
	}
	if len(kept) == 0 {
		return ""
	}
	return " (" + strings.Join(kept, "; ") + ")"
}

// TimeFormat is how timelines write an instant: UTC, to the second.
const TimeFormat = "2006-01-02 15:04:05"

// Moment writes an instant in UTC and, in a learner's time zone, as a clock there shows it: "2026-03-02 10:00:00 (Mon
// 11:00)". Without a zone it is UTC only.
func Moment(t time.Time, zone *time.Location) string {
	text := t.UTC().Format(TimeFormat)
	if zone != nil {
		text += t.In(zone).Format(" (Mon 15:04)")
	}
	return text
}

// Summary returns what a decision was about (its message, or else its rule) and, in the words that are recorded, why:
// "retry-encouragement", "quiet_hours until 2026-03-03 07:00:00 · retry-after-failed-quiz · assessment_id=a1". It is for
// one line of a timeline.
func Summary(d *engine.Decision) (subject, why string) {
	subject = cmp.Or(d.Message, d.Rule)
	if d.Set != nil {
		subject = d.Set.Trait
	}
	reason := string(d.Reason)
	if !d.Until.IsZero() {
		reason = strings.TrimSpace(reason + " until " + d.Until.UTC().Format(TimeFormat))
	}
	var parts []string
	if d.Kind == engine.KindAssigned {
		parts = append(parts, d.Arm)
	}
	for _, part := range []string{reason, d.Rule, d.Scope, d.Detail} {
		if part != "" && part != subject {
			parts = append(parts, part)
		}
	}
	if d.Count > 1 {
		parts = append(parts, fmt.Sprintf("×%d until %s", d.Count, d.Last.UTC().Format(TimeFormat)))
	}
	return subject, strings.Join(parts, " · ")
}

func (s Style) formatTime(t time.Time) string {
	if s.Time == nil {
		return t.UTC().Format(time.RFC3339)
	}
	return s.Time(t)
}

func applyStyle(write func(string) string, text string) string {
	if write == nil || text == "" {
		return text
	}
	return write(text)
}
