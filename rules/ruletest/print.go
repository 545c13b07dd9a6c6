package ruletest

import (
	"fmt"
	"homeroom/internal/narrate"
	"io"
	"strings"
	"time"
)

// ANSI colors of a diff.
const (
	red   = "31"
	green = "32"
	dim   = "2"
)

// Write prints a failed test as a timeline: what was expected and did not happen with "-", what happened unexpectedly
// with "+", and everything else around it.
func (r *Result) Write(w io.Writer, color bool) error {
	var b strings.Builder
	paint := func(code, text string) {
		if color {
			text = "\x1b[" + code + "m" + text + "\x1b[0m"
		}
		b.WriteString(text + "\n")
	}
	fmt.Fprintf(&b, "%s:%d: %s\n", r.Test.File, r.Test.Line, r.Test.Name)
	if r.Err != nil {
		paint(red, "  "+r.Err.Error())
	} else if len(r.Timeline) > 0 {
		paint(dim, "  - expected   + got")
	}
	offsets := 0
	kinds := 0
	whats := 0
	for _, l := range r.Timeline {
		offsets = max(offsets, len(offsetText(l.At, r.Test.Start)))
		kinds = max(kinds, len(l.Kind))
		whats = max(whats, len(l.What))
	}
	for _, l := range r.Timeline {
		line := fmt.Sprintf("  %c %s  %-*s  %-*s  %-*s  %s", l.Mark, l.At.UTC().Format(narrate.TimeFormat),
			offsets, offsetText(l.At, r.Test.Start), kinds, l.Kind, whats, l.What, l.Why)
		line = strings.TrimRight(line, " ")
		switch l.Mark {
		case Missing:
			paint(red, line)
		case Unexpected:
			paint(green, line)
		case Same:
			paint(dim, line)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// offsetText writes the time since the start as a test would: +2h, +1d30m; empty without a start or before it.
func offsetText(at, start time.Time) string {
	d := at.Sub(start).Truncate(time.Second)
	if start.IsZero() || d < 0 {
		return ""
	}
	if d == 0 {
		return "+0s"
	}
	const day = 24 * time.Hour
	text := "+"
	for _, u := range []struct {
		name string
		size time.Duration
	}{{"d", day}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}} {
		if n := d / u.size; n > 0 {
			text += fmt.Sprintf("%d%s", n, u.name)
			d -= n * u.size
		}
	}
	return text
}
