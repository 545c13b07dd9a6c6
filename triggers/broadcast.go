package triggers

import (
	"context"
	"time"

	"homeroom/catalog"
)

// decodeWithoutLearner reads an event without a learner. Its body is looked at only if a rule may concern many learners for its sake.
func (p *partition) decodeWithoutLearner(cat *catalog.Catalog, e *decodedItem, storedAt time.Time) {
	it := e.item
	rs := p.t.o.Ruleset()
	if p.t.o.Broadcasts == nil || rs == nil || !rs.ConcernsMany(it.name) {
		e.noteProblem(cat.CheckWithoutLearner(it.name, it.msg.Headers(), it.msg.Data(), storedAt))
		return
	}
	decoded, bad := cat.DecodeMessage(it.learner, it.name, it.msg.Headers(), it.msg.Data(), storedAt)
	if bad != nil {
		e.noteProblem(bad)
		return
	}
	e.event = decoded.Event
	e.event.Learner = ""
	e.event.StoredAt = storedAt // without a sequence: that orders the events of one learner
	e.many = len(rs.AudienceRules(&e.event)) > 0
}

// startBroadcasts starts a broadcast for each event, and acknowledges it.
func (p *partition) startBroadcasts(events []*decodedItem) error {
	for _, e := range events {
		ev := stripEvent(e.event, p.t.o.Ruleset())
		err := p.retryUntilDone("starting a broadcast", e.learner, p.t.handing, nil, func(ctx context.Context) error {
			return p.t.o.Broadcasts.StartBroadcast(ctx, ev)
		})
		if err != nil {
			return err
		}
		p.t.count.handedOver.Add(1)
		p.buffer.acknowledgeItems(e.item)
	}
	return nil
}
