package engine

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// maxDuration keeps sums of durations far from overflow: ten years.
const maxDuration = 3660 * 24 * time.Hour

// ErrLongDuration is the error of ParseDuration about a duration of more than ten years.
var ErrLongDuration = errors.New("ten years is the most")

// ParseDuration reads durations as rules write them, whole numbers of s, m, h, d and w, and sums of them, the longer
// unit first: "90s", "2h", "1h30m", "1d12h". A day is 24 hours. "0s" is fine; ten years is the most.
func ParseDuration(text string) (time.Duration, error) {
	bad := fmt.Errorf("%q is no duration; write for example 90s, 15m, 2h, 3d, 2w or 1d12h", text)
	if text == "" {
		return 0, bad
	}
	var sum time.Duration
	last := maxDuration
	for rest := text; rest != ""; {
		n := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if n < 1 || n > 9 {
			return 0, bad
		}
		unit := durationUnit(rest[n])
		if unit == 0 || unit >= last {
			return 0, bad
		}
		last = unit
		var count time.Duration
		for _, digit := range rest[:n] {
			count = count*10 + time.Duration(digit-'0')
		}
		if count > maxDuration/unit {
			return 0, fmt.Errorf("%q is too long: %w", text, ErrLongDuration)
		}
		sum += count * unit
		rest = rest[n+1:]
	}
	if sum > maxDuration {
		return 0, fmt.Errorf("%q is too long: %w", text, ErrLongDuration)
	}
	return sum, nil
}

// durationUnit returns the length of a unit of a duration; 0: it is none.
func durationUnit(letter byte) time.Duration {
	switch letter {
	case 's':
		return time.Second
	case 'm':
		return time.Minute
	case 'h':
		return time.Hour
	case 'd':
		return 24 * time.Hour
	case 'w':
		return 7 * 24 * time.Hour
	}
	return 0
}

// FormatDuration returns a duration as ParseDuration reads it, in days, hours, minutes and seconds, without those that are 0: "90d", "1h30m", "15m".
// What is negative or not a whole number of seconds is written as Go does.
func FormatDuration(d time.Duration) string {
	if d <= 0 || d%time.Second != 0 {
		return d.String()
	}
	var text []byte
	for _, letter := range []byte("dhms") {
		unit := durationUnit(letter)
		if d < unit {
			continue
		}
		text = strconv.AppendInt(text, int64(d/unit), 10)
		text = append(text, letter)
		d %= unit
	}
	return string(text)
}
