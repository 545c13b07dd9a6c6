package delivery

import (
	"context"
	"errors"
	"strings"

	"homeroom/engine"
)

// Staff knows the people who work at the academy: they stand in settings.yaml, and are no learners.
type Staff interface {
	// StaffOf returns the addresses of a group in a revision of the rules; none: there is no such group. An error that wraps ErrRevisionLost ends the send.
	StaffOf(ctx context.Context, revision, group string) ([]string, error)
	// Suppressed reports whether an address must not be written to: it bounced for good, or said that it wants no more mail.
	Suppressed(ctx context.Context, address string) (bool, error)
}

// askStaff asks who of a group of staff may be written to now. One message goes to all of them, so who may not is left out, and nothing is sent if nobody is left.
func (d *Deliverer) askStaff(ctx context.Context, s engine.Send) (to Recipient, out engine.Outcome, stop bool, err error) {
	if d.o.Staff == nil {
		return to, newOutcome(s, engine.OutcomeFailed, engine.ReasonProvider, "this process delivers no messages to staff"), true, nil
	}
	all, err := d.o.Staff.StaffOf(ctx, s.Revision, s.Staff)
	switch {
	case errors.Is(err, ErrRevisionLost):
		return to, newOutcome(s, engine.OutcomeFailed, engine.ReasonRevisionLost, err.Error()), true, nil
	case err != nil:
		return to, engine.Outcome{}, false, d.wrapNotBegun(ctx, "read who the staff are", err)
	case len(all) == 0:
		return to, newOutcome(s, engine.OutcomeNoAddress, engine.ReasonNoAddress, "staff."+s.Staff+" has no address"), true, nil
	}
	why := newOutcome(s, engine.OutcomeSuppressed, engine.ReasonSuppressed, "every address of staff."+s.Staff+" is suppressed")
	for _, address := range all {
		suppressed, err := d.o.Staff.Suppressed(ctx, address)
		if err != nil {
			return to, engine.Outcome{}, false, d.wrapNotBegun(ctx, "ask whether staff may be written to", err)
		}
		switch {
		case suppressed:
		case !d.o.Allow.Allows(address):
			why = newOutcome(s, engine.OutcomeNotAllowed, engine.ReasonNotAllowed, "the recipient allow-list names no address of staff."+s.Staff)
		case to.Address == "":
			to.Address = address
		default:
			to.AlsoTo = append(to.AlsoTo, address)
		}
	}
	if to.Address == "" {
		return to, why, true, nil
	}
	if s.Learner == engine.NoLearner {
		return to, engine.Outcome{}, false, nil
	}
	about, err := d.o.Recipients.Recipient(ctx, s.Learner)
	if err != nil {
		return to, engine.Outcome{}, false, d.wrapNotBegun(ctx, "read the profile of the learner whom the message is about", err)
	}
	to.Profile.Traits = about.Profile.Traits
	return to, engine.Outcome{}, false, nil
}

// recipientAddresses returns all addresses that a message goes to, as one text.
func recipientAddresses(channel Channel, to Recipient) string {
	return strings.Join(append([]string{channel.Address(to)}, to.AlsoTo...), ", ")
}
