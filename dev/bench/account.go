package bench

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
)

// Account is the cost of runs, read from their histories.
type Account struct {
	Runs        int
	Actions     int            // billable
	Of          map[string]int // actions by kind
	Transitions int64          // state transitions: writes of Temporal's database
	Events      int            // history events, all runs together
	Largest     int            // history events of the largest run
}

// countActions counts the billable actions of one run as Temporal Cloud does (docs.temporal.io/cloud/actions, November 2026):
//
//   - a start is one, also that by which a run continues as new; SignalWithStart is one in all, counted as the signal
//   - every signal; every timer that is started; every upsert of search attributes, however many it sets
//   - every try of an activity; all local activities of one workflow task together
//
// Heartbeats and queries are billed too, but are not in histories: a delivery sends its first heartbeat after two seconds,
// and the bench sends no query to the runs that it counts. Attributes given with a start, and the current details, are free.
func countActions(events []*historypb.HistoryEvent) map[string]int {
	of := map[string]int{}
	markers := map[int64]bool{} // workflow tasks with local activities
	for i, e := range events {
		switch e.EventType {
		case enums.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
			signaled := len(events) > i+1 && events[i+1].EventType == enums.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
			if e.GetWorkflowExecutionStartedEventAttributes().ContinuedExecutionRunId == "" && !signaled {
				of["starts"]++
			}
		case enums.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
			of["continuations"]++
		case enums.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
			of["signals"]++
		case enums.EVENT_TYPE_TIMER_STARTED:
			of["timers"]++
		case enums.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
			of["upserts"]++
		case enums.EVENT_TYPE_ACTIVITY_TASK_STARTED:
			of["activities"] += int(e.GetActivityTaskStartedEventAttributes().Attempt)
		case enums.EVENT_TYPE_MARKER_RECORDED:
			if m := e.GetMarkerRecordedEventAttributes(); m.MarkerName == "LocalActivity" && !markers[m.WorkflowTaskCompletedEventId] {
				markers[m.WorkflowTaskCompletedEventId] = true
				of["local activities"]++
			}
		}
	}
	return of
}

// readAccount adds up the cost of all runs that a visibility query finds.
func readAccount(ctx context.Context, c client.Client, query string, progress func(done, total int)) (*Account, error) {
	runs, err := listRuns(ctx, c, query)
	if err != nil {
		return nil, err
	}
	sum := &Account{Runs: len(runs), Of: map[string]int{}}
	var mu sync.Mutex
	todo := make(chan *workflow.WorkflowExecutionInfo)
	var readers sync.WaitGroup
	done := 0
	for range 4 {
		readers.Go(func() {
			for info := range todo {
				events, transitions, failed := readRun(ctx, c, info)
				mu.Lock()
				done++
				if progress != nil {
					progress(done, len(runs))
				}
				if failed != nil {
					err = failed
				}
				for kind, n := range countActions(events) {
					sum.Of[kind] += n
					sum.Actions += n
				}
				sum.Events += len(events)
				sum.Largest = max(sum.Largest, len(events))
				sum.Transitions += transitions
				mu.Unlock()
			}
		})
	}
	for _, info := range runs {
		todo <- info
	}
	close(todo)
	readers.Wait()
	return sum, err
}

// listRuns returns all runs that a visibility query finds.
func listRuns(ctx context.Context, c client.Client, query string) ([]*workflow.WorkflowExecutionInfo, error) {
	var all []*workflow.WorkflowExecutionInfo
	request := &workflowservice.ListWorkflowExecutionsRequest{Query: query, PageSize: 1000}
	for {
		page, err := c.ListWorkflow(ctx, request)
		if err != nil {
			return nil, fmt.Errorf("listing workflows (%s): %w", query, err)
		}
		all = append(all, page.Executions...)
		if request.NextPageToken = page.NextPageToken; len(request.NextPageToken) == 0 {
			return all, nil
		}
	}
}

func readRun(ctx context.Context, c client.Client, info *workflow.WorkflowExecutionInfo) ([]*historypb.HistoryEvent, int64, error) {
	id := info.Execution.GetWorkflowId()
	run := info.Execution.GetRunId()
	events, err := readHistory(ctx, c, info.Execution)
	if err != nil {
		return nil, 0, err
	}
	described, err := c.DescribeWorkflowExecution(ctx, id, run)
	if err != nil {
		return nil, 0, fmt.Errorf("describing %s: %w", id, err)
	}
	return events, described.WorkflowExecutionInfo.StateTransitionCount, nil
}

func readHistory(ctx context.Context, c client.Client, run *common.WorkflowExecution) ([]*historypb.HistoryEvent, error) {
	var events []*historypb.HistoryEvent
	pages := c.GetWorkflowHistory(ctx, run.GetWorkflowId(), run.GetRunId(), false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for pages.HasNext() {
		e, err := pages.Next()
		if err != nil {
			return nil, fmt.Errorf("reading the history of %s: %w", run.GetWorkflowId(), err)
		}
		events = append(events, e)
	}
	return events, nil
}

// visibilityDelay is the wait for Temporal's visibility to list the last runs. It is short because Temporal runs in this
// process.
const visibilityDelay = 2 * time.Second

// String returns the actions by kind, the most frequent first: "1,200 signals, 300 timers".
func (a *Account) String() string {
	var parts []string
	for _, kind := range slices.SortedFunc(maps.Keys(a.Of), func(x, y string) int { return a.Of[y] - a.Of[x] }) {
		parts = append(parts, withCommas(float64(a.Of[kind]))+" "+kind)
	}
	return strings.Join(parts, ", ")
}
