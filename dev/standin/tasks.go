package standin

import (
	"context"
	"sync"
)

// tasks are what goes on behind the requests: posts of the webhook, people who read.
type tasks struct {
	ctx    context.Context // ends with close
	cancel context.CancelFunc
	mu     sync.Mutex
	group  sync.WaitGroup
}

func newTasks() *tasks {
	ctx, cancel := context.WithCancel(context.Background())
	return &tasks{ctx: ctx, cancel: cancel}
}

// run starts a task, which must watch ctx; none is started after close.
func (t *tasks) run(task func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ctx.Err() == nil {
		t.group.Go(task)
	}
}

// close ends all tasks and returns when they have ended.
func (t *tasks) close() {
	t.mu.Lock()
	t.cancel()
	t.mu.Unlock()
	t.group.Wait()
}
