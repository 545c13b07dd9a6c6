package drill

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/internal/clock"
	"homeroom/subjects"
)

// publishTime is how long the stream may take to confirm before the platform publishes again.
const publishTime = 3 * time.Second

// publishUntilStored publishes an event under the same id until the stream confirms it, as a careful platform does, and
// then adds it to the plan.
func (w *world) publishUntilStored(ctx context.Context, e *event) error {
	for {
		err := w.publishOnce(ctx, e)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("publishing %s: %w", e.id, errors.Join(ctx.Err(), err))
		}
		if err := clock.Sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

func (w *world) publishOnce(ctx context.Context, e *event) error {
	ctx, cancel := context.WithTimeout(ctx, publishTime)
	defer cancel()
	ack, err := w.observer.js.PublishMsg(ctx, e.toNATS())
	if err != nil {
		return err
	}
	e.seq = ack.Sequence
	e.at = time.Now()
	w.plan.addEvent(e)
	return nil
}

func (e *event) toNATS() *nats.Msg {
	learner := cmp.Or(e.under, e.learner)
	return &nats.Msg{
		Subject: subjects.Publish(learner, e.name),
		Data:    e.body,
		Header: nats.Header{
			jetstream.MsgIDHeader: {subjects.MsgID(learner, e.id)},
		},
	}
}

// publishUnderLoad publishes the events, `rate` a second, and runs meanwhile at the same time. It returns when both have
// ended. meanwhile may be nil.
func (w *world) publishUnderLoad(ctx context.Context, events []*event, rate int, meanwhile func(ctx context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	published := make(chan error, 1)
	go func() { published <- w.publishAtRate(ctx, events, rate) }()
	if meanwhile != nil {
		if err := meanwhile(ctx); err != nil {
			cancel()
			<-published
			return err
		}
	}
	w.o.Progress("publishing the rest")
	return <-published
}

func (w *world) publishAtRate(ctx context.Context, events []*event, rate int) error {
	began := time.Now()
	for i, e := range events {
		if err := clock.Sleep(ctx, time.Until(began.Add(time.Duration(i)*time.Second/time.Duration(rate)))); err != nil {
			return err
		}
		if err := w.publishUntilStored(ctx, e); err != nil {
			return err
		}
	}
	return nil
}
