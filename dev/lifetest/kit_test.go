package lifetest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"

	"homeroom/activities"
	"homeroom/dev/harness"
	"homeroom/dev/servers"
	"homeroom/engine"
	"homeroom/internal/clock"
	"homeroom/rules"
	"homeroom/store"
	"homeroom/worker"
	"homeroom/workflows"
)

// timepiece is a clock that learners can live by.
type timepiece interface {
	Now() time.Time
	Wait(virtual time.Duration) time.Duration
	Timer(virtual time.Duration) time.Duration
}

// options say how learners live.
type options struct {
	files       map[string]string // of the academy
	clock       timepiece         // default: real time
	rest        time.Duration     // see activities.Options; in Homeroom's time
	retire      time.Duration
	durable     bool           // Temporal in a file, as in the measurements
	temporal    map[string]any // dynamic configuration
	step        func(engine.Env, engine.State, []engine.Input, time.Time) engine.Result
	retired     func(activities.Retired) activities.Retired
	withWaiting time.Duration
}

// home is where learners live: servers, stores and one worker.
type home struct {
	t        testing.TB
	o        options
	ctx      context.Context
	js       jetstream.JetStream
	store    *store.Store
	temporal client.Client
	starter  *worker.Starter
	dial     func() client.Client
	file     string
	kill     func() // takes the worker's connection away, as kill -9 does
	rules    atomic.Pointer[rules.Academy]

	mu      sync.Mutex
	mails   []string // "learner message"
	decided map[string]bool
	story   []engine.Decision // once each
	steps   atomic.Int64
}

// open starts everything; it ends with the test.
func open(t testing.TB, o options) *home {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), harness.MaxWait+o.withWaiting)
	t.Cleanup(cancel)
	if o.clock == nil {
		o.clock = clock.Real()
	}
	h := &home{t: t, o: o, ctx: ctx, decided: map[string]bool{}}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))

	natsServer, err := servers.StartNATS(ctx, servers.NATSOptions{Log: log})
	h.must(err)
	harness.StopAtEnd(t, natsServer.Stop)
	nc, err := nats.Connect(natsServer.URL())
	h.must(err)
	t.Cleanup(nc.Close)
	h.js, err = jetstream.New(nc)
	h.must(err)
	h.must(store.Setup(ctx, h.js, store.Options{}))
	h.store, err = store.Open(ctx, h.js, store.OpenOptions{Secret: []byte("test")})
	h.must(err)
	t.Cleanup(h.store.Control.Close)

	settings := servers.TemporalOptions{
		Dynamic: o.temporal,
		Log:     log,
		SearchAttributes: map[string]enums.IndexedValueType{
			workflows.SearchStage.GetName():   workflows.SearchStage.GetValueType(),
			workflows.SearchCourses.GetName(): workflows.SearchCourses.GetValueType(),
			workflows.SearchRules.GetName():   workflows.SearchRules.GetValueType(),
		},
	}
	if o.durable {
		h.file = filepath.Join(t.TempDir(), "temporal.db")
		settings.File = h.file
	}
	temporal, err := servers.StartTemporal(ctx, settings)
	h.must(err)
	harness.StopAtEnd(t, temporal.Stop)
	h.dial = func() client.Client {
		c, err := client.DialContext(ctx, client.Options{
			HostPort:  temporal.Address(),
			Namespace: temporal.Namespace(),
			Logger:    sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)),
		})
		h.must(err)
		t.Cleanup(c.Close)
		return c
	}
	h.temporal = h.dial()
	h.starter = worker.NewStarter(h.temporal)
	h.rules.Store(academy(t, o.files))
	h.work()
	return h
}

func (h *home) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// work starts a worker with a connection of its own and nothing in its cache.
func (h *home) work() {
	h.t.Helper()
	step := h.o.step
	if step == nil {
		step = engine.Step
	}
	var retired activities.Retired = h.store.Retired
	if h.o.retired != nil {
		retired = h.o.retired(retired)
	}
	connection := h.dial()
	w, err := worker.New(connection, worker.Options{
		Decide: activities.NewDecide(activities.Options{
			Profiles:    reachable{},
			Standings:   h.store.Standings,
			Rulesets:    h,
			Watermarks:  upToDate{h.o.clock},
			Clock:       h.o.clock,
			Grace:       h.grace(),
			RestAfter:   h.o.rest,
			RetireAfter: h.o.retire,
			Retired:     retired,
			Step: func(env engine.Env, s engine.State, in []engine.Input, now time.Time) engine.Result {
				h.steps.Add(1)
				return step(env, s, in, now)
			},
		}),
		Deliver:          &activities.Deliver{Deliverer: h, Decisions: h},
		PublishDecisions: &activities.PublishDecisions{Decisions: h},
		StopTimeout:      time.Second,
	})
	h.must(err)
	h.must(w.Start())
	h.t.Cleanup(w.Stop)
	h.kill = func() { connection.Close(); w.Stop() }
}

// grace is a minute for real.
func (h *home) grace() time.Duration {
	return time.Duration(float64(time.Minute) * float64(time.Hour) / float64(h.o.clock.Wait(time.Hour)))
}

// academy compiles files; settings, the message nudge and the rule welcome are there unless they have their own.
func academy(t testing.TB, files map[string]string) *rules.Academy {
	t.Helper()
	all := map[string]string{
		"rules/welcome.yaml": "rule: welcome\nwhen: {event: enrollment.created}\nper: course_id\ndo: [send: nudge]\n",
	}
	maps.Copy(all, files)
	return harness.Academy(t, all)
}

