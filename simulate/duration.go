package simulate

import (
	"fmt"
	"strings"
	"time"
)

// maxDuration keeps sums of durations far from overflow: ten years.
const maxDuration = 3660 * 24 * time.Hour

var units = map[byte]time.Duration{
	's': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour,
}

// ParseDuration reads durations as rules write them, whole numbers of s, m, h, d and w, and sums of them, the longer
// unit first: "90s", "2h", "1d12h". A day is 24 hours. "0s" is fine; ten years is the most.
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
		unit, ok := units[rest[n]]
		if !ok || unit >= last {
			return 0, bad
		}
		last = unit
		var count time.Duration
		for _, digit := range rest[:n] {
			count = count*10 + time.Duration(digit-'0')
		}
		if count > maxDuration/unit {
			return 0, fmt.Errorf("%q is too long; ten years is the most", text)
		}
		sum += count * unit
		rest = rest[n+1:]
	}
	if sum > maxDuration {
		return 0, fmt.Errorf("%q is too long; ten years is the most", text)
	}
	return sum, nil
}
