package report

import (
	"strings"

	"homeroom/engine"
)

// describeEvent is an event as a sentence. It names ids and no other values: an address, a name or a provider's words have no
// place here.
func describeEvent(ev *engine.Event, message string) string {
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
	case engine.EventEmailClicked, engine.EventNudgeClicked:
		return "a link in " + message + " was clicked"
	case engine.EventNudgeSeen:
		return message + " was seen in the app"
	case engine.EventNudgeDismissed:
		return message + " was dismissed in the app"
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
		return "the learner followed the share link" + describePlatform(text("share_platform"))
	case eventShareVisited:
		return "somebody visited what was shared"
	case eventShared:
		return "the learner shared certificate " + text(keyCertificate) + describePlatform(text("share_platform"))
	case eventReferralVisit:
		return "somebody followed the learner's referral link"
	case eventReferralJoined:
		return "learner " + text(keyReferred) + " came by the learner's referral"
	}
	return strings.Join(eventIDs(ev), ", ")
}

// describePlatform names where something was shared: " to linkedin_post".
func describePlatform(platform string) string {
	if platform == "" {
		return ""
	}
	return " to " + platform
}
