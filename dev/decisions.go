package main

import (
	"fmt"
	"strings"

	"homeroom/engine"
	"homeroom/internal/narrate"
)

// printDecision prints one decision as one line. It omits started runs, because later decisions tell their outcome.
func (c *console) printDecision(d engine.Decision) {
	if d.Kind == engine.KindStarted {
		return
	}
	subject, why := narrate.Summary(&d)
	line := fmt.Sprintf("%s  %-6s  %s  %-20s  %s", d.At.UTC().Format("Mon 02 Jan 15:04"), d.Learner, c.colorKind(d.Kind), subject, why)
	fmt.Fprintln(c.out, strings.TrimRight(line, " "))
}

// colorKind formats a kind in its color: green for sent and converted, yellow for deferred, skipped and withheld, red for
// failed and uncertain.
func (c *console) colorKind(kind engine.Kind) string {
	word := fmt.Sprintf("%-9s", kind)
	if !c.color {
		return word
	}
	code := "2"
	switch kind {
	case engine.KindSent, engine.KindConverted:
		code = "32"
	case engine.KindDeferred, engine.KindSkipped, engine.KindWithheld:
		code = "33"
	case engine.KindFailed, engine.KindUncertain:
		code = "31"
	case engine.KindStarted, engine.KindExited, engine.KindAssigned, engine.KindSuppressed:
	}
	return "\x1b[" + code + "m" + word + "\x1b[0m"
}
