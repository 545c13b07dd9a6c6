package e2e

import (
	"go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/converter"

	commonpb "go.temporal.io/api/common/v1"

	"homeroom/workflows"
)

// history reads a run of a learner's workflow as Temporal has it; an empty run is the latest.
func (w *world) history(learner, run string) *historypb.History {
	w.t.Helper()
	return w.historyOf(workflows.WorkflowID(learner), run)
}

// historyOf reads a run of any workflow.
func (w *world) historyOf(id, run string) *historypb.History {
	w.t.Helper()
	history := &historypb.History{}
	events := w.instance.Temporal.GetWorkflowHistory(w.ctx, id, run, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			w.t.Fatal(err)
		}
		history.Events = append(history.Events, event)
	}
	return history
}

// text decodes a payload that holds a text, such as a summary; empty if there is none.
func text(p *commonpb.Payload) string {
	var s string
	if p != nil {
		_ = converter.GetDefaultDataConverter().FromPayload(p, &s)
	}
	return s
}
