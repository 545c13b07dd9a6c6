package admin

import (
	"fmt"
	"strings"
	"time"

	"homeroom/engine"
)

// needOfReason says what would have to become true for an answer to be another; empty: it is not known.
func (w *whyNotWords) needOfReason(a engine.Answer, rule *engine.Rule) string {
	switch a.Reason {
	case engine.ReasonStale:
		return "an event that arrives within the max_event_age of settings.yaml"
	case engine.ReasonRunning:
		return "the end of the run that is under way, or another " + perWords(rule)
	case engine.ReasonAgain:
		if a.Until.IsZero() {
			return "another " + perWords(rule) + ": the rule never starts twice for the same one"
		}
		return "a trigger after " + w.clock(a.Until) + ", when the rule may start again"
	case engine.ReasonKeyUnknown:
		return "an event that carries " + strings.Join(rule.Per, " and ")
	case engine.ReasonConditionError:
		return "a condition that can be worked out: what it reads has to be there (has(…) asks)"
	case engine.ReasonBehind:
		return "the events that are on their way"
	case engine.ReasonCondition:
		return "the step's own condition"
	case engine.ReasonNoAddress:
		return "an event with the trait email"
	case engine.ReasonSuppressed:
		return "the end of the suppression: homeroom suppressions check ADDRESS says why there is one"
	case engine.ReasonUnsubscribed:
		return "the learner chooses the topic again, on their preferences page"
	case engine.ReasonNoConsent:
		return "the learner agrees: the trait consent, or the topic on their preferences page"
	case engine.ReasonQuietHours, engine.ReasonCap:
		if a.Until.IsZero() {
			return "a message that comes at another time, or more patience"
		}
		return "time: all questions are asked again at " + w.clock(a.Until)
	case engine.ReasonLate:
		return "a message that is in time: its patience or the instant at which it expires is over"
	case engine.ReasonNotAllowed:
		return "the address on the list that this installation may write to"
	case engine.ReasonProvider, engine.ReasonProviderRefuses:
		return "a provider that takes the message"
	case engine.ReasonPaused:
		return "the pause of the rule or of all sending to be lifted"
	case engine.ReasonTemplateError:
		return "a message that can be rendered"
	case engine.ReasonIgnored:
		return "an answer to a message, or time (" + a.Detail + ")"
	case engine.ReasonLeftAlone:
		return "time, or another rule: a suppress step stopped such messages (" + a.Detail + ")"
	case engine.ReasonHoldout:
		return "another holdout: the learner is in it for as long as the rule has its name and its share"
	case engine.ReasonControl:
		return "another control group: the learner is in it for as long as settings.yaml keeps its share"
	case engine.ReasonTooManyRuns:
		return "the end of other runs of this learner"
	case engine.ReasonAlreadySet, engine.ReasonSetInCircle, engine.ReasonSetTooOften:
		return "" // it stops a trait and no message
	case engine.ReasonUntil, engine.ReasonActive, engine.ReasonCompleted, engine.ReasonCancelled, engine.ReasonCourseEnded, engine.ReasonHandedIn, engine.ReasonDueMoved, engine.ReasonStop, engine.ReasonRevisionLost,
		engine.ReasonGoal, engine.ReasonGoalUnaided, engine.ReasonMigratedAway, engine.ReasonWithdrawn, engine.ReasonRestarted, engine.ReasonMerged:
		return "a new run"
	}
	return ""
}

// perWords names what one run of a rule is about.
func perWords(rule *engine.Rule) string {
	if len(rule.Per) == 0 {
		return "learner"
	}
	return strings.Join(rule.Per, " and ")
}

// needOfPart says which parts of a condition would have to come out otherwise for all of it to be true; empty: there is no condition, or it is true.
func needOfPart(p *engine.Part) string {
	if p == nil {
		return ""
	}
	return needPart(p, true)
}

// needPart says what would have to become true for a part to have a truth.
func needPart(p *engine.Part, want bool) string {
	have := p.Value == engine.PartTrue
	if have == want && (p.Value == engine.PartTrue || p.Value == engine.PartFalse) {
		return ""
	}
	switch p.Join {
	case engine.JoinNot:
		return needPart(&p.Parts[0], !want)
	case engine.JoinAnd, engine.JoinOr:
		join := " and "
		if (p.Join == engine.JoinOr) == want {
			join = " or "
		}
		var needs []string
		for i := range p.Parts {
			if need := needPart(&p.Parts[i], want); need != "" {
				needs = append(needs, need)
			}
		}
		if len(needs) > 1 && join == " or " {
			return "(" + strings.Join(needs, join) + ")"
		}
		return strings.Join(needs, join)
	}
	if !want {
		if inner, negated := strings.CutPrefix(p.Text, "!"); negated {
			return inner
		}
		return "not " + p.Text
	}
	return p.Text
}

// DescribeReads says what a part of a condition read: "event.passed is true, course.title is not there".
func DescribeReads(p engine.Part) string {
	var words []string
	for _, read := range p.Reads {
		words = append(words, read.Name+" is "+describeRead(read.Value))
	}
	return strings.Join(words, ", ")
}

// describeRead writes a value that was read.
func describeRead(value any) string {
	switch v := value.(type) {
	case nil:
		return "not there"
	case time.Time:
		return v.UTC().Format(time.RFC3339)
	case string:
		return fmt.Sprintf("%q", v)
	}
	return fmt.Sprint(value)
}
