package standin

import (
	"context"
	"sync"
)

// backgroundTasks runs the webhook's posts and the readers.
type backgroundTasks struct {
	ctx    context.Context // ends with close
	cancel context.CancelFunc
	mu     sync.Mutex
	group  sync.WaitGroup
}

func newTasks() *backgroundTasks {
	ctx, cancel := context.WithCancel(context.Background())
	return &backgroundTasks{ctx: ctx, cancel: cancel}
}

// startTask starts a task, which must watch ctx; none is started after close.
func (t *backgroundTasks) startTask(task func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ctx.Err() == nil {
		t.group.Go(task)
	}
}

// closeAll ends all tasks and returns when they have ended.
func (t *backgroundTasks) closeAll() {
	t.mu.Lock()
	t.cancel()
	t.mu.Unlock()
	t.group.Wait()
}
