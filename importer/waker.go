package importer

import (
	"context"
	"time"

	"go.temporal.io/sdk/client"

	"homeroom/engine"
	"homeroom/store"
	"homeroom/worker"
	"homeroom/workflows"
)

// wakesPerSecond limits how many learners are woken per second: each of them decides something.
const wakesPerSecond = 200

// Waker has learners' workflows look at their standing, as a publication of new rules does.
type Waker struct {
	starter *worker.Starter
	pace    *time.Ticker
}

// NewWaker returns a waker that must be stopped.
func NewWaker(temporal client.Client) *Waker {
	return &Waker{starter: worker.NewStarter(temporal), pace: time.NewTicker(time.Second / wakesPerSecond)}
}

// Stop frees the ticker.
func (w *Waker) Stop() { w.pace.Stop() }

// wakeLearner waits until the pace allows it, and signals the learner.
func (w *Waker) wakeLearner(ctx context.Context, learner, hash string) error {
	select {
	case <-w.pace.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	return w.starter.HandOver(ctx, workflows.Batch{
		Learner:     learner,
		Partition:   store.PartitionOf(learner),
		Events:      []engine.Event{},
		Publication: &engine.Publication{Hash: hash, RunPolicy: engine.RunPolicyFinish},
	})
}
