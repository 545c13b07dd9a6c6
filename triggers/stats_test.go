package triggers

import (
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestWhoHoldsTheMarkBackIsToldOnceAMinute(t *testing.T) {
	b := newBench(t, *info(4, 10, 0, 3))
	b.t.parts = []*partition{b.partition}
	var logged strings.Builder
	b.watermark.log = slog.New(slog.NewTextHandler(&logged, nil))
	b.deliver("11/5", "12/6")
	start := b.buffer.inFlight[11].since
	b.buffer.inFlight[12].since = start.Add(30 * time.Second)
	for _, tc := range []struct {
		after time.Duration // since the older one came
		age   time.Duration // of what holds the mark back
		tells bool
	}{
		{0, 0, false},
		{59 * time.Second, 59 * time.Second, false},
		{61 * time.Second, 61 * time.Second, true},
		{90 * time.Second, 90 * time.Second, false},
		{122 * time.Second, 122 * time.Second, true},
	} {
		logged.Reset()
		now := start.Add(tc.after)
		if got := b.t.oldestHeld(now); got != tc.age {
			t.Errorf("after %v: the oldest is held for %v, want %v", tc.after, got, tc.age)
		}
		b.watermark.warnHeldBack(now)
		if said := strings.Contains(logged.String(), "learner=u_1"); said != tc.tells || said != strings.Contains(logged.String(), "age="+tc.age.Round(time.Second).String()) {
			t.Errorf("after %v: said %q, want a warning: %v", tc.after, logged.String(), tc.tells)
		}
	}
	b.buffer.acknowledgeItems(b.buffer.inFlight[11])
	if got := b.t.oldestHeld(start.Add(2 * time.Minute)); got != 90*time.Second {
		t.Errorf("after it was handed over the oldest is held for %v, want the next one's 1m30s", got)
	}
	b.buffer.acknowledgeItems(b.buffer.inFlight[12])
	logged.Reset()
	b.watermark.warnHeldBack(start.Add(time.Hour))
	if got := b.t.oldestHeld(start.Add(time.Hour)); got != 0 || logged.Len() > 0 {
		t.Errorf("with nothing received: %v, %q", got, logged.String())
	}
}

// In time-lapse the hour of the learners is a moment of the operator.
func TestHowLongAnEventIsHeldIsRealTime(t *testing.T) {
	b := newBench(t, *info(4, 10, 0, 3))
	b.watermark.clock.Anchor = noon
	b.watermark.clock.Start = noon
	b.watermark.clock.Factor = 3600
	b.buffer.clock = b.watermark.clock
	b.deliver("11/5")
	if got := b.watermark.heldFor(b.buffer.inFlight[11], b.buffer.inFlight[11].since.Add(2*time.Hour)); got != 2*time.Second {
		t.Errorf("held for %v, want 2s", got)
	}
}
