package delivery

import (
	"regexp"
	"strings"
	"time"

	"homeroom/engine"
	"homeroom/profile"
)

// ProviderReport is one thing that a provider reports about a send afterwards.
type ProviderReport struct {
	ID     string // the same whenever the provider reports it again; never empty
	SendID string // as it came back in [SendIDArg]; may be empty
	Email  string // whom it is about; may be empty. It is used to suppress the address, and goes nowhere else
	Kind   ProviderReportKind
	At     time.Time // when it happened, by the provider's clock
	// Intake is set with ReportProcessed if the provider says that it took the message: it says so of every message that it takes.
	Intake bool
	// BounceType is one of the bounce types below, with ReportBounced.
	BounceType string
	Reason     string // with ReportBounced, in the words of whoever refused it
	// DropCause is set with BounceDropped if the provider did not try because of the address; it says what the provider
	// knows of it. Empty: the drop says nothing about the address (content, quota).
	DropCause profile.Reason
	URL       string // with ReportClicked, without query and fragment
	Machine   bool   // with ReportOpened: fetched ahead by a mail client, not opened by a person
	Receipt   string // the provider's own message id; may be empty
}

// ProviderReportKind is what happened.
type ProviderReportKind string

// The kinds of reports.
const (
	ReportProcessed    ProviderReportKind = "processed" // the provider has it and is at work, perhaps once more
	ReportDelivered    ProviderReportKind = "delivered" // the learner's server took it
	ReportBounced      ProviderReportKind = "bounced"
	ReportOpened       ProviderReportKind = "opened"
	ReportClicked      ProviderReportKind = "clicked"
	ReportSpamReported ProviderReportKind = "spam_reported"
	ReportUnsubscribed ProviderReportKind = "unsubscribed" // from everything
	ReportTopicLeft    ProviderReportKind = "topic_left"   // from what the send was about
)

// The types of bounces.
const (
	BounceHard    = "bounce"  // the address does not exist, or refuses for good: it is suppressed
	BounceBlocked = "blocked" // refused this time
	BounceDropped = "dropped" // the provider did not even try, because of an address it suppresses itself, for example
)

// eventName is the event that a report becomes; empty: none.
func (rep ProviderReport) eventName() string {
	switch rep.Kind {
	case ReportProcessed:
		return ""
	case ReportDelivered:
		return "email.delivered"
	case ReportBounced:
		return "email.bounced"
	case ReportOpened:
		return "email.opened"
	case ReportClicked:
		return "email.clicked"
	case ReportSpamReported:
		return "email.spam_reported"
	case ReportUnsubscribed, ReportTopicLeft:
		return "email.unsubscribed"
	default:
		return ""
	}
}

func (rep ProviderReport) eventProperties(send engine.Send) map[string]any {
	p := map[string]any{"send_id": send.ID}
	for name, text := range map[string]string{"message": send.Message, "rule": send.Rule, "topic": send.Topic} {
		if text != "" {
			p[name] = text
		}
	}
	switch rep.Kind {
	case ReportBounced:
		p["bounce_type"] = rep.BounceType
		p["reason"] = rep.reasonWithoutAddress()
	case ReportOpened:
		p["machine"] = rep.Machine
	case ReportClicked:
		p["url"] = removeAddress(rep.URL, rep.Email)
	case ReportUnsubscribed, ReportTopicLeft:
		if rep.topicLeft(send) == "" {
			delete(p, "topic") // with a topic it would mean that one only
		}
	case ReportProcessed, ReportDelivered, ReportSpamReported:
	}
	return p
}

// isUnsubscribe reports whether the learner wants to hear less.
func (rep ProviderReport) isUnsubscribe() bool {
	return rep.Kind == ReportUnsubscribed || rep.Kind == ReportTopicLeft || rep.Kind == ReportSpamReported
}

// topicLeft is what the learner left; empty: everything. A topic that nobody knows any more is everything, too: rather a
// message too few.
func (rep ProviderReport) topicLeft(send engine.Send) string {
	if rep.Kind == ReportTopicLeft {
		return send.Topic
	}
	return ""
}

// suppressionReason is why the report's address is suppressed; empty: it is not. topic is the send's, if it is known.
func (rep ProviderReport) suppressionReason(topic string) profile.Reason {
	switch rep.Kind {
	case ReportBounced:
		switch rep.BounceType {
		case BounceHard:
			return profile.ReasonBounced
		case BounceDropped:
			return rep.DropCause
		}
	case ReportSpamReported:
		return profile.ReasonComplained
	case ReportUnsubscribed:
		return profile.ReasonUnsubscribed
	case ReportTopicLeft:
		if topic == "" && rep.SendID != "" { // without a send it is a group of somebody else's mail
			return profile.ReasonUnsubscribed
		}
	case ReportProcessed, ReportDelivered, ReportOpened, ReportClicked:
	}
	return ""
}

func (rep ProviderReport) reasonWithoutAddress() string { return removeAddress(rep.Reason, rep.Email) }

// encoded is an address in a URL or in quotes, which [address] does not find.
var encoded = regexp.MustCompile(`(?i)"[^"\n]*"@[^\s"'<>(),;:]+|[^\s"'<>(),;:/?&=]+%40[^\s"'<>(),;:/?&=]+`)

// minLocal is from which length on the part before the @ is looked for: servers like to name it alone.
const minLocal = 3

// removeAddress takes addresses out of a text that will be kept, and bounds it; email is the one that is known to be at stake.
func removeAddress(text, email string) string {
	if email != "" {
		text = replaceFold(text, email, false)
	}
	text = redactAddress(encoded.ReplaceAllString(text, "(address)"), "")
	if local, _, ok := strings.Cut(email, "@"); ok && len(local) >= minLocal {
		text = replaceFold(text, local, true)
	}
	return text
}

// replaceFold replaces an address, or a part of it, without regard to case; word: only where it stands alone.
func replaceFold(text, part string, word bool) string {
	pattern := "(?i)" + regexp.QuoteMeta(part)
	if word {
		pattern = `(?i)(^|[^\pL\pN])` + regexp.QuoteMeta(part) + `($|[^\pL\pN])`
	}
	re, err := regexp.Compile(pattern)
	if err != nil { // an address that is not UTF-8: it can be in no text that is
		return text
	}
	if word {
		// Of two that have one character between them, the first pass finds one: the character is a part of its match.
		for range 2 {
			text = re.ReplaceAllString(text, "${1}(address)${2}")
		}
		return text
	}
	return re.ReplaceAllString(text, "(address)")
}
