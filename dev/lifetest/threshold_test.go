package lifetest

import (
	"database/sql"
	"flag"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"

	"homeroom/dev/servers"
	"homeroom/internal/clock"
	"homeroom/workflows"
)

var many = flag.Int("learners", 300, "how many learners BenchmarkStages lives through at once")

// BenchmarkStages compares what becomes of a learner for whom nothing is due: whether they rest for good, retire instead of
// resting, or rest first and retire after 30 days. Each learner enrolls, is welcomed, is left alone until the last stage is
// reached, and then enrolls once more, on a worker that has never seen them. A day takes three seconds.
//
// It reports per learner: billable actions up to the last stage, and from the next event until they are there again; history events of the runs, bytes in
// the SQLite file (payload of all tables) while closed runs are kept and after their retention, bytes in NATS, and how long
// the next event takes: one learner at a time (median, from the hand-over until the decision), and all at once.
func BenchmarkStages(b *testing.B) {
	const day = 24 * time.Hour
	for _, tc := range []struct {
		name         string
		rest, retire time.Duration
		last         string // stage
	}{
		{"rest for good", day, -1, workflows.StageResting},
		{"retire instead of resting", day, day, workflows.StageRetired},
		{"rest, retire after 30 days", day, 30 * day, workflows.StageRetired},
	} {
		b.Run(tc.name, func(b *testing.B) {
			for range b.N {
				stages(b, options{durable: true, rest: tc.rest, retire: tc.retire, withWaiting: time.Hour, temporal: soon(nil)}, tc.last)
			}
		})
	}
}

func stages(b *testing.B, o options, last string) {
	o.clock = clock.New(time.Now(), january, float64(24*time.Hour)/float64(3*time.Second))
	h := open(b, o)
	empty := h.bytes()
	names := make([]string, *many)
	var all sync.WaitGroup
	for i := range names {
		names[i] = fmt.Sprint("u_", i)
	}
	each := func(do func(learner string)) {
		slots := make(chan struct{}, 8)
		for _, learner := range names {
			slots <- struct{}{}
			all.Go(func() { do(learner); <-slots })
		}
		all.Wait()
	}
	each(func(learner string) { h.handOver(learner, h.enrolled(learner, 1, "crs_go")) })
	settle := func(learner string) {
		h.eventually(learner+" is "+last, func() error {
			if _, _, stage := h.status(learner); stage != `"`+last+`"` {
				return fmt.Errorf("at stage %s", stage)
			}
			return nil
		})
	}
	each(settle)
	before := h.bills(names)
	kept := h.bytes()
	h.purge(names)
	later := h.bytes()
	h.kill()
	h.work()

	// One at a time, then the others at once.
	var took []time.Duration
	for _, learner := range names[:len(names)/6] {
		steps := h.steps.Load()
		began := time.Now()
		h.handOver(learner, h.enrolled(learner, 2, "crs_sql"))
		for h.steps.Load() == steps && h.ctx.Err() == nil {
			_ = clock.Sleep(h.ctx, 100*time.Microsecond)
		}
		took = append(took, time.Since(began))
		h.hears(learner, 2)
	}
	slices.Sort(took)
	mails := len(names) + len(names)/6
	began := time.Now()
	names = names[len(names)/6:]
	each(func(learner string) { h.handOver(learner, h.enrolled(learner, 2, "crs_sql")) })
	h.eventually("all mails are out", func() error {
		if n := len(h.sent()); n < mails+len(names) {
			return fmt.Errorf("%d of %d", n, mails+len(names))
		}
		return nil
	})
	rate := float64(len(names)) / time.Since(began).Seconds()
	each(settle)
	after := h.bills(names)

	report := func(value float64, unit string) { b.ReportMetric(value, unit) }
	report(before.actions, "actions")
	report(after.actions, "next-actions")
	report(before.events, "events")
	report(before.largest, "last-run-events")
	runs, visibility := kept.per(*many, empty)
	report(runs, "B-kept")
	report(visibility, "B-kept-visibility")
	runs, visibility = later.per(*many, empty)
	report(runs, "B-later")
	report(visibility, "B-later-visibility")
	report(h.natsBytes()/float64(*many), "B-nats")
	report(float64(took[len(took)/2].Microseconds())/1000, "next-ms")
	report(rate, "next/s")
	report(0, "ns/op")
	b.Logf("before %+v, after %+v", before, after)
}

// mean is what learners cost in the mean.
type mean struct{ actions, events, largest float64 }

// bills reads the histories of a sample of learners.
func (h *home) bills(names []string) mean {
	h.t.Helper()
	var m mean
	sample := names[:min(20, len(names))]
	for _, learner := range sample {
		runs := h.runs(learner)
		all := account(runs)
		lastRun := account(runs[len(runs)-1:])
		m.actions += float64(all.actions) / float64(len(sample))
		m.largest += float64(lastRun.largest) / float64(len(sample))
		for _, run := range runs {
			m.events += float64(len(run.Events)) / float64(len(sample))
		}
	}
	return m
}

// purge deletes the closed runs, as the end of their retention does.
func (h *home) purge(names []string) {
	h.t.Helper()
	for _, learner := range names {
		id := workflows.WorkflowID(learner)
		list, err := h.temporal.ListWorkflow(h.ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Query: "WorkflowId = '" + id + "' AND ExecutionStatus != 'Running'",
		})
		h.must(err)
		for _, e := range list.Executions {
			if e.Status == enums.WORKFLOW_EXECUTION_STATUS_RUNNING {
				continue
			}
			_, err := h.temporal.WorkflowService().DeleteWorkflowExecution(h.ctx, &workflowservice.DeleteWorkflowExecutionRequest{
				Namespace:         "default",
				WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: id, RunId: e.Execution.RunId},
			})
			h.must(err)
		}
	}
	h.eventually("closed runs are gone", func() error {
		list, err := h.temporal.ListWorkflow(h.ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: "ExecutionStatus != 'Running'"})
		if err == nil && len(list.Executions) > 0 {
			err = fmt.Errorf("%d are left", len(list.Executions))
		}
		return err
	})
}

// size is how much Temporal's database holds, in bytes.
type size struct{ runs, visibility int64 }

func (s size) per(n int, than size) (runs, visibility float64) {
	return float64(s.runs-than.runs) / float64(n), float64(s.visibility-than.visibility) / float64(n)
}

// bytes is the payload of all tables and indexes: of the runs themselves, and of visibility. The server registers the driver.
func (h *home) bytes() (total size) {
	h.t.Helper()
	return size{h.bytesOf(h.file), h.bytesOf(servers.VisibilityFile(h.file))}
}

func (h *home) bytesOf(file string) (n int64) {
	h.t.Helper()
	db, err := sql.Open("sqlite", "file:"+file+"?mode=ro")
	h.must(err)
	defer func() { _ = db.Close() }()
	h.must(db.QueryRowContext(h.ctx, "SELECT SUM(payload) FROM dbstat").Scan(&n))
	return n
}

// natsBytes is the size of the bucket of those who have retired.
func (h *home) natsBytes() float64 {
	stream, err := h.js.Stream(h.ctx, "KV_homeroom_retired")
	h.must(err)
	return float64(stream.CachedInfo().State.Bytes)
}
