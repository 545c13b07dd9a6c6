package lifetest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"
	sdkpb "go.temporal.io/api/sdk/v1"

	"homeroom/activities"
	"homeroom/dev/harness"
	"homeroom/engine"
	"homeroom/workflows"
)

// quick is how long learners stay in these tests before they retire.
const quick = 300 * time.Millisecond

// enrolled is the learner's enrollment in a course.
func (h *home) enrolled(learner string, seq int, course string) engine.Event {
	return h.event(learner, engine.EventEnrolled, seq, map[string]any{"course_id": course})
}

// hears waits until the newest run has taken in the event.
func (h *home) hears(learner string, seq uint64) (state engine.State) {
	h.t.Helper()
	h.eventually(learner+" hears of the event", func() (err error) {
		if state, err = harness.QueryState(h.ctx, h.temporal, learner); err == nil && (state.Seq < seq || len(state.PendingDeliveries) > 0) {
			err = errNotYet
		}
		return err
	})
	return state
}

// linesOf are the lines of a text that say something.
func linesOf(text string) []string {
	return slices.DeleteFunc(strings.Split(text, "\n"), func(line string) bool { return line == "" })
}

// TestTheCircle: a learner for whom nothing is due retires, is seen to, and comes back with the next event as if they had
// never been away.
func TestTheCircle(t *testing.T) {
	h := open(t, options{temporal: soon(nil), retire: quick})
	first := h.enrolled("ada", 1, "crs_go")
	h.handOver("ada", first)
	gone := h.retires("ada")
	kept, found, err := h.store.Retired.Get(h.ctx, "ada")
	if err != nil || !found || kept.Seq != 1 || kept.Learner != "ada" || len(kept.PastRuns) != 1 {
		t.Fatalf("put away: %+v, found %v, error %v", kept, found, err)
	}
	if _, _, stage := h.status("ada"); stage != `"retired"` {
		t.Errorf("stage %s", stage)
	}
	answer, err := h.temporal.QueryWorkflow(h.ctx, workflows.WorkflowID("ada"), gone, "__temporal_workflow_metadata")
	h.must(err)
	var seen sdkpb.WorkflowMetadata
	h.must(answer.Get(&seen))
	if !strings.HasPrefix(seen.CurrentDetails, "**Retired**") || !strings.Contains(seen.CurrentDetails, "*welcome*") {
		t.Errorf("the details of the ended run say\n%s", seen.CurrentDetails)
	}

	var ended workflows.Ended // the server has it, whether or not a worker serves
	h.must(h.temporal.GetWorkflow(h.ctx, workflows.WorkflowID("ada"), gone).Get(h.ctx, &ended))
	if ended.Stage != workflows.StageRetired || seen.CurrentDetails == "" || !slices.Equal(ended.Details, linesOf(seen.CurrentDetails)) {
		t.Errorf("the result of the ended run is %+v", ended)
	}

	// The first event comes again, and one that the rule has answered once and for all.
	h.handOver("ada", first, h.enrolled("ada", 2, "crs_go"))
	state := h.hears("ada", 2)
	status, run, stage := h.status("ada")
	if status != enums.WORKFLOW_EXECUTION_STATUS_RUNNING || run == gone || stage != `"awake"` {
		t.Errorf("the run is %s at stage %s", status, stage)
	}
	if len(state.Seen) != 16 || len(state.PastRuns) != 1 || len(state.PastSends) > 1 {
		t.Errorf("after the revival the state is %+v", state)
	}
	if got := h.sent(); len(got) != 1 {
		t.Errorf("sent %v, want one welcome", got)
	}
	h.retires("ada")
	for i, run := range h.runs("ada") {
		if err := harness.ReplayHistory(run); err != nil {
			t.Errorf("run %d: %v", i+1, err)
		}
		if *record {
			harness.KeepHistory(t, []string{"retires", "revives-and-retires"}[i], run)
		}
	}
}

