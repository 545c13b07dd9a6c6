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

// FormatDuration returns a duration as a rule writes it, in the longest of days, hours, minutes and seconds that it is a
// whole number of: "90s", "2h", "14d". A day has 24 hours. What is not a whole number of seconds is written as Go does.
func FormatDuration(d time.Duration) string {
	for _, unit := range []struct {
		length time.Duration
		name   string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}} {
		if d >= unit.length && d%unit.length == 0 {
			return strconv.FormatInt(int64(d/unit.length), 10) + unit.name
		}
	}
	return d.String()
}
