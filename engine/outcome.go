package engine

import (
	"slices"
	"time"
)

// OutcomeDecision is the decision that a delivery's outcome leaves behind. It is a function of its own so that the
// delivery can publish it the moment it knows; the id is the same as the one that Step gives it.
func OutcomeDecision(send Send, o Outcome) Decision {
	d := Decision{
		At:      send.At,
		Learner: send.Learner,
		Rule:    send.Rule,
		Scope:   send.Scope,
		Run:     send.Run,
		Rev:     send.Revision,
		Step:    send.Step,
		Message: send.Message,
		Send:    send.ID,
		Arm:     send.Arm,
		Channel: send.Channel,
		Detail:  o.Detail,
	}
	occasion := ""
	if exposes(o.Status) {
		d.Exposure = send.Exposure
	}
	switch o.Status {
	case OutcomeAccepted:
		d.Kind = KindSent
	case OutcomeUncertain:
		d.Kind = KindUncertain
		d.Reason = o.Reason
	case OutcomeFailed:
		d.Kind = KindFailed
		d.Reason = o.Reason
	case OutcomeNotAllowed:
		d.Kind = KindSkipped
		d.Reason = ReasonNotAllowed
	case OutcomeNoAddress:
		d.Kind = KindSkipped
		d.Reason = ReasonNoAddress
	case OutcomeSuppressed:
		d.Kind = KindSkipped
		d.Reason = ReasonSuppressed
		if o.Reason != "" { // unsubscribed or without consent since it was decided
			d.Reason = o.Reason
		}
	case OutcomeRetry:
		d.Kind = KindDeferred
		d.Reason = o.Reason
		d.Until = o.RetryAt
		occasion = o.RetryAt.Format(time.RFC3339Nano)
	case OutcomeCancelled:
		d.Kind = KindSkipped
		d.Reason = ReasonUntil
	}
	d.ID = hashID(d.Learner, d.Rule, d.Scope, d.Run, d.Step, string(d.Kind), string(d.Reason), occasion)
	if send.Settles && (o.Status == OutcomeAccepted || o.Status == OutcomeFailed) {
		d.ID = settledID(d) // a report may have settled the same send
	}
	return d
}

// IsFailedTry reports whether a decision says that a message could not be delivered and is tried again at Until: the provider did not take it or did not answer
// (ReasonProvider), or it refuses the installation's account (ReasonProviderRefuses). A message that waits for anything else, such as the end of quiet hours or of a
// pause, has not failed. A message that failed for good is KindFailed.
func (d *Decision) IsFailedTry() bool {
	return d.Kind == KindDeferred && (d.Reason == ReasonProvider || d.Reason == ReasonProviderRefuses)
}

// settledID returns the id of the decision that says how an uncertain send ended.
func settledID(d Decision) string {
	return hashID(d.Learner, d.Rule, d.Scope, d.Run, d.Step, string(d.Kind), "settled")
}

// SettledDecision is what a provider's later report makes of an uncertain send: it was taken after all (OutcomeAccepted),
// or was not (OutcomeFailed). It stands beside the decision that it was uncertain.
func SettledDecision(send Send, o Outcome) Decision {
	d := OutcomeDecision(send, o)
	d.ID = settledID(d)
	d.Detail = "settled by the provider's report"
	if o.Detail != "" {
		d.Detail += ": " + o.Detail
	}
	return d
}

// applyOutcome takes in what came of a delivery.
func (s *stepper) applyOutcome(o *Outcome) {
	i := s.pendingByID(o.SendID)
	if i < 0 || !s.st.PendingDeliveries[i].SettleAt.IsZero() {
		return // it is known already
	}
	if f := &s.st.PendingDeliveries[i]; awaitsSettlement(f, o) {
		f.SettleAt = o.SettleAt
		s.addDecision(OutcomeDecision(f.Send, *o))
		return
	}
	flight := s.st.PendingDeliveries[i]
	s.st.PendingDeliveries = slices.Delete(s.st.PendingDeliveries, i, i+1)
	went := o.Status == OutcomeAccepted || o.Status == OutcomeUncertain
	if !went {
		s.st.PastSends = slices.DeleteFunc(s.st.PastSends, func(m PastSend) bool { return m.ID == o.SendID })
	}
	again := o.Status == OutcomeRetry || o.Status == OutcomeCancelled
	answer := *o
	if again && flight.ExitReason != "" {
		answer.Status = OutcomeCancelled
		answer.Detail = "the learner left before it went out" // not to be tried again
	} else if again && answer.RetryAt.IsZero() {
		answer.Status = OutcomeRetry
		answer.RetryAt = s.now.Add(time.Minute)
	}
	if !flight.Send.Settles || answer.Status != OutcomeUncertain { // else it is as it was
		s.addDecision(OutcomeDecision(flight.Send, answer))
	}

	run := s.runByID(flight.Send.Run)
	switch {
	case run == nil:
	case again && flight.ExitReason == "":
		// Back to the send; waits that began after it begin anew. Every question is asked again.
		run.PC = flight.PC
		run.FirstDue = flight.FirstDue
		run.Due = answer.RetryAt
		run.Waiting = false
		run.Ended = false
		if run.Exposed.Equal(flight.Send.At) {
			run.Exposed = time.Time{}
		}
	case run.Ended:
		if !exposes(o.Status) && run.Exposed.Equal(flight.Send.At) {
			run.Exposed = time.Time{}
		}
		s.endRun(run)
	case !exposes(o.Status) && run.Exposed.Equal(flight.Send.At):
		run.Exposed = time.Time{}
	}
}

// exposes reports whether a learner whose delivery ended so counts as exposed to the message: the goal is watched for. A failed delivery
// does: whether an address works is known only for those who were written to, and leaving them out would make the groups differ.
func exposes(status OutcomeStatus) bool {
	return status == OutcomeAccepted || status == OutcomeUncertain || status == OutcomeFailed
}
