package narrate

import (
	"strings"

	"homeroom/engine"
)

// Reason returns a reason as a clause that follows "was not sent:", "was put off until …:", "ended:" and the like. A
// word that is no declared reason, such as one that a newer version recorded, is returned with spaces for underscores.
func Reason(reason engine.Reason) string {
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
	case engine.ReasonLeftAlone:
		return "a rule asked not to write to the learner about this for a while"
	case engine.ReasonQuietHours:
		return "it was quiet hours where the learner lives"
	case engine.ReasonCap:
		return "the learner had as many messages as a cap allows"
	case engine.ReasonLate:
		return "it was later than its patience allows, or than it expires"
	case engine.ReasonNotAllowed:
		return "the address is not on the list that this installation may write to"
	case engine.ReasonProvider:
		return "the mail provider did not take it"
	case engine.ReasonProviderRefuses:
		return "the provider refuses this installation's account, so that nothing can go out"
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
	case engine.ReasonCourseEnded:
		return "the course was over"
	case engine.ReasonHandedIn:
		return "it was handed in"
	case engine.ReasonDueMoved:
		return "it is due later now, or not at all"
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
	case engine.ReasonRestarted:
		return "a newer event of the same kind began the run anew"
	case engine.ReasonAlreadySet:
		return "it has this value already"
	case engine.ReasonSetInCircle:
		return "too many rules have set a trait one because of the other, as rules do that start each other"
	case engine.ReasonSetTooOften:
		return "rules have changed it too often within a day"
	case engine.ReasonMerged:
		return "the learner goes on under another id, and what was under way under this one ended"
	}
	return strings.ReplaceAll(string(reason), "_", " ")
}
