package engine

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestFormatDuration(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0s":       0,
		"1m30s":    90 * time.Second,
		"15m":      15 * time.Minute,
		"1h30m":    90 * time.Minute,
		"1d12h":    36 * time.Hour,
		"1d":       24 * time.Hour,
		"14d":      14 * 24 * time.Hour,
		"1d1h1m1s": 25*time.Hour + 61*time.Second,
		"1.5s":     1500 * time.Millisecond,
		"-2m0s":    -2 * time.Minute,
	} {
		if got := FormatDuration(d); got != want {
			t.Errorf("%v: got %s, want %s", d, got, want)
		}
	}
}

func TestParseDuration(t *testing.T) {
	good := map[string]time.Duration{
		"0s": 0, "90s": 90 * time.Second, "15m": 15 * time.Minute, "2h": 2 * time.Hour, "3d": 72 * time.Hour,
		"2w": 14 * 24 * time.Hour, "1d12h": 36 * time.Hour, "1w1d1h1m1s": 8*24*time.Hour + time.Hour + time.Minute + time.Second,
	}
	for text, want := range good {
		if got, err := ParseDuration(text); err != nil || got != want {
			t.Errorf("%s: got %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "h", "2", "2x", "-2h", "1h2d", "1h1h", "1.5h", " 2h", "9999999999h", "4000d", "99999w"} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, got)
		}
	}
}

// TestDurationsAreReadAsTheyAreWritten: every whole number of seconds up to ten years comes back from its text.
func TestDurationsAreReadAsTheyAreWritten(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		unit := rapid.SampledFrom([]time.Duration{time.Second, time.Minute, time.Hour, 24 * time.Hour}).Draw(rt, "unit")
		d := unit * time.Duration(rapid.Int64Range(0, int64(3660*24*time.Hour/unit)).Draw(rt, "count"))
		if got, err := ParseDuration(FormatDuration(d)); err != nil || got != d {
			rt.Fatalf("%v is written %s and read as %v, %v", d, FormatDuration(d), got, err)
		}
	})
}

func FuzzParseDuration(f *testing.F) {
	f.Add("1d12h")
	f.Fuzz(func(t *testing.T, text string) {
		if d, err := ParseDuration(text); err == nil && (d < 0 || d > 3660*24*time.Hour) {
			t.Errorf("%q is %v", text, d)
		}
	})
}
