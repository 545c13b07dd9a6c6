package console

import (
	"context"
	"errors"
	"sync"
	"time"

	"homeroom/admin"
)

// backtestJob is a backtest of one draft's content: waiting, under way or over.
type backtestJob struct {
	cancel context.CancelFunc
	// background says that it runs as a workflow, which goes on without this process; the job follows it.
	background bool

	mu         sync.Mutex
	began      time.Time // in the background: when Temporal began the workflow, once that is known
	hash       string    // of the content; empty: not known yet
	by         string
	back       time.Duration       // how far back; 0: everything that is kept
	stage      admin.BacktestStage // empty: it waits for another one
	done       int64
	total      int64
	unattended bool
	result     *admin.Backtest // nil: not yet
	failed     error           // nil: it did not
	over       bool
}

// backtestState is how far a job is.
type backtestState struct {
	Stage  admin.BacktestStage `json:"stage,omitempty"` // empty: it waits for another one
	Done   int64               `json:"done"`
	Total  int64               `json:"total,omitempty"` // 0: not known
	Over   bool                `json:"over"`
	Failed string              `json:"failed,omitempty"`
	By     string              `json:"by"`
	Began  time.Time           `json:"began"`
	Hash   string              `json:"hash"`
	Days   int                 `json:"days,omitempty"` // how far back; 0: everything that is kept
	// Background says that it runs as a workflow of Temporal, and Unattended that nobody works on it.
	Background bool            `json:"background,omitempty"`
	Unattended bool            `json:"unattended,omitempty"`
	Result     *admin.Backtest `json:"result,omitempty"`
}

// Percent is how much of a stage is done, 0 to 100; 0 if that is not known.
func (s *backtestState) Percent() int64 {
	if s.Total <= 0 {
		return 0
	}
	return min(100, 100*s.Done/s.Total)
}

// readState returns how far the job is now.
func (j *backtestJob) readState() *backtestState {
	j.mu.Lock()
	defer j.mu.Unlock()
	state := &backtestState{
		Stage:  j.stage,
		Done:   j.done,
		Total:  j.total,
		Over:   j.over,
		By:     j.by,
		Began:  j.began,
		Hash:   j.hash,
		Days:   int(j.back / (24 * time.Hour)),
		Result: j.result,

		Background: j.background,
		Unattended: j.unattended && !j.over,
	}
	switch {
	case errors.Is(j.failed, context.Canceled):
		state.Failed = "It was cancelled."
	case j.failed != nil:
		state.Failed = j.failed.Error()
	}
	return state
}

func (j *backtestJob) noteProgress(stage admin.BacktestStage, done, total int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.stage = stage
	j.done = done
	j.total = total
}

// noteBackground takes over how far a backtest in the background is. It may be of a later run: a console that begins one ends the draft's last one.
func (j *backtestJob) noteBackground(b admin.BackgroundBacktest) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.unattended = b.Unattended
	j.began = b.StartedAt
	if b.Unknown {
		return
	}
	j.hash = b.Hash
	j.by = b.By
	j.back = time.Duration(b.Days) * 24 * time.Hour
	j.stage = admin.BacktestDeciding
	j.done = b.EventsDone
	j.total = b.Events
}

func (j *backtestJob) end(result *admin.Backtest, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.over = true
	j.failed = err
	if err == nil {
		j.result = result
	}
}

// keptJobs is how many drafts' backtests are remembered.
const keptJobs = 32

// backtestJobs are the last backtests, one for each draft. One runs at a time: each takes all cores, and memory for a part of the events.
type backtestJobs struct {
	mu      sync.Mutex
	jobs    map[string]*backtestJob  // by draft
	looks   map[string]*backtestLook // by draft: whether another process began one is being looked up
	turn    chan struct{}            // holds one while a job runs
	running sync.WaitGroup
	closed  bool
}

func newBacktestJobs() *backtestJobs {
	return &backtestJobs{jobs: map[string]*backtestJob{}, looks: map[string]*backtestLook{}, turn: make(chan struct{}, 1)}
}

// find returns the last job of a draft, or nil.
func (b *backtestJobs) find(draft string) *backtestJob {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.jobs[draft]
}

// adopt begins a job that follows what another process began, unless the draft's last one is under way, or began no earlier.
func (b *backtestJobs) adopt(draft string, job *backtestJob, run func(context.Context, *backtestJob) (admin.Backtest, error)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if before := b.jobs[draft]; before == nil || before.isOlderThan(job.beganAt()) {
		b.replaceJob(draft, job, run)
	}
}

// backtestLook finds out whether another process began a backtest of a draft.
type backtestLook struct {
	late     chan struct{} // closed when pages wait for the look no longer
	over     chan struct{} // closed when the look is over
	answered bool          // Temporal has answered; to be read when the look is over
}

// beginLook returns the look for a backtest of a draft that is under way, or begins one. first says that the caller is to find out, and then to call endLook.
func (b *backtestJobs) beginLook(draft string) (look *backtestLook, first bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if look = b.looks[draft]; look != nil {
		return look, false
	}
	look = &backtestLook{late: make(chan struct{}), over: make(chan struct{})}
	time.AfterFunc(lookPatience, func() { close(look.late) })
	b.looks[draft] = look
	return look, true
}

func (b *backtestJobs) endLook(draft string, answered bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.looks[draft].answered = answered
	close(b.looks[draft].over)
	delete(b.looks, draft)
}

// isOlderThan reports whether the job is over and began before a workflow that Temporal began at started.
func (j *backtestJob) isOlderThan(started time.Time) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.over && started.After(j.began)
}

// beganAt returns when the job began.
func (j *backtestJob) beganAt() time.Time {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.began
}

// start begins a job of a draft in place of its last one. It does nothing once the jobs are closed.
func (b *backtestJobs) start(draft string, job *backtestJob, run func(context.Context, *backtestJob) (admin.Backtest, error)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.replaceJob(draft, job, run)
}

// replaceJob is start for a caller that holds the lock.
func (b *backtestJobs) replaceJob(draft string, job *backtestJob, run func(context.Context, *backtestJob) (admin.Backtest, error)) {
	if b.closed {
		return
	}
	if before := b.jobs[draft]; before != nil {
		before.cancel()
	} else {
		b.dropOldest()
	}
	var ctx context.Context
	ctx, job.cancel = context.WithCancel(context.Background()) // it goes on when the request that began it is answered
	b.jobs[draft] = job
	b.running.Go(func() {
		defer job.cancel()
		if job.background { // others do the work
			result, err := run(ctx, job)
			job.end(&result, err)
			return
		}
		select {
		case b.turn <- struct{}{}:
			defer func() { <-b.turn }()
		case <-ctx.Done():
			job.end(nil, ctx.Err())
			return
		}
		result, err := run(ctx, job)
		job.end(&result, err)
	})
}

// dropOldest makes room for the job of a draft that has none, if there is no room.
func (b *backtestJobs) dropOldest() {
	if len(b.jobs) < keptJobs {
		return
	}
	oldest := ""
	for draft, job := range b.jobs {
		if oldest == "" || job.beganAt().Before(b.jobs[oldest].beganAt()) {
			oldest = draft
		}
	}
	b.jobs[oldest].cancel()
	delete(b.jobs, oldest)
}

// close ends all jobs and waits for them.
func (b *backtestJobs) close() {
	b.mu.Lock()
	b.closed = true
	for _, job := range b.jobs {
		job.cancel()
	}
	b.mu.Unlock()
	b.running.Wait()
}
