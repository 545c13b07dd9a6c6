package delivery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"homeroom/engine"
	"homeroom/profile"
)

// Suppressions are the addresses that must not be written to.
type Suppressions interface {
	// Add suppresses an address; at is when it happened. Adding it again changes nothing, also when the learner has
	// come back since.
	Add(ctx context.Context, email string, reason profile.Reason, at time.Time) error
	// AddSoftBounce notes that an address refused a message this time, and AddDelivery that it took one. Many soft bounces without a delivery
	// suppress the address for a while. Both are harmless a second time.
	AddSoftBounce(ctx context.Context, email string, at time.Time) error
	AddDelivery(ctx context.Context, email string, at time.Time) error
}

// People remembers what learners do not want to be written to about.
type People interface {
	// Leave notes that the learner left a topic at `at`; without a topic, everything. An older statement never
	// overrules a newer one, so that a repeat is harmless.
	Leave(ctx context.Context, learner, topic string, at time.Time) error
}

// Events are the learners' events.
type Events interface {
	// Publish publishes an event of the learner. The id makes a repeat recognizable.
	Publish(ctx context.Context, learner, event, id string, at time.Time, properties map[string]any) error
}

// Decisions are what Homeroom decided, and why.
type Decisions interface {
	// Publish stores decisions; their ids make a repeat recognizable.
	Publish(ctx context.Context, decisions []engine.Decision) error
}

// Reports is what the webhook of a provider hands its reports to; [ReportHandler] implements it.
type Reports interface {
	// Take handles one report. After an error the same report has to come again.
	Take(ctx context.Context, rep ProviderReport) (Effect, error)
}

// ReportHandlerOptions are what a ReportHandler works with. All are required.
type ReportHandlerOptions struct {
	Ledger       Ledger
	Suppressions Suppressions
	People       People
	Events       Events
	Decisions    Decisions
	Now          func() time.Time
	// CallingFor is how long, by Now, an answer may be under way; 0: [CallingFor].
	CallingFor time.Duration
}

// ReportHandler applies what a provider reports about sends afterwards. It may be used concurrently. Between calls it keeps only which minute's
// intake it noted last.
type ReportHandler struct {
	o         ReportHandlerOptions
	lastNoted atomic.Int64 // unix seconds of a minute
}

// NewReportHandler returns a ReportHandler.
func NewReportHandler(o ReportHandlerOptions) (*ReportHandler, error) {
	missing := ""
	switch {
	case o.Ledger == nil:
		missing = "Ledger"
	case o.Suppressions == nil:
		missing = "Suppressions"
	case o.People == nil:
		missing = "People"
	case o.Events == nil:
		missing = "Events"
	case o.Decisions == nil:
		missing = "Decisions"
	case o.Now == nil:
		missing = "Now"
	default:
		if o.CallingFor <= 0 {
			o.CallingFor = CallingTimeout
		}
		return &ReportHandler{o: o}, nil
	}
	return nil, fmt.Errorf("delivery: ReportHandlerOptions.%s is missing", missing)
}

// Effect says what a provider report changed.
type Effect string

// The effects of a report.
const (
	EffectNew     Effect = "new"     // recorded, with everything that follows from it
	EffectAgain   Effect = "again"   // nothing: the same report was recorded before
	EffectNothing Effect = "nothing" // nothing: the report says only that the provider is still at work
	EffectUnknown Effect = "unknown" // the ledger has no such send; what the report says of the address was noted
)

// Take applies a report in this order: it notes what the report says of the address, records that the learner
// unsubscribed, publishes learning.<learner>.email.*, settles the send if its outcome was uncertain, and records the report.
//
// After an error, or a crash in between, take the same report again: every step is harmless a second time, and the
// report counts as taken only when all of them have succeeded. An error holds no personal data.
func (r *ReportHandler) Take(ctx context.Context, rep ProviderReport) (Effect, error) {
	entry, err := r.findEntry(ctx, rep)
	if err != nil {
		// Somebody who wants no more mail gets none, even if nobody can tell at the moment which send it was about.
		if rep.Kind != ReportTopicLeft {
			err = errors.Join(err, r.applyToAddress(ctx, rep, ""))
		}
		return "", err
	}
	if slices.Contains(entry.Heard, rep.ID) {
		return EffectAgain, nil
	}
	if err := r.noteIntake(ctx, rep, entry); err != nil {
		return "", err
	}
	if err := r.applyToAddress(ctx, rep, entry.Send.Topic); err != nil {
		return "", err
	}
	learner := entry.Send.Learner
	if learner == "" {
		return EffectUnknown, nil
	}
	if entry.Send.Staff != "" || slices.Contains(entry.Copies, hashCopy(rep.Email)) {
		return r.recordReport(ctx, rep, entry) // what staff do with their mail is no event of a learner
	}
	if rep.isUnsubscribe() {
		if err := r.o.People.Leave(ctx, learner, rep.topicLeft(entry.Send), rep.At); err != nil {
			return "", fmt.Errorf("note that the learner of send %s left: %w", rep.SendID, err)
		}
	}
	if name := rep.eventName(); name != "" {
		if err := r.o.Events.Publish(ctx, learner, name, rep.ID, rep.At, rep.eventProperties(entry.Send)); err != nil {
			return "", fmt.Errorf("publish %s of send %s: %w", name, rep.SendID, err)
		}
	}
	return r.recordReport(ctx, rep, entry)
}

