package profile

import (
	"strings"
	"time"
)

// Reason is why an address must not be written to.
type Reason string

// The reasons; each outweighs those after it.
const (
	ReasonErased       Reason = "erased"       // the person asked to be forgotten
	ReasonComplained   Reason = "complained"   // reported as spam
	ReasonBounced      Reason = "bounced"      // there is no such mailbox
	ReasonUnsubscribed Reason = "unsubscribed" // left everything
	ReasonUnreadable   Reason = "unreadable"   // what is recorded of the address cannot be read, so it is not written to
	ReasonSoftBounced  Reason = "soft_bounced" // refused often of late: it rests until a time, see [SoftBounces]
)

// Weight orders the reasons: a higher one replaces a lower one. 0: it is none of them.
func (r Reason) Weight() int {
	switch r {
	case ReasonErased:
		return 6
	case ReasonComplained:
		return 5
	case ReasonBounced:
		return 4
	case ReasonUnsubscribed:
		return 3
	case ReasonUnreadable:
		return 2
	case ReasonSoftBounced:
		return 1
	}
	return 0
}

// Feedback is what an event means for whether a learner may be written to. The zero Feedback: nothing.
type Feedback struct {
	// Leave: the learner left Topic, or with an empty one everything.
	Leave bool
	Topic string
	// Suppress is why the address that the message went to must not be written to any more; empty: it may.
	Suppress Reason
	// SoftBounce: that address refused the message this time. Delivered: it took it. Both count for [SoftBounces].
	SoftBounce bool
	Delivered  bool
	// Send is the id of the send that this came back to; may be empty.
	Send string
}

// FeedbackOf returns what an event means:
//
//	email.unsubscribed   the topic is left; without one, everything, and the address is suppressed
//	email.spam_reported  everything is left, and the address is suppressed
//	email.bounced        with a bounce_type that is a hard bounce (see [BounceSeverityOf]) the address is suppressed; a soft one counts for [SoftBounces]
//	email.delivered      soft bounces up to then count no more
//
// A topic that cannot be one (see [CheckTopic]) names no message, so leaving it means nothing.
func FeedbackOf(event string, properties map[string]any) Feedback {
	if !strings.HasPrefix(event, "email.") { // nearly all are not
		return Feedback{}
	}
	text := func(name string) string { s, _ := properties[name].(string); return s }
	f := Feedback{Send: text("send_id")}
	switch event {
	case "email.unsubscribed":
		f.Leave = true
		f.Topic = text("topic")
		if f.Topic == "" {
			f.Suppress = ReasonUnsubscribed
		} else if CheckTopic(f.Topic) != nil {
			return Feedback{}
		}
	case "email.spam_reported":
		f.Leave = true
		f.Suppress = ReasonComplained
	case "email.bounced":
		switch BounceSeverityOf(text("bounce_type")) {
		case BounceHard:
			f.Suppress = ReasonBounced
		case BounceSoft:
			f.SoftBounce = true
		case BounceDropped, BounceUnknown:
			return Feedback{}
		}
	case "email.delivered":
		f.Delivered = true
	default:
		return Feedback{}
	}
	return f
}

// ApplyFeedback takes into the profile what feedback says of the learner; at is when it was said. Whether the address is
// suppressed is not the profile's.
func (p *Profile) ApplyFeedback(f Feedback, at time.Time) (changed bool) {
	switch {
	case !f.Leave:
		return false
	case f.Topic != "":
		return p.Leave(f.Topic, at)
	}
	return p.LeaveAll(at)
}
