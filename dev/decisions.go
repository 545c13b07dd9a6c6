package main

import (
	"fmt"
	"strings"

	"homeroom/engine"
	"homeroom/internal/cells"
	"homeroom/internal/narrate"
)

// printDecision prints one decision as one line, of which a terminal shows what has room. It omits started runs, because later decisions tell their outcome.
func (c *console) printDecision(d engine.Decision) {
	if d.Kind == engine.KindStarted {
		return
	}
	subject, why := narrate.Summary(&d)
	head := fmt.Sprintf("%s  %-6s  ", d.At.UTC().Format("Mon 02 Jan 15:04"), d.Learner)
	rest := strings.TrimRight(fmt.Sprintf("  %-20s  %s", subject, why), " ")
	if columns := c.columns(); columns > 0 {
		rest = cells.Cut(rest, max(0, columns-cells.Width(head)-kindColumns))
	}
	fmt.Fprintln(c.out, head+c.colorKind(d.Kind)+rest)
}

// kindColumns is how many columns a kind has.
const kindColumns = 9

// colorKind formats a kind in its color: green for sent and converted, yellow for deferred, skipped and withheld, red for
// failed and uncertain.
func (c *console) colorKind(kind engine.Kind) string {
	word := fmt.Sprintf("%-*s", kindColumns, kind)
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
	case engine.KindStarted, engine.KindExited, engine.KindAssigned, engine.KindSuppressed, engine.KindSet:
	}
	return "\x1b[" + code + "m" + word + "\x1b[0m"
}
