package workflows

import (
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"homeroom/engine"
)

// Decisions are published by whoever passes by: a delivery, the next Decide, or, if they are urgent or the learner is about to
// rest, an activity of their own.

// recorded are the decisions that Decide may publish: those that the server has. If the last decision was made in the workflow
// task that still goes on, a crash would have it made anew, maybe otherwise.
func (l *learner) recorded(ctx workflow.Context) []engine.Decision {
	before := l.decided
	l.decided = workflow.GetInfo(ctx).GetCurrentHistoryLength()
	if before == l.decided {
		return nil
	}
	return l.Unreported
}

// untold are the decisions that may not have been published yet, those included that somebody is publishing.
func (l *learner) untold() []engine.Decision {
	untold := slices.Clone(l.reported)
	for _, f := range l.flights {
		untold = append(untold, f.carried...)
	}
	return append(untold, l.Unreported...)
}

// tell takes note of what has been published.
func (l *learner) tell(ids []string) {
	if len(ids) == 0 {
		return
	}
	l.Unreported = slices.DeleteFunc(l.Unreported, func(d engine.Decision) bool { return slices.Contains(ids, d.ID) })
	l.urgent = l.urgent && len(l.Unreported) > 0
}

// report publishes decisions that no delivery took along, one batch at a time: the urgent ones now, the others when
// the learner is about to rest.
func (l *learner) report(ctx workflow.Context, all bool) {
	if len(l.Unreported) == 0 || !(l.urgent || all) || l.reporting != nil || l.held {
		return
	}
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: reportTimeout,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute},
		Summary:             summary(fmt.Sprintf("publishes %s", count(len(l.Unreported), "decision"))),
	})
	l.reporting = workflow.ExecuteActivity(ctx, ActivityReport, ReportInput{Decisions: l.Unreported})
	l.reported = l.Unreported
	l.Unreported = nil
	l.urgent = false
}

// filed takes note of how a Report ended. What could not be published goes along with the next activity.
func (l *learner) filed(ctx workflow.Context) {
	if err := l.reporting.Get(ctx, nil); err != nil {
		workflow.GetLogger(ctx).Error("Publishing decisions failed for good; they go along with the next activity.", "learner", l.Learner, "error", err)
		l.Unreported = append(l.reported, l.Unreported...)
		l.held = true
	}
	l.reporting = nil
	l.reported = nil
}
