package engine

import (
	"strconv"
	"time"
)

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
