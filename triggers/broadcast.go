package triggers

import (
	"context"
	"time"

	"homeroom/catalog"
)

// decodeWithoutLearner reads an event without a learner. Its body is looked at only if a rule may concern many learners for its sake, or staff.
func (p *partition) decodeWithoutLearner(cat *catalog.Catalog, e *decodedItem, storedAt time.Time) {
	it := e.item
	rs := p.t.o.Ruleset()
	many := p.t.o.Broadcasts != nil && rs != nil && rs.ConcernsMany(it.name)
	staff := p.t.o.Staff != nil && rs != nil && rs.ConcernsStaff(it.name)
	if !many && !staff {
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
	e.many = many && len(rs.AudienceRules(&e.event)) > 0
	e.staff = staff && len(rs.StaffRules(&e.event)) > 0
}

// handOverWithoutLearner has staff hear of each event, starts a broadcast for it, or does both, and acknowledges it.
func (p *partition) handOverWithoutLearner(events []*decodedItem) error {
	for _, e := range events {
		ev := stripEvent(e.event, p.t.o.Ruleset())
		err := p.retryUntilDone("handing an event without a learner over", e.learner, p.t.handing, nil, func(ctx context.Context) error {
			if e.staff {
				if err := p.t.o.Staff.StartStaff(ctx, ev); err != nil {
					return err
				}
			}
			if e.many {
				return p.t.o.Broadcasts.StartBroadcast(ctx, ev)
			}
			return nil
		})
		if err != nil {
			return err
		}
		p.t.count.handedOver.Add(1)
		p.buffer.acknowledgeItems(e.item)
	}
	return nil
}
