package admin

import (
	"context"
	"slices"
	"time"

	"homeroom/engine"
	"homeroom/store"
	"homeroom/subjects"
)

// DeliveryFailing is a message to a learner that could not be delivered, again and again, and is tried again. It holds ids, and no address or
// name. Times are on the installation's clock.
type DeliveryFailing struct {
	Learner  string    `json:"learner"`
	Since    time.Time `json:"since"` // when the first try was decided
	Step     string    `json:"step"`  // "delivering"
	Error    string    `json:"error,omitempty"`
	Attempts int       `json:"attempts"` // that are recorded; the last one is recorded with the next
	Next     time.Time `json:"next,omitzero"`
	Rule     string    `json:"rule"`
	Message  string    `json:"message"`
	Channel  string    `json:"channel,omitempty"`
}

// DeliveriesFailing are the messages that are tried again.
type DeliveriesFailing struct {
	Count int               // how many there are, as far as was read
	Some  []DeliveryFailing // of these, those longest first; at most 50
	// Older is how many deferrals of these hours were not read, because newer ones are so many.
	Older uint64
}

const (
	// deferralsSince is how far back deferrals are read. A message waits for a day and a fifth at most between two tries, if its provider says so, and for minutes as a
	// rule.
	deferralsSince = 30 * time.Hour
	// maxDeferrals is how many of them are read, the newest: a second's work.
	maxDeferrals = 20_000
)

// deliveryKey is what a delivery is known by through all its tries.
type deliveryKey struct{ learner, rule, run, step string }

func deliveryKeyOf(d *engine.Decision) deliveryKey {
	return deliveryKey{learner: d.Learner, rule: d.Rule, run: d.Run, step: d.Step}
}

// DeliveriesFailing returns messages that could not be delivered and are tried again. It reads the newest deferrals of the last 30 hours, and
// of at most 50 deliveries what was decided before and since. Decisions are published with the next try, so that the first failure is known after the second.
func (i *Installation) DeliveriesFailing(ctx context.Context) (DeliveriesFailing, error) {
	ctx, cancel := context.WithTimeout(ctx, failingTime)
	defer cancel()
	var found DeliveriesFailing
	keys, older, err := i.readFailedDeliveries(ctx)
	found.Older = older
	if err != nil {
		return found, err
	}
	found.Count = len(keys)
	for _, key := range keys {
		if len(found.Some) == maxFailing {
			break
		}
		delivery, fails, err := i.traceDelivery(ctx, key)
		if err != nil {
			return found, err
		}
		if !fails {
			found.Count--
			continue
		}
		found.Some = append(found.Some, delivery)
	}
	slices.SortStableFunc(found.Some, func(a, b DeliveryFailing) int { return a.Since.Compare(b.Since) })
	return found, nil
}

// readFailedDeliveries returns the deliveries that were deferred last because they failed, in the order of these deferrals, and how many deferrals were not read.
func (i *Installation) readFailedDeliveries(ctx context.Context) (keys []deliveryKey, older uint64, err error) {
	reader := i.newReader(i.Now().Add(-deferralsSince), nil)
	filter := subjects.DecisionsOfKind(string(engine.KindDeferred))
	if reader.From, older, err = reader.NewestFrom(ctx, subjects.DecisionStream, filter, maxDeferrals); err != nil {
		return nil, 0, err
	}
	last := map[deliveryKey]int{} // the position of its last failure
	n := 0
	err = reader.ReadDecisions(ctx, filter, func(d *engine.Decision) {
		n++
		if d.IsFailedTry() {
			last[deliveryKeyOf(d)] = n
		}
	})
	for key := range last {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b deliveryKey) int { return last[a] - last[b] })
	return keys, older, err
}

// traceDelivery reads what was decided about a delivery, and reports whether it fails still.
func (i *Installation) traceDelivery(ctx context.Context, key deliveryKey) (found DeliveryFailing, fails bool, err error) {
	reader := store.StreamReader{JS: i.js, Directly: i.opts.Directly}
	err = reader.ReadDecisions(ctx, subjects.DecisionsOfLearnerByRule(key.learner, key.rule), func(d *engine.Decision) {
		switch {
		case d.Run != key.run || d.Kind == engine.KindConverted:
		case d.IsFailedTry() && d.Step == key.step:
			if !fails {
				found = DeliveryFailing{
					Learner: d.Learner,
					Since:   d.At,
					Step:    "delivering",
					Rule:    d.Rule,
					Message: d.Message,
					Channel: d.Channel,
				}
			}
			fails = true
			found.Attempts++
			found.Error = d.Detail
			found.Next = d.Until
		case d.Kind == engine.KindDeferred: // it waits for something else meanwhile
		default:
			fails = false // it went out, failed for good, or the run went on or ended
		}
	})
	return found, fails, err
}
