package report

import (
	"strings"

	"homeroom/engine"
)

// Why is a reason in words, to be read after "not sent:", "put off until …:", "ended:" and the like. A reason that it
// does not know comes back as it is.
func Why(reason engine.Reason) string {
	switch reason {
	case engine.ReasonStale:
		return "the event was older than the academy's max_event_age"
	case engine.ReasonRunning:
		return "a run of this rule is under way for the same thing"
	case engine.ReasonAgain:
		return "the rule has run for the same thing and does not start again yet"
	case engine.ReasonKeyUnknown:
		return "the event does not tell what the run would be about"
	case engine.ReasonConditionError:
		return "a condition or value of the rule could not be worked out"
	case engine.ReasonBehind:
		return "events of this learner were still on their way, and nothing is decided ahead of them"
	case engine.ReasonCondition:
		return "the step's own condition did not hold"
	case engine.ReasonNoAddress:
		return "no address is known"
	case engine.ReasonSuppressed:
		return "the address bounced, complained or was unsubscribed from everything"
	case engine.ReasonUnsubscribed:
		return "the learner has left this topic"
	case engine.ReasonNoConsent:
		return "the learner has not agreed to be written to about this"
	case engine.ReasonQuietHours:
		return "it was quiet hours where the learner lives"
	case engine.ReasonCap:
		return "the learner had as many messages as a cap allows"
	case engine.ReasonLate:
		return "it was later than the academy's patience"
	case engine.ReasonNotAllowed:
		return "the address is not on the list that this installation may write to"
	case engine.ReasonProvider:
		return "the mail provider did not take it"
	case engine.ReasonPaused:
		return "sending was paused"
	case engine.ReasonTemplateError:
		return "the message could not be rendered"
	case engine.ReasonUntil:
		return "the learner did what the rule says it goes on until"
	case engine.ReasonActive:
		return "the learner was active again"
	case engine.ReasonCompleted:
		return "the course was completed"
	case engine.ReasonCancelled:
		return "the enrollment was cancelled"
	case engine.ReasonStop:
		return "the rule came to a stop step"
	case engine.ReasonRevisionLost:
		return "the rules that the run began with are gone"
	case engine.ReasonTooManyRuns:
		return "the learner has as many runs as Homeroom keeps at a time"
	case engine.ReasonIgnored:
		return "the learner left the last messages unanswered and is left alone for a while"
	case engine.ReasonHoldout:
		return "the learner is in the rule's holdout, the group to compare with"
	case engine.ReasonControl:
		return "the learner is in the control group, which gets nothing from any rule"
	case engine.ReasonGoal:
		return "the goal was reached after a message"
	case engine.ReasonGoalUnaided:
		return "the goal was reached before the first message, so it is not the rule's merit"
	case engine.ReasonMigratedAway:
		return "newer rules were published, and the step where the run stood is gone"
	case engine.ReasonWithdrawn:
		return "newer rules were published, and runs of changed ones were cancelled"
	}
	return string(reason)
}

// decided is a decision as a sentence; until is when a deferral ends, written for people.
func decided(d *engine.Decision, until string) string {
	message := d.Message
	if message == "" {
		message = "a message"
	}
	switch d.Kind {
	case engine.KindStarted:
		if d.Detail == "inactivity" {
			return "a run began: the learner had been silent for as long as the rule waits"
		}
		return "a run began: " + d.Detail + " arrived"
	case engine.KindSent:
		return message + " went to the provider" + note(armOf(d), d.Detail)
	case engine.KindUncertain:
		return message + " may have gone: the provider's answer was lost; it counts as sent and is never repeated" + note(armOf(d), d.Detail)
	case engine.KindFailed:
		return message + " could not be sent: " + Why(d.Reason) + note(d.Detail)
	case engine.KindSkipped:
		if d.Message == "" && d.Run == "" {
			detail := d.Detail
			if d.Reason == engine.ReasonAgain {
				detail = "again: " + detail
			}
			return "no run began: " + Why(d.Reason) + note(detail)
		}
		if d.Message == "" {
			return "a condition counted as not met: " + Why(d.Reason) + note(d.Detail)
		}
		return message + " was not sent: " + Why(d.Reason) + note(d.Detail)
	case engine.KindDeferred:
		what := message + " was put off"
		if until != "" {
			what += " until " + until
		}
		return what + ": " + Why(d.Reason) + note(d.Detail)
	case engine.KindWithheld:
		return message + " was held back: " + Why(d.Reason) + note(armOf(d))
	case engine.KindExited:
		return "the run ended: " + Why(d.Reason) + note(d.Detail)
	case engine.KindConverted:
		return "the goal was reached: " + d.Detail + note(armOf(d))
	}
	return string(d.Kind)
}

func armOf(d *engine.Decision) string {
	if d.Arm == "" {
		return ""
	}
	return "arm " + d.Arm
}

func note(parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	if len(kept) == 0 {
		return ""
	}
	return " (" + strings.Join(kept, "; ") + ")"
}

// happened is an event as a sentence. It tells ids and no other values: an address, a name or a provider's words have no
// place here.
func happened(ev *engine.Event, message string) string {
	text := func(key string) string { s, _ := ev.Text(key); return s }
	if message == "" {
		message = "a message"
	}
	switch ev.Name {
	case eventDelivered:
		return message + " was delivered"
	case engine.EventEmailOpened:
		if machine, _ := ev.Properties["machine"].(bool); machine {
			return message + " was fetched by a mail client, which says nothing about the learner"
		}
		return message + " was opened"
	case engine.EventEmailClicked:
		return "a link in " + message + " was clicked"
	case eventBounced:
		if text("bounce_type") == "blocked" {
			return message + " was refused for now by the learner's mail server"
		}
		return message + " bounced"
	case eventUnsubscribed:
		if topic := text("topic"); topic != "" {
			return "the learner left the topic " + topic
		}
		return "the learner unsubscribed from everything"
	case eventResubscribed:
		if topic := text("topic"); topic != "" {
			return "the learner asked for the topic " + topic + " again"
		}
		return "the learner asked for mail again"
	case eventSpamReported:
		return message + " was reported as spam"
	case engine.EventShareClicked:
		return "the learner followed the share link" + place(text("share_platform"))
	case eventShareVisited:
		return "somebody visited what was shared"
	case eventShared:
		return "the learner shared certificate " + text(keyCertificate) + place(text("share_platform"))
	case eventReferralVisit:
		return "somebody followed the learner's referral link"
	case eventReferralJoined:
		return "learner " + text(keyReferred) + " came by the learner's referral"
	}
	return strings.Join(ids(ev), ", ")
}

// place names where something was shared: " to linkedin_post".
func place(platform string) string {
	if platform == "" {
		return ""
	}
	return " to " + platform
}
