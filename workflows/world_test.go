package workflows_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"homeroom/activities"
	"homeroom/engine"
	"homeroom/workflows"
)

// monday is the start of every story.
var monday = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

const learner = "u_42"

// academy is what the growth team of these tests has written.
func academy() *engine.Ruleset {
	send := func(id, message string) engine.Instr {
		return engine.Instr{Op: engine.OpSend, ID: id, Send: &engine.SendStep{Message: message, Channel: "email"}}
	}
	return &engine.Ruleset{
		Hash:     "rev1",
		Settings: engine.Settings{Patience: 24 * time.Hour, Resolution: 10 * time.Minute},
		Keys: map[string][]string{
			"enrollment.created": {"course_id"}, "assessment.graded": {"assessment_id"}, "assessment.retried": {"assessment_id"},
		},
		Rules: []*engine.Rule{
			{
				Name:    "due-date",
				When:    engine.Trigger{Match: engine.Match{Event: "assignment.due_set"}},
				Per:     []string{"assignment_id"},
				Again:   engine.Again{Restart: true},
				Program: []engine.Instr{{Op: engine.OpWait, ID: "1", Dur: 10 * 24 * time.Hour}, send("2", "due")},
			},
			{
				Name:    "friday",
				When:    engine.Trigger{Match: engine.Match{Event: "user.signed_up"}},
				Program: []engine.Instr{{Op: engine.OpWaitClock, ID: "1", Clock: 9*60 + 30, Days: []time.Weekday{time.Friday}}, send("2", "friday")},
			},
			{
				Name:    "retry-after-failed-quiz",
				When:    engine.Trigger{Match: engine.Match{Event: "assessment.graded"}},
				Per:     []string{"assessment_id"},
				Until:   []engine.Match{{Event: "assessment.retried"}},
				Program: []engine.Instr{{Op: engine.OpWait, ID: "1", Dur: 2 * time.Hour}, send("2", "retry-encouragement")},
			},
			{
				Name:    "welcome",
				When:    engine.Trigger{Match: engine.Match{Event: "enrollment.created"}},
				Per:     []string{"course_id"},
				Until:   []engine.Match{{Event: "enrollment.cancelled"}},
				Program: []engine.Instr{send("1", "welcome")},
			},
		},
	}
}

// world is everything around one learner's workflow: stores, provider, stream and clock, all in memory.
type world struct {
	t   *testing.T
	env *testsuite.TestWorkflowEnvironment

	mu        sync.Mutex
	seq       uint64
	failReads int           // so many reads of the standing fail
	mark      time.Duration // how far behind the present the stream is handed over
	deaf      bool          // the decision stream is away
	mails     []string      // "10:00 welcome"
	decisions []engine.Decision
	decides   int
	reports   int // activities that did nothing but publish decisions
	timers    []time.Duration
	zone      string // the learner's
	shelf     *shelf // where learners retire to; see retiring
	provider  func(ctx context.Context, send engine.Send) (engine.Outcome, error)
	ledger    func(send engine.Send) (engine.Outcome, error) // what is found of a send that is given up
	gaveUp    int
	tries     int
	// decideError fails a try of Decide; nil: none fails.
	decideError func() error
	step        func(engine.Env, engine.State, []engine.Input, time.Time) engine.Result
	decided     func(workflows.DecideResult) // is shown what Decide answers; nil: nobody is
}

// newWorld returns a world in which a learner's workflow can be run from the instant start. Nobody retires there unless it
// is tuned so.
func newWorld(t *testing.T, start time.Time, tune ...func(*world, *activities.Options)) *world {
	w := &world{t: t, env: new(testsuite.WorkflowTestSuite).NewTestWorkflowEnvironment(), zone: "Europe/Berlin"}
	w.env.SetStartTime(start)
	w.env.RegisterWorkflowWithOptions(workflows.Learner, workflow.RegisterOptions{Name: workflows.LearnerWorkflow})
	o := activities.Options{
		Profiles:   w,
		Standings:  w,
		Rulesets:   w,
		Watermarks: w,
		Clock:      w,
		Spread:     -1,
		RestAfter:  24 * time.Hour,
		Decisions:  w,
		Step: func(env engine.Env, s engine.State, in []engine.Input, now time.Time) engine.Result {
			w.mu.Lock()
			w.decides++
			w.mu.Unlock()
			if w.step != nil {
				return w.step(env, s, in, now)
			}
			return engine.Step(env, s, in, now)
		},
	}
	for _, change := range tune {
		change(w, &o)
	}
	decide := activities.NewDecide(o)
	w.env.RegisterActivityWithOptions(decide.Retire, activity.RegisterOptions{Name: workflows.ActivityRetire})
	w.env.RegisterActivityWithOptions(func(ctx context.Context, in workflows.DecideInput) (workflows.DecideResult, error) {
		w.tries++
		if w.decideError != nil {
			if err := w.decideError(); err != nil {
				return workflows.DecideResult{}, err
			}
		}
		res, err := decide.Run(ctx, in)
		if w.decided != nil {
			w.decided(res)
		}
		return res, err
	}, activity.RegisterOptions{Name: workflows.ActivityDecide})
	deliver := &activities.Deliver{Deliverer: w, Decisions: w}
	w.env.RegisterActivityWithOptions(deliver.Run, activity.RegisterOptions{Name: workflows.ActivityDeliver})
	w.env.RegisterActivityWithOptions(deliver.GiveUp, activity.RegisterOptions{Name: workflows.ActivityGiveUp})
	w.env.RegisterActivityWithOptions((&activities.PublishDecisions{Decisions: w}).Run, activity.RegisterOptions{Name: workflows.ActivityPublishDecisions})
	w.env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
		if info.ActivityType.Name == workflows.ActivityPublishDecisions {
			w.reports++
		}
	})
	w.env.SetOnTimerScheduledListener(func(_ string, d time.Duration) { w.timers = append(w.timers, d) })
	w.env.SetTestTimeout(time.Minute)
	w.env.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: time.Minute}) // a busy machine is no deadlock
	return w
}

