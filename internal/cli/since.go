package cli

import (
	"fmt"
	"time"

	"homeroom/engine"
)

// sinceFlag reads --since: a duration as in rules (30d, 12h), or a date or RFC 3339 time.
func sinceFlag(text string, now time.Time) (time.Time, error) {
	if text == "all" {
		return time.Time{}, nil
	}
	if d, err := engine.ParseDuration(text); err == nil {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, usage(fmt.Errorf("--since %s: want a duration such as 30d or 12h, a date such as 2026-03-01, or all", text))
}
