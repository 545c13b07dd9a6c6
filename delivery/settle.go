package delivery

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"homeroom/engine"
)

// SettleAfter is how old the call of an uncertain mail must be before evidence is looked for that the provider did not take it: reports of other mails of
// the same minute, and none of this one.
const SettleAfter = 15 * time.Minute

// settleMargin is added to SettleAfter: the outcome is known a little after the call began.
const settleMargin = CallingTimeout

// intakeID is the id of the ledger's entry which says that the provider reported the intake of a mail handed over in a minute. No
// send has such an id.
func intakeID(minute time.Time) string {
	return "intake." + strconv.FormatInt(minute.Unix(), 10)
}

// settleAt returns when an uncertain send is to be looked at again; zero: never. Only mail is reported on.
func (d *Deliverer) settleAt(s engine.Send) time.Time {
	if d.o.SettleAfter <= 0 || s.Settles || s.Channel != engine.ChannelEmail {
		return time.Time{}
	}
	return d.o.Now().Add(d.o.SettleAfter + settleMargin)
}

// reopenNotTaken turns an uncertain entry into a released one if the send is to be settled and the evidence says that the provider did not
// take it: the call is SettleAfter old, the provider has reported the intake of another mail of the same minute, and it has reported nothing of
// this one. A send is reopened once. Otherwise the entry is returned as it is.
func (d *Deliverer) reopenNotTaken(ctx context.Context, s engine.Send, e Entry) (Entry, error) {
	if !s.Settles || d.o.SettleAfter <= 0 || e.Phase != PhaseUncertain || e.Resent || e.Called.IsZero() || len(e.Heard) > 0 {
		return e, nil
	}
	if d.o.Now().Sub(e.Called) < d.o.SettleAfter {
		return e, nil
	}
	intake, err := d.o.Ledger.Get(ctx, intakeID(e.Called.Truncate(time.Minute)))
	if err != nil {
		return Entry{}, d.wrapNotBegun(ctx, "ask for the provider's reports of that minute", err)
	}
	if intake.Phase != PhaseSettled || intake.Revision == 0 {
		return e, nil
	}
	e.Phase = PhaseReleased
	e.Outcome = engine.Outcome{}
	e.Resent = true
	e.At = d.o.Now()
	next, err := d.o.Ledger.Put(ctx, s.ID, e)
	if err != nil { // a report may have settled it just now: ask again
		return Entry{}, d.wrapNotBegun(ctx, "write the ledger", err)
	}
	return next, nil
}

// noteIntake notes that the provider reports what it took in the minute in which the report's send was handed over. For an uncertain
// send of that minute it proves that reports arrive, so that having none of that send means that it was not taken.
func (r *ReportHandler) noteIntake(ctx context.Context, rep ProviderReport, e Entry) error {
	if rep.Kind != ReportProcessed || !rep.Intake || e.Called.IsZero() {
		return nil
	}
	minute := e.Called.Truncate(time.Minute)
	if r.lastNoted.Load() == minute.Unix() {
		return nil
	}
	_, err := r.o.Ledger.Put(ctx, intakeID(minute), Entry{Phase: PhaseSettled, At: r.o.Now()})
	if err != nil && !errors.Is(err, ErrConflict) { // a conflict: it is noted already
		return fmt.Errorf("note that the provider reports what it took: %w", err)
	}
	r.lastNoted.Store(minute.Unix())
	return nil
}
