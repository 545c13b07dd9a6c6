package console

import (
	"cmp"
	"context"
	"sync"
	"time"
)

// keptFor is how old a kept answer gets before the next question has it worked out anew in the background, unless kept.every says otherwise.
const keptFor = time.Minute

// risksKeptFor is the same of the risks, for which the whole stream of events is read, and which move by the day.
const risksKeptFor = 10 * time.Minute

// kept is an answer that takes long to work out. It is worked out in the background, once at a time: a page shows the last one and says how old it is.
type kept[T any] struct {
	work *background
	// every is how old the answer gets before it is worked out anew; 0: keptFor.
	every time.Duration

	mu    sync.Mutex
	value T
	err   error
	at    time.Time     // when value or err was worked out; zero: never
	tried time.Time     // when it was last tried to work it out
	busy  chan struct{} // closed when it is worked out; nil: nobody is at it
}

// background is work that goes on beside requests, until the console is closed.
type background struct {
	ctx     context.Context
	stop    context.CancelFunc
	running sync.WaitGroup
}

func newBackground() *background {
	ctx, stop := context.WithCancel(context.Background())
	return &background{ctx: ctx, stop: stop}
}

// close ends the work and waits for its end.
func (b *background) close() {
	b.stop()
	b.running.Wait()
}

// get returns the last answer and its age. Without one it waits for the first, at most for patience; ok reports whether there is an answer.
func (k *kept[T]) get(ctx context.Context, patience time.Duration, workOut func(context.Context) (T, error)) (value T, age time.Duration, ok bool, err error) {
	k.mu.Lock()
	if k.busy == nil && (k.at.IsZero() || k.err != nil || time.Since(k.tried) > cmp.Or(k.every, keptFor)) && k.work.ctx.Err() == nil {
		k.busy = make(chan struct{})
		k.work.running.Go(func() { k.workOut(workOut) })
	}
	busy := k.busy
	if !k.at.IsZero() && k.err == nil {
		defer k.mu.Unlock()
		return k.value, time.Since(k.at), true, nil
	}
	k.mu.Unlock()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-busy:
	case <-timer.C:
		return value, 0, false, nil
	case <-ctx.Done():
		return value, 0, false, ctx.Err()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.value, 0, k.err == nil, k.err
}

// workOut works the answer out. An older answer outlives a failure.
func (k *kept[T]) workOut(workOut func(context.Context) (T, error)) {
	value, err := workOut(k.work.ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.tried = time.Now()
	if err == nil || k.at.IsZero() || k.err != nil {
		k.value = value
		k.err = err
		k.at = k.tried
	}
	close(k.busy)
	k.busy = nil
}
