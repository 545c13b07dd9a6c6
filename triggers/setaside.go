package triggers

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"homeroom/setaside"
	"homeroom/subjects"
)

// A learner whose events could not be handed over for longer than Options.SetAsideAfter, while those of others could, is set aside, so that they hold
// nobody else up. Their events are copied, in order, to the stream HOMEROOM_SET_ASIDE and acknowledged; a record in the store names the learner. The
// partition's watermark goes on, and the learner's own stays before their first event that waits.
//
// Any replica may copy and any may try again, at any time, a process that was stopped for a while among them. What keeps the order is this:
//
//   - An event is copied, then the record is written, then the event is acknowledged. So while an acknowledged event waits, there is a record, and
//     the record was written after the event was copied.
//   - The record is removed only at a revision that was read before the stream was found empty. So nothing is left behind without a record.
//   - Who is about to hand over a learner's event has heard of every record that was written before the previous events were acknowledged: receive buffers
//     are parked whenever another replica may have been served, and before parking ends the store is asked who is set aside.
//   - A lane that is set aside hands nothing over before the store itself says that the record is gone, which means that all that waited was handed
//     over.
//
// What is handed over twice the workflow recognizes by its sequence.

// SetAsides records who is set aside; see store.Control.
type SetAsides interface {
	// SyncSetAside waits until SetAsideOf knows everybody in the partition who was set aside before the call.
	SyncSetAside(ctx context.Context, partition int) error
	// SetAside and SetAsideOf return who is set aside, anywhere and in a partition, as last heard of.
	SetAside() []setaside.Record
	SetAsideOf(partition int) []setaside.Record
	ReadSetAside(ctx context.Context, learner string) (s setaside.Record, found bool, err error)
	// ChangeSetAside changes a learner's record; change returns false to leave it. It returns the record, with Revision 0 if there is none.
	ChangeSetAside(ctx context.Context, learner string, change func(s *setaside.Record, exists bool) bool) (setaside.Record, error)
	ClearSetAside(ctx context.Context, learner string, revision uint64) (cleared bool, err error)
}

// laneFailure says that a lane failed for too long.
type laneFailure struct {
	step string
	err  error
}

func (f *laneFailure) Error() string { return f.step + " fails for too long: " + f.err.Error() }
func (f *laneFailure) Unwrap() error { return f.err }

const (
	// maxSetAside bounds how many learners of a partition are set aside. If more fail, it is not their fault.
	maxSetAside = 1000
	// fewFailing is how many learners may be set aside because of errors that are theirs, while nobody's events are handed over.
	fewFailing = 3
	// setAsideTries is how often a step is tried when a learner who is set aside is tried again.
	setAsideTries = 3
	// maxCounted bounds how much one failed try adds to the time for which a lane has failed.
	maxCounted = 30 * time.Second
)

// ErrUnavailable says that a service does not answer, which is no learner's fault.
var ErrUnavailable = errors.New("the service is unavailable")

// concernsAllLearners reports whether an error says nothing about the learner for whom it came back.
func concernsAllLearners(err error) bool {
	return errors.Is(err, errNoRuleset) || errors.Is(err, ErrUnavailable) || errors.Is(err, context.DeadlineExceeded)
}

// failsForTooLong takes in that a step failed for a lane for the n-th time in a row, in a try that began at `began`, and reports whether the lane is to
// give up. Time counts while the step works for others. While it works for nobody, time counts only if the error is the learner's own and few learners fail.
func (p *partition) failsForTooLong(ln *lane, step string, err error, n int, began time.Time) bool {
	if ln.aside {
		return n >= setAsideTries
	}
	if p.t.o.SetAsides == nil || ln.learner == subjects.NoLearner ||
		slices.ContainsFunc(ln.turn.items, func(it *item) bool { return it.problem != nil }) {
		return false
	}
	now := p.t.o.Clock.Now()
	if n == 1 {
		ln.failedFor = 0
	} else {
		began = ln.failedAt
	}
	ln.failedAt = now
	if p.t.succeededSince(step, began) || !concernsAllLearners(err) && int(p.t.failing.Load())+len(p.t.o.SetAsides.SetAside()) <= fewFailing {
		ln.failedFor += min(maxCounted, p.t.o.Clock.Wait(now.Sub(began)))
	}
	return ln.failedFor >= p.t.o.SetAsideAfter && len(p.t.o.SetAsides.SetAsideOf(p.number)) < maxSetAside
}

