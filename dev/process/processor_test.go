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

func TestAddFamilyTimes(t *testing.T) {
	stats := []string{
		"10 (postgres) S 1 10 10 0 -1 4194560 100 0 0 0 100 50 30 20 20 0 1 0 100",       // itself, and children that have ended
		"11 (postgres: a) b) S 10 11 11 0 -1 4194560 100 0 0 0 200 100 0 0 20 0 1 0 100", // a child
		"12 (postgres) S 11 12 12 0 -1 4194560 100 0 0 0 1000 1000 0 0 20 0 1 0 100",     // a grandchild
		"13 (10) S 1 13 13 0 -1 4194560 100 0 0 0 1000 1000 0 0 20 0 1 0 100",            // of another family
		"110 (postgres) S 100 110 110 0 -1 4194560 100 0 0 0 1000 1000 0 0 20 0 1 0 100", // its id only begins like it
		"",
	}
	if got, want := addFamilyTimes(stats, "10"), 5*time.Second; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}
