package workflows

import (
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"homeroom/engine"
)

// Decisions are published by the next delivery or the next Decide. If they are urgent, or the run is about to rest, an activity of their own
// publishes them.

// recordedUnpublished returns the decisions that Decide may publish: those that Temporal has recorded. If the last decision was made in the
// present workflow task, it is not recorded yet, and after a crash it may be made differently; then it returns nil. It notes the length of the history, for the next call
// and for endLargeTask, so it is called once per Decide.
func (l *learner) recordedUnpublished(ctx workflow.Context) []engine.Decision {
	before := l.decidedAtLength
	l.decidedAtLength = workflow.GetInfo(ctx).GetCurrentHistoryLength()
	if before == l.decidedAtLength {
		return nil
	}
	return l.Unpublished[:min(len(l.Unpublished), maxPublished)]
}

// takeUnpublished removes the decisions from Unpublished that an activity is to publish, and returns them: the oldest ones.
func (l *learner) takeUnpublished() []engine.Decision {
	n := len(l.Unpublished)
	if l.Version >= versionBoundedDecides {
		n = min(n, maxPublished)
	}
	taken := l.Unpublished[:n:n]
	l.Unpublished = l.Unpublished[n:]
	l.publishSoon = l.publishSoon && len(l.Unpublished) > 0
	return taken
}

// allUnpublished returns the decisions that may not have been published yet, including those that an activity is publishing.
func (l *learner) allUnpublished() []engine.Decision {
	unpublished := slices.Clone(l.beingPublished)
	for _, d := range l.deliveries {
		unpublished = append(unpublished, d.decisions...)
	}
	return append(unpublished, l.Unpublished...)
}

// markPublished removes decisions from Unpublished.
func (l *learner) markPublished(ids []string) {
	if len(ids) == 0 {
		return
	}
	l.Unpublished = slices.DeleteFunc(l.Unpublished, func(d engine.Decision) bool { return slices.Contains(ids, d.ID) })
	l.publishSoon = l.publishSoon && len(l.Unpublished) > 0
}

// publishPending starts an activity that publishes the oldest unpublished decisions, one activity at a time: if one of them is urgent, or if atOnce says
// that the run is about to rest, to retire or to become too large. After an activity that failed it waits for the next Decide.
func (l *learner) publishPending(ctx workflow.Context, atOnce bool) {
	if len(l.Unpublished) == 0 || !(l.publishSoon || atOnce) || l.publishing != nil || l.publishFailed {
		return
	}
	l.beingPublished = l.takeUnpublished()
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: publishTimeout,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute},
		Summary:             shortenSummary(fmt.Sprintf("publishes %s", countNoun(len(l.beingPublished), "decision"))),
	})
	l.publishing = workflow.ExecuteActivity(ctx, ActivityPublishDecisions, PublishInput{Decisions: l.beingPublished})
}

// onPublished notes how the publishing activity ended. If it failed, the next activity publishes the decisions.
func (l *learner) onPublished(ctx workflow.Context) {
	if err := l.publishing.Get(ctx, nil); err != nil {
		workflow.GetLogger(ctx).Error("Publishing decisions failed for good; they go along with the next activity.", "learner", l.Learner, "error", err)
		l.Unpublished = append(l.beingPublished, l.Unpublished...)
		l.publishFailed = true
	}
	l.publishing = nil
	l.beingPublished = nil
}