// handOver signals a learner as triggers do: until it is taken.
func (h *home) handOver(learner string, events ...engine.Event) {
	h.t.Helper()
	for {
		err := h.starter.HandOver(h.ctx, workflows.Batch{Learner: learner, Partition: store.PartitionOf(learner), Events: events})
		if err == nil {
			return
		}
		if errors.Is(err, worker.ErrRefused) || h.ctx.Err() != nil {
			h.t.Error(err)
			return
		}
		_ = clock.Sleep(h.ctx, 5*time.Millisecond)
	}
}

// event is the learner's event number seq, which happens now.
func (h *home) event(learner, name string, seq int, properties map[string]any) engine.Event {
	now := h.o.clock.Now()
	return engine.Event{ID: fmt.Sprintf("%s-%d", learner, seq), Name: name, Learner: learner, Time: now, StoredAt: now, Seq: uint64(seq), Properties: properties}
}

// heard is an error while the learner's newest run has not applied the event of that number.
func (h *home) heard(learner string, seq int) error {
	state, err := harness.QueryState(h.ctx, h.temporal, learner)
	if err == nil && state.Seq < uint64(seq) {
		err = fmt.Errorf("at event %d", state.Seq)
	}
	return err
}

// status is the newest run's, its id and its stage.
func (h *home) status(learner string) (status enums.WorkflowExecutionStatus, run, stage string) {
	h.t.Helper()
	d, err := h.temporal.DescribeWorkflowExecution(h.ctx, workflows.WorkflowID(learner), "")
	h.must(err)
	info := d.WorkflowExecutionInfo
	if p := info.GetSearchAttributes().GetIndexedFields()[workflows.SearchStage.GetName()]; p != nil {
		stage = string(p.Data)
	}
	return info.Status, info.Execution.RunId, stage
}

// retires waits until the learner's newest run has ended.
func (h *home) retires(learner string) (run string) {
	h.t.Helper()
	h.eventually(learner+" retires", func() error {
		status, id, stage := h.status(learner)
		if run = id; status != enums.WORKFLOW_EXECUTION_STATUS_COMPLETED {
			return fmt.Errorf("the run is %s, stage %s", status, stage)
		}
		return nil
	})
	return run
}

// runs are the histories of all runs of a learner, the oldest first, as far as visibility knows.
func (h *home) runs(learner string) []*historypb.History {
	h.t.Helper()
	list, err := h.temporal.ListWorkflow(h.ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Query:    "WorkflowId = '" + workflows.WorkflowID(learner) + "'",
		PageSize: 1000,
	})
	h.must(err)
	slices.SortFunc(list.Executions, func(a, b *workflowpb.WorkflowExecutionInfo) int {
		return a.StartTime.AsTime().Compare(b.StartTime.AsTime())
	})
	var all []*historypb.History
	for _, e := range list.Executions {
		all = append(all, h.history(learner, e.Execution.RunId))
	}
	return all
}

func (h *home) history(learner, run string) *historypb.History {
	h.t.Helper()
	history := &historypb.History{}
	events := h.temporal.GetWorkflowHistory(h.ctx, workflows.WorkflowID(learner), run, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		h.must(err)
		history.Events = append(history.Events, event)
	}
	return history
}

// eventually asks until the answer is fine. It is for what cannot be waited for in another way.
func (h *home) eventually(what string, ask func() error) {
	h.t.Helper()
	harness.Eventually(h.t, h.ctx, what, ask)
}

// decisionsOf returns the decisions of a kind, each once, in the order in which they were published.
func (h *home) decisionsOf(kind engine.Kind) []engine.Decision {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(h.story), func(d engine.Decision) bool { return d.Kind != kind })
}

func (h *home) sent() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.mails)
}

// The stores and the provider.

// Current implements activities.Rulesets.
func (h *home) Current(context.Context) (*engine.Ruleset, error) { return h.rules.Load().Ruleset, nil }

// Revision implements activities.Rulesets.
func (h *home) Revision(context.Context, string) (*engine.Ruleset, error) {
	return h.rules.Load().Ruleset, nil
}

// GiveUp implements activities.Deliverer; nobody is given up here.
func (h *home) GiveUp(_ context.Context, send engine.Send) (engine.Outcome, error) {
	return engine.Outcome{}, fmt.Errorf("send %s is given up", send.ID)
}

// Deliver implements activities.Deliverer; a send that comes again is known.
func (h *home) Deliver(_ context.Context, send engine.Send) (engine.Outcome, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.decided[send.ID] {
		h.decided[send.ID] = true
		h.mails = append(h.mails, send.Learner+" "+send.Message)
	}
	return engine.Outcome{SendID: send.ID, Status: engine.OutcomeAccepted}, nil
}

// Publish implements activities.Publisher.
func (h *home) Publish(_ context.Context, decisions []engine.Decision) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, d := range decisions {
		if !h.decided[d.ID] {
			h.decided[d.ID] = true
			h.story = append(h.story, d)
		}
	}
	return nil
}

type reachable struct{}

func (reachable) Profile(context.Context, string) (engine.Profile, error) {
	return engine.Profile{Reach: engine.ReachedBy(engine.ChannelEmail)}, nil
}

// upToDate is a stream of which everything has been handed over.
type upToDate struct{ clock timepiece }

func (u upToDate) AwaitLearner(context.Context, string, int, time.Time, time.Duration) time.Time {
	return u.clock.Now()
}
