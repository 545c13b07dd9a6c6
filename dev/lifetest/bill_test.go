package lifetest

import (
	"go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
)

// bill is what a learner's runs cost.
type bill struct {
	handedOver int // events
	runs       int
	largest    int // events of the largest history
	actions    int // billable, as Temporal Cloud counts them
	of         map[string]int
}

// account reads the costs off the histories: an action each for a signal (with or without a start), a timer, every try of an
// activity, a continuation as new, an upsert of search attributes, and all local activities of one workflow task together.
func account(runs []*historypb.History) bill {
	b := bill{runs: len(runs), of: map[string]int{}}
	for _, run := range runs {
		b.largest = max(b.largest, len(run.Events))
		task := int64(0)
		for _, e := range run.Events {
			kind := ""
			n := 1
			switch e.EventType {
			case enums.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
				kind = "signals"
			case enums.EVENT_TYPE_TIMER_STARTED:
				kind = "timers"
			case enums.EVENT_TYPE_ACTIVITY_TASK_STARTED:
				kind = "activities"
				n = int(e.GetActivityTaskStartedEventAttributes().Attempt)
			case enums.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
				kind = "continuations"
			case enums.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
				kind = "upserts"
			case enums.EVENT_TYPE_MARKER_RECORDED:
				if t := e.GetMarkerRecordedEventAttributes().WorkflowTaskCompletedEventId; t != task {
					task = t
					kind = "local activities"
				}
			}
			if kind != "" {
				b.actions += n
				b.of[kind] += n
			}
		}
	}
	return b
}
