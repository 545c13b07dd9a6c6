package drill

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/dev/process"
)

// backlogDrill starts Homeroom with a week of unread events in the stream.
func backlogDrill() Drill {
	return Drill{
		Name:  "backlog",
		About: "a million events that no rule needs and ten thousand that one does, after a week away",
		setup: setup{quiet: true},
		run: func(ctx context.Context, w *world) error {
			b := backlogRun{
				asyncPublisher: asyncPublisher{world: w},

				unneeded: bySize(w.o.Size, 1_000_000, 20_000),
				needed:   bySize(w.o.Size, 10_000, 500),
				learners: bySize(w.o.Size, 10_000, 500),
				most:     bySize(w.o.Size, int64(1<<30), int64(1<<30)),
			}
			if _, err := w.stopHomeroom(ctx); err != nil {
				return err
			}
			if err := b.publishWeek(ctx); err != nil {
				return err
			}
			return b.measureCatchUp(ctx)
		},
	}
}

// backlogRun is one run of the backlog drill.
type backlogRun struct {
	asyncPublisher
	unneeded, needed, learners int
	most                       int64 // bytes that Homeroom may have resident
}

// asyncPublisher publishes many events before the first of them is confirmed.
type asyncPublisher struct {
	*world
	acks    []jetstream.PubAckFuture
	waiting []*event // the events of acks, in the same order; nil for an event that no rule needs
	lastSeq uint64   // of the events that the stream has confirmed
}

// publishWeek publishes a week's events, the needed ones evenly among the others.
func (b *backlogRun) publishWeek(ctx context.Context) error {
	began := time.Now()
	now := b.clock.Now()
	const week = 7 * 24 * time.Hour
	total := b.unneeded + b.needed
	needed := 0
	for i := range total {
		at := now.Add(-week + week*time.Duration(i)/time.Duration(total))
		e, err := b.completedLesson(person{id: fmt.Sprintf("u%05d", i*7919%b.learners)}, i, at)
		if (i+1)*b.needed/total > needed {
			past := eventWriter{b.catalog, func() time.Time { return at }}
			e, err = past.failedQuiz(person{id: fmt.Sprintf("u%05d", needed%b.learners)}, fmt.Sprintf("q%d", needed/b.learners), map[string]ending{"retry": endingMail})
			needed++
		}
		if err != nil {
			return err
		}
		if err := b.publishAsync(ctx, e); err != nil {
			return err
		}
		if i%10_000 == 0 {
			b.o.Progress(fmt.Sprintf("publishing a week's events: %d of %d", i, total))
		}
	}
	if err := b.awaitAcks(ctx, 0); err != nil {
		return err
	}
	b.addNote("%d events published in %s", total, time.Since(began).Round(100*time.Millisecond))
	return nil
}

// inFlight is how many events are published before the first of them is confirmed.
const inFlight = 2000

func (b *asyncPublisher) publishAsync(ctx context.Context, e *event) error {
	ack, err := b.observer.js.PublishMsgAsync(e.toNATS(), jetstream.WithStallWait(time.Minute))
	if err != nil {
		return fmt.Errorf("publishing %s: %w", e.id, err)
	}
	if !e.isNeeded() {
		e = nil
	}
	b.acks = append(b.acks, ack)
	b.waiting = append(b.waiting, e)
	if len(b.acks) < 2*inFlight {
		return nil
	}
	return b.awaitAcks(ctx, inFlight)
}

// awaitAcks waits until the stream has confirmed all published events except the last `but`, and adds the confirmed ones
// to the plan.
func (b *asyncPublisher) awaitAcks(ctx context.Context, but int) error {
	n := len(b.acks) - but
	for i, ack := range b.acks[:n] {
		select {
		case ok := <-ack.Ok():
			b.lastSeq = max(b.lastSeq, ok.Sequence)
			if e := b.waiting[i]; e != nil {
				e.seq = ok.Sequence
				e.at = time.Now()
				b.plan.addEvent(e)
			} else {
				b.plan.unneeded++
			}
		case err := <-ack.Err():
			return fmt.Errorf("the stream did not take an event: %w", err)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	b.acks = append(b.acks[:0:0], b.acks[n:]...)
	b.waiting = append(b.waiting[:0:0], b.waiting[n:]...)
	return nil
}

// measureCatchUp starts Homeroom and measures how long it takes to drain the stream and to send the mails.
func (b *backlogRun) measureCatchUp(ctx context.Context) error {
	if err := b.startHomeroom(ctx, process.Order{}); err != nil {
		return err
	}
	began := time.Now()
	if err := b.awaitDrained(ctx); err != nil {
		return err
	}
	drained := time.Since(began) - settleQuiet
	if _, err := b.awaitSettled(ctx); err != nil {
		return err
	}
	mailed := time.Since(began) - settleQuiet
	total := b.unneeded + b.needed
	b.addNote("the stream was drained in %s: %.0f events a second; %d mails were out after %s", drained.Round(100*time.Millisecond),
		float64(total)/drained.Seconds(), b.mail.Counts().Accepted, mailed.Round(100*time.Millisecond))
	memory, err := b.stopHomeroom(ctx)
	if err != nil {
		return err
	}
	if memory > 0 {
		b.addNote("Homeroom's process had %d MB resident at the most", memory>>20)
	}
	if memory > b.most {
		b.report.addWrong("Homeroom's process had %d MB resident, at most %d MB were expected", memory>>20, b.most>>20)
	}
	return b.startHomeroom(ctx, process.Order{}) // so that learners can still be asked
}