// TestWhatGoesWrongAroundARetirement: each story begins with a learner who was welcomed to a course and has retired.
func TestWhatGoesWrongAroundARetirement(t *testing.T) {
	for _, tc := range []struct {
		name  string
		then  func(h *home)
		mails int // in the end, after another enrollment in the same course
	}{
		{"nothing", func(*home) {}, 1},
		{"somebody terminates the next run: what was put away before it still counts", func(h *home) {
			h.handOver("ada", h.enrolled("ada", 2, "crs_sql"))
			h.hears("ada", 2)
			h.must(h.temporal.TerminateWorkflow(h.ctx, workflows.WorkflowID("ada"), "", "a test"))
		}, 2},
		// What is lost is memory, never an event: the learner is a stranger, and is welcomed again.
		{"what was put away is lost", func(h *home) {
			stream, err := h.js.Stream(h.ctx, "KV_homeroom_retired")
			h.must(err)
			h.must(stream.Purge(h.ctx))
		}, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := open(t, options{temporal: soon(nil), retire: quick})
			h.handOver("ada", h.enrolled("ada", 1, "crs_go"))
			h.retires("ada")
			tc.then(h)
			h.handOver("ada", h.enrolled("ada", 3, "crs_go"))
			h.hears("ada", 3)
			h.retires("ada")
			if got := h.sent(); len(got) != tc.mails {
				t.Errorf("sent %v, want %d", got, tc.mails)
			}
		})
	}
}

// stuck puts states away, but its first caller never hears of it.
type stuck struct {
	activities.Retired
	first   chan struct{} // closed when the first state is put away
	release chan struct{}
}

func (s *stuck) Put(ctx context.Context, learner string, state engine.State, at time.Time) (bool, error) {
	kept, err := s.Retired.Put(ctx, learner, state, at)
	select {
	case <-s.first:
		return kept, err
	default:
		close(s.first)
		<-s.release
		return kept, err
	}
}

// TestAWorkerDiesWhileALearnerRetires: the state is put away, and Temporal never hears that the run is over. Another worker
// ends it; an event that came meanwhile keeps it alive.
func TestAWorkerDiesWhileALearnerRetires(t *testing.T) {
	for name, event := range map[string]bool{"in silence": false, "when an event has come": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &stuck{first: make(chan struct{}), release: make(chan struct{})}
			h := open(t, options{
				temporal: soon(nil),
				retire:   quick,
				retired: func(r activities.Retired) activities.Retired {
					if s.Retired == nil {
						s.Retired = r
						return s
					}
					return r
				},
			})
			t.Cleanup(func() { close(s.release) })
			h.handOver("ada", h.enrolled("ada", 1, "crs_go"))
			<-s.first
			h.kill()
			mails := 1
			if event {
				h.handOver("ada", h.enrolled("ada", 2, "crs_sql"))
				mails = 2
			}
			h.work()
			h.retires("ada")
			kept, _, err := h.store.Retired.Get(h.ctx, "ada")
			if err != nil || kept.Seq != uint64(mails) || len(h.sent()) != mails {
				t.Errorf("put away what was known after event %d (%v), sent %v; want %d", kept.Seq, err, h.sent(), mails)
			}
			if runs := h.runs("ada"); len(runs) != 1 {
				t.Errorf("%d runs, want one: it had not ended", len(runs))
			}
		})
	}
}

func TestWhatIsPutAwayNeverGoesBack(t *testing.T) {
	h := open(t, options{})
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	state := func(stream int64, seq uint64) engine.State {
		return engine.State{Version: engine.StateVersion, Learner: "ada", Stream: stream, Seq: seq}
	}
	for _, tc := range []struct {
		name  string
		state engine.State
		at    time.Time
		kept  bool
	}{
		{"the first retirement", state(1, 10), now, true},
		{"a later one", state(1, 20), now.Add(time.Hour), true},
		{"the first one, from a worker that hung meanwhile", state(1, 10), now, false},
		{"a later one that has heard less of the stream", state(1, 15), now.Add(2 * time.Hour), false},
		{"nothing was heard since", state(1, 20), now.Add(2 * time.Hour), true},
		{"the stream was made anew and counts from the beginning", state(2, 3), now.Add(3 * time.Hour), true},
	} {
		kept, err := h.store.Retired.Put(h.ctx, "ada", tc.state, tc.at)
		if err != nil || kept != tc.kept {
			t.Errorf("%s: kept %v (%v), want %v", tc.name, kept, err, tc.kept)
		}
	}
	if got, found, err := h.store.Retired.Get(h.ctx, "ada"); err != nil || !found || got.Seq != 3 {
		t.Errorf("in the end: %+v, %v, %v", got, found, err)
	}
	if _, found, err := h.store.Retired.Get(h.ctx, "grace"); found || err != nil {
		t.Errorf("somebody who never retired: found %v, error %v", found, err)
	}
}
