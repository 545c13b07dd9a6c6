package bench

import (
	"context"
	"fmt"
	"time"

	"homeroom/catalog"
	"homeroom/dev/instance"
	"homeroom/engine"
	"homeroom/internal/clock"
	"homeroom/internal/standin"
	"homeroom/workflows"
)

// nudge is the number of history events from an event to its message, for a learner whose workflow is running.
type nudge struct{ atOnce, afterWait int }

// nudgeWait is the wait of the second nudge.
const nudgeWait = 3 * time.Second

// measureNudge compares the length of the learner's history before and after each message.
func (o *Options) measureNudge(ctx context.Context) (n nudge, err error) {
	err = o.onDisk(ctx, "nudge", nudgeWait, func(j *job) error {
		events := func(kind string, mails int) (int, error) {
			message, err := instance.Publisher{Catalog: j.academy.Catalog}.Message(catalog.Decoded{
				Event: engine.Event{
					ID:      fmt.Sprint("e", mails),
					Name:    "assessment.graded",
					Learner: "awake",
					Time:    time.Now(),
					Properties: map[string]any{
						"assessment_id": fmt.Sprint("q", mails), "score_pct": 30.0, "passed": false, "grader_type": kind,
					},
				},
				Traits: map[string]any{"email": "awake" + jobDomain},
			})
			if err != nil {
				return 0, err
			}
			if err := (instance.Publisher{JS: j.js}).Publish(ctx, message); err != nil {
				return 0, err
			}
			if err := j.stack.Mail.Wait(ctx, func(c standin.Counts) bool { return c.Accepted >= mails }); err != nil {
				return 0, err
			}
			if err := clock.Sleep(ctx, 2*time.Second); err != nil { // until the workflow has recorded the outcome
				return 0, err
			}
			described, err := j.homeroom.Temporal.DescribeWorkflowExecution(ctx, workflows.WorkflowID("awake"), "")
			if err != nil {
				return 0, fmt.Errorf("describing a learner's workflow: %w", err)
			}
			return int(described.WorkflowExecutionInfo.HistoryLength), nil
		}
		awake, err := events(kindNow, 1)
		if err != nil {
			return err
		}
		once, err := events(kindNow, 2)
		if err != nil {
			return err
		}
		waited, err := events(kindLater, 3)
		n = nudge{once - awake, waited - once}
		return err
	})
	return n, err
}
