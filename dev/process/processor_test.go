package process

import (
	"testing"
	"time"
)

func TestParseProcessorTime(t *testing.T) {
	for stat, want := range map[string]time.Duration{
		"31337 (dev) S 1 31337 1 0 -1 4194560 100 0 0 0 250 50 7 9 20 0 12 0 100":   3 * time.Second,
		"31337 (a ) b (c) S 1 31337 1 0 -1 4194560 100 0 0 0 1 1 7 9 20 0 12 0 100": 20 * time.Millisecond,
		"31337 (dev) S 1 31337 1 0 -1 4194560 100 0 0 0 many 50 7 9 20 0 12 0 100":  0,
		"31337 (dev) S 1":                0,
		"":                               0,
		"no name at all in this line 12": 0,
	} {
		if got := parseProcessorTime(stat); got != want {
			t.Errorf("%q: %v, want %v", stat, got, want)
		}
	}
}