// noteSuccess records that a step worked for somebody.
func (t *Triggers) noteSuccess(step string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.succeeded == nil {
		t.succeeded = map[string]time.Time{}
	}
	t.succeeded[step] = t.o.Clock.Now()
}

func (t *Triggers) succeededSince(step string, at time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.succeeded[step].After(at)
}

// setLaneAside sets aside a lane that failed for too long: what is not finished of its turn goes first. The error is errStopping.
func (p *partition) setLaneAside(ln *lane, failed *laneFailure) error {
	p.lanes.beginSetAside(ln)
	if err := p.setQueueAside(ln, failed); err != nil {
		return err
	}
	p.t.count.setAside.Add(1)
	p.log.Error("a learner is set aside: their events wait, and hold nobody else up. They are tried again later, and at once after `homeroom learner retry`",
		"learner", ln.learner, "step", failed.step, "error", failed.err)
	return p.serveSetAside(ln)
}

// serveSetAside works on a lane that is set aside, until everything that waited has been handed over. The error is errStopping.
func (p *partition) serveSetAside(ln *lane) error {
	for {
		select {
		case <-ln.wake:
		case <-p.stopping:
			return errStopping
		}
		var record setaside.Record
		var found bool
		err := p.retryUntilDone("asking whether a learner is set aside", ln.learner, p.t.noting, nil, func(ctx context.Context) (err error) {
			record, found, err = p.t.o.SetAsides.ReadSetAside(ctx, ln.learner)
			return err
		})
		if err == nil && found {
			err = p.setQueueAside(ln, nil)
		}
		if err == nil && found && !record.Next.After(p.t.o.Clock.Now()) {
			found, err = p.retrySetAside(ln)
		}
		if err != nil {
			return err
		}
		if !found {
			p.lanes.endSetAside(ln)
			return nil
		}
	}
}

// setQueueAside copies what is in the lane's queue to the stream, writes the record, and acknowledges. failed is why, if the lane is not set aside yet.
func (p *partition) setQueueAside(ln *lane, failed *laneFailure) error {
	items := p.lanes.takeQueue(ln)
	if len(items) == 0 {
		return nil
	}
	copied := 0
	err := p.retryUntilDone("setting events aside", ln.learner, p.t.noting, nil, func(ctx context.Context) error {
		for ; copied < len(items); copied++ {
			if err := p.copySetAside(ctx, items[copied]); err != nil {
				return err
			}
		}
		_, err := p.t.o.SetAsides.ChangeSetAside(ctx, ln.learner, func(s *setaside.Record, exists bool) bool {
			p.describeSetAside(s, exists, items[0], failed)
			return true
		})
		return err
	})
	if err != nil {
		p.lanes.returnQueue(ln, items)
		return err
	}
	p.buffer.acknowledgeItems(items...)
	return nil
}

// describeSetAside fills in the record of a learner whose event `first`, and later ones, were set aside.
func (p *partition) describeSetAside(s *setaside.Record, exists bool, first *item, failed *laneFailure) {
	now := p.t.o.Clock.Now().UTC()
	firstAt := p.t.o.Clock.At(first.storedAt).UTC()
	if !exists {
		s.Since = now
		s.Next = now
		s.First = first.seq
		s.FirstAt = firstAt
	}
	if firstAt.Before(s.FirstAt) {
		s.First = first.seq
		s.FirstAt = firstAt
	}
	if failed != nil {
		s.Step = failed.step
		s.Error = oneLine(failed.err.Error())
		s.Next = p.nextTry(now, s.Attempts)
	}
}

// nextTry is when a learner who is set aside is tried again after so many attempts: the waits double, and lie anywhere in their upper half.
func (p *partition) nextTry(now time.Time, attempts int) time.Time {
	wait := p.t.o.SetAsideRetryMin << min(attempts, 20)
	if wait <= 0 || wait > p.t.o.SetAsideRetryMax {
		wait = p.t.o.SetAsideRetryMax
	}
	return now.Add(p.t.o.Clock.Scale(wait/2 + rand.N(wait/2+1))).UTC()
}

