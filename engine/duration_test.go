package engine

import (
	"testing"
	"time"
)

func TestFormatDuration(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0s":   0,
		"90s":  90 * time.Second,
		"15m":  15 * time.Minute,
		"36h":  36 * time.Hour,
		"1d":   24 * time.Hour,
		"14d":  14 * 24 * time.Hour,
		"1.5s": 1500 * time.Millisecond,
	} {
		if got := FormatDuration(d); got != want {
			t.Errorf("%v: got %s, want %s", d, got, want)
		}
	}
}