// findEntry reads what the ledger knows of the report's send; the zero Entry: nothing.
func (r *ReportHandler) findEntry(ctx context.Context, rep ProviderReport) (Entry, error) {
	if rep.SendID == "" {
		return Entry{}, nil
	}
	entry, err := r.o.Ledger.Get(ctx, rep.SendID)
	if err != nil {
		return Entry{}, fmt.Errorf("look up send %s: %w", rep.SendID, err)
	}
	return entry, nil
}

// applyToAddress notes what the report says of its address: it suppresses it, or counts that it refused or took a message. topic is the
// send's, if it is known.
func (r *ReportHandler) applyToAddress(ctx context.Context, rep ProviderReport, topic string) error {
	if rep.Email == "" {
		return nil
	}
	var err error
	switch reason := rep.suppressionReason(topic); {
	case reason != "":
		err = r.o.Suppressions.Add(ctx, rep.Email, reason, rep.At)
	case rep.Kind == ReportBounced && rep.BounceType == BounceBlocked:
		err = r.o.Suppressions.AddSoftBounce(ctx, rep.Email, rep.At)
	case rep.Kind == ReportDelivered:
		err = r.o.Suppressions.AddDelivery(ctx, rep.Email, rep.At)
	}
	if err != nil {
		return fmt.Errorf("note what the report on send %s says of its address: %w", rep.SendID, err)
	}
	return nil
}

// noteTries is how often a lost race for the entry is run again: against the Deliverer and other reports of the send.
const noteTries = 16

// recordReport settles the send and remembers the report, in one write.
func (r *ReportHandler) recordReport(ctx context.Context, rep ProviderReport, entry Entry) (Effect, error) {
	for range noteTries {
		next, decide := rep.settleEntry(entry, r.o.Now(), r.o.CallingFor)
		settles := next.Phase != entry.Phase
		if rep.eventName() == "" && !settles {
			return EffectNothing, nil
		}
		if decide {
			// Before the ledger says so: after that nobody would publish it.
			decision := engine.SettledDecision(entry.Send, next.Outcome)
			if err := r.o.Decisions.Publish(ctx, []engine.Decision{decision}); err != nil {
				return "", fmt.Errorf("publish how send %s was settled: %w", rep.SendID, err)
			}
		}
		if rep.eventName() != "" {
			next.Heard = append(slices.Clone(entry.Heard), rep.ID)
			next.Heard = next.Heard[max(0, len(next.Heard)-MaxReportIDs):]
		}
		_, err := r.o.Ledger.Put(ctx, rep.SendID, next)
		if err == nil {
			return EffectNew, nil
		}
		if !errors.Is(err, ErrConflict) {
			return "", fmt.Errorf("remember report %s of send %s: %w", rep.ID, rep.SendID, err)
		}
		if entry, err = r.findEntry(ctx, rep); err != nil {
			return "", err
		}
		if slices.Contains(entry.Heard, rep.ID) {
			return EffectNew, nil // by somebody who took the same report at the same time
		}
	}
	return "", fmt.Errorf("remember report %s of send %s: %w, %d times in a row; take it again", rep.ID, rep.SendID, ErrConflict, noteTries)
}

// CallingTimeout is how long a provider's answer may be under way. A send that has been calling for longer is uncertain:
// the process that called is dead.
const CallingTimeout = 2 * time.Minute

// Uncertain reports whether at `now` nobody knows if the send went out.
func (e Entry) Uncertain(now time.Time, callingFor time.Duration) bool {
	return e.Phase == PhaseUncertain || e.Phase == PhaseCalling && now.Sub(e.At) > callingFor
}

// settleEntry is the entry after the report. That the provider reports on a send proves that it took it; only "dropped"
// means that it did not pass it on. decide reports that the decision about it is to be published here. Where a delivery
// is still to come by (claimed, calling, released), it finds the entry settled, does not call again, and says so itself.
func (rep ProviderReport) settleEntry(e Entry, now time.Time, callingFor time.Duration) (next Entry, decide bool) {
	next = e
	switch e.Phase {
	case PhaseSettled, PhaseNone:
		return next, false
	case PhaseUncertain, PhaseCalling, PhaseClaimed, PhaseReleased:
	}
	next.Phase = PhaseSettled
	next.At = now
	next.Outcome = engine.Outcome{SendID: e.Send.ID, Status: engine.OutcomeAccepted}
	if rep.Kind == ReportBounced && rep.BounceType == BounceDropped {
		next.Outcome.Status = engine.OutcomeFailed
		next.Outcome.Reason = engine.ReasonProvider
		next.Outcome.Detail = "the provider dropped it: " + rep.reasonWithoutAddress()
	}
	if next.Receipt == "" {
		next.Receipt = rep.Receipt
	}
	return next, e.Uncertain(now, callingFor)
}
