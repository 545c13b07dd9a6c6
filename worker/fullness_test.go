package worker

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	workflowpb "go.temporal.io/api/workflow/v1"
	"google.golang.org/protobuf/types/known/timestamppb"

	"homeroom/workflows"
)

// TestARunThatIsFullIsGivenNothing: Temporal would terminate it, and what is remembered of the learner would be gone.
func TestARunThatIsFullIsGivenNothing(t *testing.T) {
	for _, tc := range []struct {
		name    string
		run     *workflowpb.WorkflowExecutionInfo
		text    string // of each event
		signals int    // that go through of 1000
		asked   int
	}{
		{"small", &workflowpb.WorkflowExecutionInfo{HistoryLength: 300, HistorySizeBytes: 100_000}, "", 1000, 9},
		{"none is running", nil, "", 1000, 9},
		{"too many events", &workflowpb.WorkflowExecutionInfo{HistoryLength: 10_001}, "", 100, 900},
		{"too many bytes", &workflowpb.WorkflowExecutionInfo{HistorySizeBytes: 13 << 20}, "", 100, 900},
		{"large events are asked about earlier", &workflowpb.WorkflowExecutionInfo{HistorySizeBytes: 13 << 20}, strings.Repeat("x", 100<<10), 21, 979},
		{"a closed run is full of nothing", &workflowpb.WorkflowExecutionInfo{HistoryLength: 40_000, CloseTime: timestamppb.Now()}, "", 1000, 9},
	} {
		t.Run(tc.name, func(t *testing.T) {
			stub := &temporalStub{run: tc.run}
			starter := &Starter{client: stub}
			for range 1000 {
				err := starter.HandOver(t.Context(), workflows.Batch{Learner: "u", Events: lessons(1, tc.text)})
				if err != nil && (!errors.Is(err, ErrRunFull) || errors.Is(err, ErrRefused)) {
					t.Fatal(err)
				}
			}
			if len(stub.batches) != tc.signals || stub.asked != tc.asked {
				t.Errorf("%d signals, asked %d times; want %d and %d", len(stub.batches), stub.asked, tc.signals, tc.asked)
			}
		})
	}
}

// TestARunThatHasContinuedAsNewIsGivenMore: what waited goes through once there is room.
func TestARunThatHasContinuedAsNewIsGivenMore(t *testing.T) {
	stub := &temporalStub{run: &workflowpb.WorkflowExecutionInfo{HistoryLength: 20_000}}
	starter := &Starter{client: stub}
	batch := workflows.Batch{Learner: "u", Events: lessons(1, "")}
	for range askAfterSignals {
		if err := starter.HandOver(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	if err := starter.HandOver(t.Context(), batch); !errors.Is(err, ErrRunFull) {
		t.Fatalf("error = %v, want that the run is full", err)
	}
	stub.run.HistoryLength = 5
	if err := starter.HandOver(t.Context(), batch); err != nil {
		t.Error(err)
	}
}

// TestWhoIsSignaledOftenIsRememberedAmongMany: the others' counts are dropped, and memory stays bounded.
func TestWhoIsSignaledOftenIsRememberedAmongMany(t *testing.T) {
	var f fullness
	for i := range 20 * maxRemembered {
		f.addSignal(fmt.Sprint("u", i), 10)
		if i%1000 == 0 {
			f.addSignal("busy", 10)
		}
	}
	if n := len(f.recent) + len(f.older); n > 2*maxRemembered {
		t.Errorf("%d learners are remembered", n)
	}
	if !f.isDue("busy") || f.isDue("u99999") {
		t.Errorf("busy is due: %v; somebody else: %v", f.isDue("busy"), f.isDue("u99999"))
	}
}