// first is the input of a learner's very first run.
func first() workflows.Input {
	return workflows.Input{Version: workflows.InputVersion, Learner: learner, Partition: 3}
}

// event makes the learner's next event, which happens when it is handed over.
func (w *world) event(name string, properties ...any) engine.Event {
	w.seq++
	ev := engine.Event{ID: fmt.Sprintf("e%d", w.seq), Name: name, Learner: learner, Time: w.env.Now(), StoredAt: w.env.Now(), Seq: w.seq}
	ev.Properties = map[string]any{}
	for i := 0; i < len(properties); i += 2 {
		ev.Properties[properties[i].(string)] = properties[i+1]
	}
	return ev
}

func (w *world) handOver(events ...engine.Event) {
	w.env.SignalWorkflow(workflows.SignalEvents, workflows.Batch{Learner: learner, Partition: 3, Events: events})
}

// at has something happen so long after the start of the run.
func (w *world) at(d time.Duration, do func()) { w.env.RegisterDelayedCallback(do, d) }

// until runs the workflow from the input and stops it after d.
func (w *world) until(d time.Duration, in workflows.Input) {
	w.t.Helper()
	w.at(d, w.env.CancelWorkflow)
	w.env.ExecuteWorkflow(workflows.LearnerWorkflow, in)
	if !w.env.IsWorkflowCompleted() {
		w.t.Fatal("the workflow was still running when the test ended")
	}
}

func (w *world) state() engine.State {
	w.t.Helper()
	value, err := w.env.QueryWorkflow(workflows.QueryState)
	if err != nil {
		w.t.Fatal(err)
	}
	var s engine.State
	if err := value.Get(&s); err != nil {
		w.t.Fatal(err)
	}
	return s
}

// log says the published decisions as "10:00 welcome sent"; each id counts once, as in the stream.
func (w *world) log() []string { return decisionLines(w.decisions) }

func decisionLines(decisions []engine.Decision) []string {
	var lines, ids []string
	for _, d := range decisions {
		if !slices.Contains(ids, d.ID) {
			ids = append(ids, d.ID)
			lines = append(lines, fmt.Sprintf("%s %s %s", d.At.Format("15:04"), d.Rule, d.Kind))
		}
	}
	return lines
}

// The stores, the clock and the provider.

func (w *world) Profile(context.Context, string) (engine.Profile, error) {
	return engine.Profile{Reach: engine.ReachedBy(engine.ChannelEmail), Timezone: w.zone}, nil
}

func (w *world) Get(context.Context, string) (*engine.Standing, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failReads > 0 {
		w.failReads--
		return nil, errors.New("nats: no servers available for connection")
	}
	return &engine.Standing{}, nil
}

func (w *world) Current(context.Context) (*engine.Ruleset, error) { return academy(), nil }

func (w *world) Revision(context.Context, string) (*engine.Ruleset, error) { return academy(), nil }

func (w *world) AwaitLearner(context.Context, string, int, time.Time, time.Duration) time.Time {
	return w.env.Now().Add(-w.mark)
}

func (w *world) Now() time.Time                            { return w.env.Now() }
func (w *world) Wait(virtual time.Duration) time.Duration  { return virtual }
func (w *world) Timer(virtual time.Duration) time.Duration { return virtual }

func (w *world) Deliver(ctx context.Context, send engine.Send) (engine.Outcome, error) {
	if w.provider != nil {
		return w.provider(ctx, send)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mails = append(w.mails, w.env.Now().Format("15:04")+" "+send.Message)
	return engine.Outcome{SendID: send.ID, Status: engine.OutcomeAccepted}, nil
}

// GiveUp finds in the ledger what ledger says; default: that nothing went out.
func (w *world) GiveUp(_ context.Context, send engine.Send) (engine.Outcome, error) {
	w.gaveUp++
	if w.ledger != nil {
		return w.ledger(send)
	}
	return engine.Outcome{SendID: send.ID, Status: engine.OutcomeCancelled}, nil
}

func (w *world) Publish(_ context.Context, decisions []engine.Decision) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.deaf {
		return errors.New("nats: no responders available for request")
	}
	w.decisions = append(w.decisions, decisions...)
	return nil
}

func equal[T comparable](t *testing.T, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got  %v\n want %v", what, got, want)
	}
}
