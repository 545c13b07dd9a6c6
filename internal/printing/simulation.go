package printing

import (
	"bufio"
	"fmt"

	"homeroom/engine"
	"homeroom/simulate"
)

// paintKind colors a kind of decision: green for what reached the learner, yellow for what did not, yet or at all.
func (o IO) paintKind(kind engine.Kind, text string) string {
	switch kind {
	case engine.KindSent, engine.KindConverted:
		return o.paint("32", text)
	case engine.KindDeferred, engine.KindSkipped, engine.KindWithheld:
		return o.paint("33", text)
	case engine.KindFailed, engine.KindUncertain:
		return o.paint("31", text)
	case engine.KindStarted, engine.KindExited, engine.KindAssigned, engine.KindSuppressed, engine.KindSet:
		return o.paint("2", text)
	}
	return text
}

// WriteSimulation prints a simulation: the decisions in their order, the summary, the rules that never started, and what their goals measure.
func WriteSimulation(o IO, report *simulate.Result) error {
	out := bufio.NewWriterSize(o.Out, 1<<16)
	if err := simulate.WriteTimeline(out, report.Decisions, o.paintKind); err != nil {
		return err
	}
	if len(report.Decisions) > 0 {
		fmt.Fprintln(out)
	}
	if err := report.Summary.WriteTable(out); err != nil {
		return err
	}
	if err := simulate.WriteUnstarted(out, report.Unstarted); err != nil {
		return err
	}
	fmt.Fprint(out, simulatedExperiments(o, report.Experiments))
	return out.Flush()
}
