package triggers

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"homeroom/internal/clock"
)

// rewindAnswer is what becomes of a record of a rewind.
type rewindAnswer struct {
	isNew bool
	err   error
}

func (a rewindAnswer) NoteRewind(_ context.Context, _ int, _, _ uint64, fromAt, at time.Time) (bool, error) {
	if !fromAt.Before(at) {
		return false, errors.New("the times are missing")
	}
	return a.isNew, a.err
}

// TestARewindIsCountedOnce: one that a worker has recorded, in this process say, was counted there.
func TestARewindIsCountedOnce(t *testing.T) {
	for _, tc := range []struct {
		name    string
		rewinds Rewinds
		want    int64
	}{
		{"nobody else noticed it", rewindAnswer{isNew: true}, 1},
		{"a worker noticed it first", rewindAnswer{}, 0},
		{"it cannot be recorded", rewindAnswer{err: errors.New("NATS is away")}, 1},
		{"nothing records rewinds", nil, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				run := &Triggers{o: Options{Clock: clock.Real(), Log: slog.New(slog.DiscardHandler), Rewinds: tc.rewinds}}
				now := time.Now()
				run.noteRewind(3, rewind{from: 10, fromAt: now.Add(-time.Minute), to: 5, at: now})
				synctest.Wait()
				if got := run.Stats().Rewinds; got != tc.want {
					t.Errorf("counted %d times, want %d", got, tc.want)
				}
			})
		})
	}
}
