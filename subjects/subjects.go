package subjects

import (
	"fmt"
	"strconv"
	"strings"
)

// The streams.
const (
	Stream         = "LEARNING"           // what learners do
	DeadStream     = "LEARNING_DLQ"       // what was refused, with the reason
	DecisionStream = "HOMEROOM_DECISIONS" // what Homeroom decided, with the reason
	AuditStream    = "HOMEROOM_AUDIT"     // who did what to the installation
	NudgeStream    = "NUDGES"             // rendered nudges for the platform's own pages
	SetAsideStream = "HOMEROOM_SET_ASIDE" // events of learners who are set aside: they wait here until they can be handed over
)

const (
	// Partitions is how many partitions the stream has; it is fixed when the stream is created.
	Partitions = 16
	// NoLearner stands in the learner's place for events that have no learner.
	NoLearner = "_"
)

// What each stream takes in.
const (
	AllPublished = "learning.>"
	AllDead      = "dead.>"
	AllDecisions = "homeroom.decisions.>"
	AllAudit     = "homeroom.audit.>"
	AllNudges    = "nudges.>"
	AllSetAside  = "setaside.*"
)

// The stream's subject transform. The index of a wildcard counts wildcards, not tokens.
const (
	TransformSource      = "learning.*.>"
	TransformDestination = "learning.{{partition(16,1)}}.{{wildcard(1)}}.>"
)

// The longest tokens of a dead letter's subject, in bytes: whatever was published, its dead letter can be too. The
// learner's fits every valid id, each byte escaped.
const (
	maxDeadLearner = 3 * MaxLearner
	maxDeadEvent   = 256
)

// Publish returns the subject for an event: learning.<learner>.<event>. The learner is a valid id or [NoLearner]; the
// event name keeps its dots.
func Publish(learner, event string) string {
	return "learning." + Escape(learner) + "." + escapeTokens(event)
}

// MsgID returns the Nats-Msg-Id of an event, which makes a repeat within the stream's window unheard: <learner>:<id>
// with the learner escaped, so that no two pairs share one.
func MsgID(learner, id string) string { return Escape(learner) + ":" + id }

// ParseStored reads the subject of a stored event, learning.<partition>.<learner>.<event>. The learner comes unescaped
// ([NoLearner] as it is); its validity as an id is for [ValidLearner] to say. If only the learner's token is wrong,
// the token is returned as it stands together with the error, so that the event can be put among the dead letters.
func ParseStored(subject string) (p int, learner, event string, err error) {
	rest, ok := strings.CutPrefix(subject, "learning.")
	if !ok {
		return 0, "", "", fmt.Errorf("subject %q does not begin with learning.", clipText(subject, maxDeadEvent))
	}
	partition, rest, _ := strings.Cut(rest, ".")
	token, event, _ := strings.Cut(rest, ".")
	p, err = strconv.Atoi(partition)
	if err != nil || p < 0 || p >= Partitions || strconv.Itoa(p) != partition {
		return 0, "", "", fmt.Errorf("subject %q has no partition from 0 to %d after learning.", clipText(subject, maxDeadEvent), Partitions-1)
	}
	if token == "" || event == "" {
		return 0, "", "", fmt.Errorf("subject %q is not learning.<partition>.<learner>.<event>", clipText(subject, maxDeadEvent))
	}
	learner, err = Unescape(token)
	if err != nil {
		return p, token, event, fmt.Errorf("the learner %q in the subject: %w", clipText(token, maxDeadEvent), err)
	}
	return p, learner, event, nil
}

// Partition returns the filter for one partition of the stream.
func Partition(p int) string { return "learning." + strconv.Itoa(p) + ".>" }

// Stored returns the filter for everything stored of a learner, in whatever partition.
func Stored(learner string) string { return "learning.*." + Escape(learner) + ".>" }

// Dead returns the subject of a dead letter: dead.<learner>.<event>. It is a valid subject whatever the two are: what
// is missing becomes "_", what is too long is cut.
func Dead(learner, event string) string {
	return "dead." + clippedLearner(learner) + "." + deadEvent(event)
}

// DeadOf returns the filter for a learner's dead letters.
func DeadOf(learner string) string { return "dead." + clippedLearner(learner) + ".>" }

// Decision returns the subject of a decision: homeroom.decisions.<learner>.<rule>.<kind>, each one token.
func Decision(learner, rule, kind string) string {
	return "homeroom.decisions." + subjectToken(learner) + "." + subjectToken(rule) + "." + subjectToken(kind)
}

// DecisionsOf returns the filter for the decisions about a learner.
func DecisionsOf(learner string) string { return "homeroom.decisions." + subjectToken(learner) + ".>" }

// DecisionsOfLearnerByRule returns the filter for a rule's decisions about a learner.
func DecisionsOfLearnerByRule(learner, rule string) string {
	return "homeroom.decisions." + subjectToken(learner) + "." + subjectToken(rule) + ".*"
}

// DecisionsOfKind returns the filter for the decisions of a kind, about whomever.
func DecisionsOfKind(kind string) string { return "homeroom.decisions.*.*." + subjectToken(kind) }

// DecisionsOfRule returns the filter for a rule's decisions of a kind, about whomever.
func DecisionsOfRule(rule, kind string) string {
	return "homeroom.decisions.*." + subjectToken(rule) + "." + subjectToken(kind)
}

// Audit returns the subject of an audit record: homeroom.audit.<action>.
func Audit(action string) string { return "homeroom.audit." + subjectToken(action) }

// Nudge returns the subject of a nudge for the platform to show: nudges.<learner>.<rule>, each one token.
func Nudge(learner, rule string) string {
	return "nudges." + subjectToken(learner) + "." + subjectToken(rule)
}

// NudgesOf returns the filter for a learner's nudges.
func NudgesOf(learner string) string { return "nudges." + subjectToken(learner) + ".>" }

// SetAside returns the subject of a learner's events that are set aside: setaside.<learner>.
func SetAside(learner string) string { return "setaside." + clippedLearner(learner) }

func subjectToken(s string) string {
	if s == "" {
		return NoLearner
	}
	return Escape(s)
}

// clippedLearner is the learner's token, cut to maxDeadLearner: what was published need not name a valid id.
func clippedLearner(learner string) string { return clipText(subjectToken(learner), maxDeadLearner) }

func deadEvent(event string) string {
	tokens := strings.FieldsFunc(clipText(event, maxDeadEvent), func(r rune) bool { return r == '.' })
	if len(tokens) == 0 {
		return NoLearner
	}
	return escapeTokens(strings.Join(tokens, "."))
}

// escapeTokens escapes what is between the dots.
func escapeTokens(name string) string {
	if !strings.Contains(name, ".") {
		return Escape(name)
	}
	tokens := strings.Split(name, ".")
	for i, t := range tokens {
		tokens[i] = Escape(t)
	}
	return strings.Join(tokens, ".")
}

func clipText(s string, n int) string { return s[:min(len(s), n)] }