// retrySetAside tries to hand over what waits for a learner, if no other replica does, and reports whether the learner is still set aside. The error is
// errStopping.
func (p *partition) retrySetAside(ln *lane) (still bool, err error) {
	claimed := false
	record, err := p.changeSetAside(ln, func(s *setaside.Record, exists bool) bool {
		now := p.t.o.Clock.Now()
		claimed = exists && !s.Next.After(now)
		if claimed {
			s.Attempts++
			s.Next = p.nextTry(now, s.Attempts)
		}
		return claimed
	})
	if err != nil || !claimed {
		return true, err // whether the record is gone is asked again
	}
	still, err = p.drainSetAside(ln, record)
	failed := (*laneFailure)(nil)
	if !errors.As(err, &failed) {
		return still, err
	}
	p.log.Warn("a learner who is set aside still cannot be handed over", "learner", ln.learner, "step", failed.step, "error", failed.err,
		"attempts", record.Attempts, "next_try", record.Next)
	_, err = p.changeSetAside(ln, func(s *setaside.Record, exists bool) bool {
		s.Step = failed.step
		s.Error = oneLine(failed.err.Error())
		return exists
	})
	return true, err
}

func (p *partition) changeSetAside(ln *lane, change func(s *setaside.Record, exists bool) bool) (record setaside.Record, err error) {
	err = p.retryUntilDone("recording who is set aside", ln.learner, p.t.noting, nil, func(ctx context.Context) (err error) {
		record, err = p.t.o.SetAsides.ChangeSetAside(ctx, ln.learner, change)
		return err
	})
	return record, err
}

// drainSetAside hands over what waits for a learner, turn by turn, and removes it; then the record. It reports whether the learner is still set aside.
// The error is a laneFailure or errStopping.
func (p *partition) drainSetAside(ln *lane, record setaside.Record) (still bool, err error) {
	handed := 0
	for {
		items, last, err := p.nextSetAside(ln)
		if err != nil {
			return true, err
		}
		if len(items) == 0 {
			cleared := false
			err := p.retryUntilDone("recording that a learner is not set aside any more", ln.learner, p.t.noting, nil, func(ctx context.Context) (err error) {
				cleared, err = p.t.o.SetAsides.ClearSetAside(ctx, ln.learner, record.Revision)
				return err
			})
			if err != nil {
				return true, err
			}
			if cleared {
				p.log.Info("a learner who was set aside is handed over again", "learner", ln.learner, "events", handed)
				return false, nil
			}
		} else {
			ln.turn = turn{items: items}
			if err := p.processTurn(ln); err != nil {
				return true, err
			}
			handed += len(items)
			if ln.turn.handedOver {
				p.waitForPace()
			}
			err := p.retryUntilDone("removing what was set aside", ln.learner, p.t.noting, nil, func(ctx context.Context) error {
				return p.removeSetAside(ctx, ln.learner, last)
			})
			if err != nil {
				return true, err
			}
		}
		// The revision is read before the stream is looked at again.
		record, err = p.changeSetAside(ln, func(s *setaside.Record, exists bool) bool {
			if !exists {
				return false
			}
			if len(items) > 0 {
				s.First = items[len(items)-1].seq
				s.FirstAt = p.t.o.Clock.At(items[len(items)-1].storedAt).UTC()
				s.Attempts = 0 // there is progress
			}
			s.Next = p.nextTry(p.t.o.Clock.Now(), s.Attempts)
			return true
		})
		if err != nil || record.Revision == 0 { // another replica was faster
			return err != nil, err
		}
	}
}

// syncSetAside opens a lane for everybody in the partition who is set aside.
func (p *partition) syncSetAside(ctx context.Context) error {
	if p.t.o.SetAsides == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := p.t.o.SetAsides.SyncSetAside(ctx, p.number); err != nil {
		return fmt.Errorf("partition %d: %w", p.number, err)
	}
	p.tendSetAside()
	return nil
}

// tendSetAside opens lanes for those who are set aside, and wakes the lanes that have something to do: the learner is to be tried again, or is not set
// aside any more.
func (p *partition) tendSetAside() {
	if p.t.o.SetAsides == nil {
		return
	}
	now := p.t.o.Clock.Now()
	waits := map[string]bool{}
	for _, s := range p.t.o.SetAsides.SetAsideOf(p.number) {
		p.lanes.openSetAside(s.Learner, p.serveLane)
		waits[s.Learner] = s.Next.After(now)
	}
	p.lanes.wakeSetAside(func(learner string) bool { return !waits[learner] })
}
