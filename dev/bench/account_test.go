package bench

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
)

// TestTheBill reads histories as Temporal Cloud bills them.
func TestTheBill(t *testing.T) {
	plain := func(kind enums.EventType) *historypb.HistoryEvent { return &historypb.HistoryEvent{EventType: kind} }
	started := func(previous string) *historypb.HistoryEvent {
		return &historypb.HistoryEvent{
			EventType: enums.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
			Attributes: &historypb.HistoryEvent_WorkflowExecutionStartedEventAttributes{
				WorkflowExecutionStartedEventAttributes: &historypb.WorkflowExecutionStartedEventAttributes{ContinuedExecutionRunId: previous},
			},
		}
	}
	marker := func(task int64) *historypb.HistoryEvent {
		return &historypb.HistoryEvent{
			EventType: enums.EVENT_TYPE_MARKER_RECORDED,
			Attributes: &historypb.HistoryEvent_MarkerRecordedEventAttributes{
				MarkerRecordedEventAttributes: &historypb.MarkerRecordedEventAttributes{MarkerName: "LocalActivity", WorkflowTaskCompletedEventId: task},
			},
		}
	}
	try := func(n int32) *historypb.HistoryEvent {
		return &historypb.HistoryEvent{
			EventType: enums.EVENT_TYPE_ACTIVITY_TASK_STARTED,
			Attributes: &historypb.HistoryEvent_ActivityTaskStartedEventAttributes{
				ActivityTaskStartedEventAttributes: &historypb.ActivityTaskStartedEventAttributes{Attempt: n},
			},
		}
	}
	signal := plain(enums.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED)
	timer := plain(enums.EVENT_TYPE_TIMER_STARTED)
	task := plain(enums.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)
	for _, tc := range []struct {
		name   string
		events []*historypb.HistoryEvent
		want   map[string]int
	}{
		{"SignalWithStart is one action", []*historypb.HistoryEvent{started(""), signal, task}, map[string]int{"signals": 1}},
		{"a start without a signal is one", []*historypb.HistoryEvent{started(""), task}, map[string]int{"starts": 1}},
		{"a run that continued another was paid by the other", []*historypb.HistoryEvent{started("r1"), task}, map[string]int{}},
		{"continuing as new is one", []*historypb.HistoryEvent{started("r1"), plain(enums.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW)}, map[string]int{"continuations": 1}},
		{"a timer is one when it starts, none when it fires", []*historypb.HistoryEvent{timer, plain(enums.EVENT_TYPE_TIMER_FIRED), timer, plain(enums.EVENT_TYPE_TIMER_CANCELED)}, map[string]int{"timers": 2}},
		{"local activities of one task are one", []*historypb.HistoryEvent{marker(4), marker(4), marker(9)}, map[string]int{"local activities": 2}},
		{"every try of an activity is one", []*historypb.HistoryEvent{plain(enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED), try(3), plain(enums.EVENT_TYPE_ACTIVITY_TASK_COMPLETED)}, map[string]int{"activities": 3}},
		{"search attributes are one a write", []*historypb.HistoryEvent{plain(enums.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES)}, map[string]int{"upserts": 1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, countActions(tc.events)); diff != "" {
				t.Errorf("actions (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPercentile(t *testing.T) {
	var lags []time.Duration
	for i := range 100 {
		lags = append(lags, time.Duration(100-i)*time.Millisecond)
	}
	for p, want := range map[float64]time.Duration{50: 50 * time.Millisecond, 99: 99 * time.Millisecond, 100: 100 * time.Millisecond, 0: time.Millisecond} {
		if got := percentile(lags, p); got != want {
			t.Errorf("p%v: %v, want %v", p, got, want)
		}
	}
	if got := percentile(nil, 50); got != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

func TestTheTable(t *testing.T) {
	r := &Report{Machine: "a machine", Load: "a load"}
	r.addFigure(Figure{Name: "fast", Value: "9/s", Budget: "≥ 5/s", Met: budgetMet(true)})
	r.addFigure(Figure{Name: "slow", Value: "1/s", Budget: "≥ 5/s", Met: budgetMet(false), Note: "why"})
	r.addFigure(Figure{Name: "told", Value: withCommas(1234567)})
	var out strings.Builder
	if err := r.WriteTable(&out); err != nil {
		t.Fatal(err)
	}
	want := `a machine
a load

FIGURE  VALUE      BUDGET  MET  NOTE
fast    9/s        ≥ 5/s   yes  
slow    1/s        ≥ 5/s   NO   why
told    1,234,567               
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}
