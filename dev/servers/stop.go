package servers

import (
	"context"
	"fmt"
	"sync"
)

// stopOnce makes a stop function idempotent and bounded: it runs once, no caller waits longer than the first caller's
// context allows, and all callers get the same result.
type stopOnce struct {
	once sync.Once
	err  error
}

func (s *stopOnce) stopWithin(ctx context.Context, name string, stop func() error) error {
	s.once.Do(func() {
		done := make(chan error, 1)
		go func() { done <- stop() }()
		select {
		case err := <-done:
			if err != nil {
				s.err = fmt.Errorf("stop %s: %w", name, err)
			}
		case <-ctx.Done():
			s.err = fmt.Errorf("stop %s: still busy, left behind: %w", name, ctx.Err())
		}
	})
	return s.err
}
