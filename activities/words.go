package activities

import (
	"fmt"
	"strings"
	"time"

	"homeroom/engine"
)

// reasons says each reason as the end of a sentence.
var reasons = map[engine.Reason]string{
	engine.ReasonStale:          "what triggered it is too old",
	engine.ReasonRunning:        "it is already under way",
	engine.ReasonAgain:          "it may not start again yet",
	engine.ReasonKeyUnknown:     "the event does not say what it belongs to",
	engine.ReasonConditionError: "a condition could not be answered",
	engine.ReasonBehind:         "events of this learner are still on their way",
	engine.ReasonCondition:      "its condition does not hold",
	engine.ReasonNoAddress:      "no address is known",
	engine.ReasonSuppressed:     "the address is suppressed",
	engine.ReasonUnsubscribed:   "the learner unsubscribed",
	engine.ReasonNoConsent:      "the learner did not consent",
	engine.ReasonQuietHours:     "quiet hours",
	engine.ReasonCap:            "a cap is full",
	engine.ReasonLate:           "it would have come too late",
	engine.ReasonNotAllowed:     "the recipient is not on the allow-list",
	engine.ReasonProvider:       "the provider did not take it",
	engine.ReasonPaused:         "sending is paused",
	engine.ReasonTemplateError:  "the message could not be rendered",
	engine.ReasonUntil:          "its until came true",
	engine.ReasonActive:         "the learner is active again",
	engine.ReasonCompleted:      "the course is completed",
	engine.ReasonCancelled:      "the enrollment was canceled",
	engine.ReasonStop:           "the rule stopped it",
	engine.ReasonRevisionLost:   "the rules it started with are lost",
	engine.ReasonTooManyRuns:    "too many rules are under way",
}

// reason says why in words; a team's own stop reason speaks for itself.
func reason(r engine.Reason) string {
	if words, ok := reasons[r]; ok {
		return words
	}
	return plain(strings.ReplaceAll(string(r), "_", " "))
}

// decided says a decision as a sentence without its rule.
func decided(d engine.Decision) string {
	message := "*" + plain(d.Message) + "*"
	switch d.Kind {
	case engine.KindStarted:
		return "began"
	case engine.KindSent:
		return "sent " + message
	case engine.KindUncertain:
		return "may have sent " + message + ": the provider never answered, so it counts as sent"
	case engine.KindFailed:
		return "could not send " + message + because(d)
	case engine.KindSkipped:
		if d.Message == "" {
			return "did not start" + because(d)
		}
		return "did not send " + message + because(d)
	case engine.KindDeferred:
		until := ""
		if !d.Until.IsZero() {
			until = " until " + moment(d.Until)
		}
		if d.Message == "" {
			return "was put off" + until + because(d)
		}
		return "put off " + message + until + because(d)
	case engine.KindWithheld:
		return "withheld " + message + ": the learner is held out"
	case engine.KindExited:
		return "ended early" + because(d)
	case engine.KindConverted:
		return "reached its goal"
	default:
		return plain(string(d.Kind)) + because(d)
	}
}

func because(d engine.Decision) string {
	if d.Reason == "" {
		return ""
	}
	if d.Reason == engine.ReasonUntil && d.Detail != "" { // the event that the rule's until names
		return ": " + plain(d.Detail) + " happened"
	}
	if d.Detail != "" && (d.Reason == engine.ReasonConditionError || d.Reason == engine.ReasonTemplateError || d.Reason == engine.ReasonProvider) {
		return ": " + reason(d.Reason) + " (" + plain(clip(d.Detail, 160)) + ")"
	}
	return ": " + reason(d.Reason)
}

// moment says an instant in UTC; seconds only if there are any.
func moment(t time.Time) string {
	t = t.UTC()
	if t.Second() != 0 {
		return t.Format("Mon 2 Jan 2006 15:04:05 UTC")
	}
	return t.Format("Mon 2 Jan 2006 15:04 UTC")
}

// local says the same instant on the learner's wall, for instance " (in their zone 15:00 Berlin)"; empty if their zone
// is not known or shows the same.
func local(t time.Time, zone string) string {
	if zone == "" {
		return ""
	}
	place, err := time.LoadLocation(zone)
	if err != nil {
		return ""
	}
	there := t.In(place)
	if _, offset := there.Zone(); offset == 0 {
		return ""
	}
	layout := "15:04"
	if there.Weekday() != t.UTC().Weekday() {
		layout = "Mon 15:04"
	}
	name := zone[strings.LastIndexByte(zone, '/')+1:]
	return fmt.Sprintf(" (in their zone %s %s)", there.Format(layout), plain(strings.ReplaceAll(name, "_", " ")))
}

// markdown are the characters that would format text instead of being read.
var markdown = strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "]", `\]`, "<", `\<`, ">", `\>`,
	"#", `\#`, "|", `\|`, "\n", " ", "\r", " ")

// plain writes text that came from outside so that Markdown shows it as it is.
func plain(s string) string { return markdown.Replace(clip(s, 200)) }

// clip cuts text to n bytes, at a character.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	s = s[:n-len("…")]
	return strings.ToValidUTF8(s, "") + "…"
}
