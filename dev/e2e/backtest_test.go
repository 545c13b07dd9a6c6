package e2e

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"homeroom/activities"
	"homeroom/admin"
	"homeroom/app"
	"homeroom/backtest"
	"homeroom/backtest/segments"
	"homeroom/catalog"
	"homeroom/dev/harness"
	"homeroom/dev/instance"
	"homeroom/engine"
	"homeroom/rules"
	"homeroom/worker"
	"homeroom/workflows"
)

// pastRules asks what comes next and sends after a wait; %s is the wait.
const pastRules = `rule: retry
when: {event: assessment.graded, if: event.passed == false}
per: assessment_id
do:
  - wait: %s
  - if: has(course.next)
    then: [{send: nudge}]
    otherwise: [{send: later}]
`

// pastLearners is how many learners there are.
const pastLearners = 70

// pastFiles are the files of a folder with the rule.
func pastFiles(wait string) map[string]string {
	return map[string]string{
		"rules/retry.yaml":  fmt.Sprintf(pastRules, wait),
		"courses.yaml":      "c1: {title: Go}\n",
		"messages/later.md": "---\nsubject: Later\n---\nLater.\n",
	}
}

// backtests is a world with recorded events and a draft.
type backtests struct {
	*world
	admin   *admin.Installation
	inForce *rules.Academy
	draft   *rules.Academy
}

// openBacktests starts a stack with events that learners left behind in six weeks. No role works on learners, and nobody on backtests.
func openBacktests(t *testing.T) *backtests {
	t.Helper()
	b := &backtests{
		inForce: harness.Academy(t, pastFiles("2h")),
		draft:   harness.Academy(t, pastFiles("26h")),
	}
	b.world = open(t, b.inForce, instance.Options{Roles: []app.Role{app.RoleEdge}})
	b.admin = b.connectConsole()
	random := rand.New(rand.NewPCG(3, 4))
	at := time.Now().UTC().Truncate(time.Second).AddDate(0, 0, -42)
	p := instance.Publisher{JS: b.instance.JS, Catalog: b.inForce.Catalog}
	for n := range 900 {
		at = at.Add(time.Duration(random.IntN(7200)) * time.Second)
		ev := engine.Event{
			ID:         fmt.Sprint("e", n),
			Learner:    fmt.Sprint("u", random.IntN(pastLearners)),
			Name:       "lesson.started",
			Time:       at,
			Properties: map[string]any{"course_id": "c1", "lesson_id": fmt.Sprint("l", min(random.IntN(9), random.IntN(9)))},
		}
		switch {
		case n%4 == 1 && n < 4*pastLearners:
			ev.Learner = fmt.Sprint("u", n/4)
			ev.Name = "enrollment.created"
			ev.Properties = map[string]any{"course_id": "c1", "enrollment_type": "free"}
		case n%3 == 0:
			ev.Name = "assessment.graded"
			ev.Properties = failedQuiz(fmt.Sprint("a", random.IntN(9)))
			ev.Properties["course_id"] = "c1"
		}
		m, err := p.Message(catalog.Decoded{Event: ev})
		if err == nil {
			err = p.Publish(b.ctx, m)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// connectConsole connects as a console does.
func (b *backtests) connectConsole() *admin.Installation {
	b.t.Helper()
	return b.connectThrough(b.instance.Temporal)
}

// connectThrough connects with a client of Temporal.
func (b *backtests) connectThrough(temporal client.Client) *admin.Installation {
	b.t.Helper()
	i, err := admin.Connect(b.ctx, admin.ConnectOptions{
		Name:      "backtests",
		NATS:      admin.NATSOptions{URL: b.stack.NATSURL},
		Temporal:  temporal,
		Namespace: b.stack.Namespace,
		Directly:  true,
		Actor:     admin.Actor{Name: "ada", Way: admin.WayCLI},
		Now:       time.Now,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(i.Close)
	return i
}

// work has a process work on backtests until stop is called.
func (b *backtests) work(kept *admin.EventCopy) (stop func()) {
	ctx, cancel := context.WithCancel(b.ctx)
	var working sync.WaitGroup
	working.Go(func() {
		b.admin.WorkOnBacktests(ctx, admin.BacktestWork{EventCopy: kept, Log: slog.New(slog.DiscardHandler)})
	})
	stop = sync.OnceFunc(func() {
		cancel()
		working.Wait()
	})
	b.t.Cleanup(stop)
	return stop
}

func (b *backtests) openCopy() *admin.EventCopy {
	b.t.Helper()
	kept, err := admin.OpenEventCopy(b.t.TempDir())
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() {
		if err := kept.Close(); err != nil {
			b.t.Error(err)
		}
	})
	return kept
}

// options have an end: without one each backtest would end a little later.
func (b *backtests) options() admin.BacktestOptions {
	return admin.BacktestOptions{Until: time.Now().UTC().Truncate(24 * time.Hour)}
}

// runHere runs the backtest in this process.
func (b *backtests) runHere(opts admin.BacktestOptions) admin.Backtest {
	b.t.Helper()
	opts.EventCopy = b.openCopy()
	answer, err := b.admin.Backtest(b.ctx, b.inForce, b.draft, opts)
	if err != nil {
		b.t.Fatal(err)
	}
	if answer.Changes < 20 || answer.Learners < pastLearners || len(answer.Rules[0].Messages) < 2 {
		b.t.Fatalf("little is compared: %d changes of %d learners, %+v", answer.Changes, answer.Learners, answer.Rules)
	}
	return answer
}

// begin starts the backtest in the background.
func (b *backtests) begin(id string, opts admin.BacktestOptions) {
	b.t.Helper()
	if _, err := b.admin.StartBacktest(b.ctx, id, b.inForce, b.draft, opts); err != nil {
		b.t.Fatal(err)
	}
}

// await waits for the end of a backtest in the background.
func (b *backtests) await(id string) admin.BackgroundBacktest {
	b.t.Helper()
	ended, err := b.admin.FollowBacktest(b.ctx, id, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return ended
}

func (b *backtests) compare(want *admin.Backtest, got *admin.BackgroundBacktest) {
	b.t.Helper()
	if got.Status != admin.BackgroundDone || got.Result == nil {
		b.t.Fatalf("it ended as %s: %s", got.Status, got.Failed)
	}
	if diff := cmp.Diff(want, got.Result, cmpopts.EquateEmpty()); diff != "" {
		b.t.Errorf("in the background it is another result (-here +there):\n%s", diff)
	}
}

// TestABacktestInTheBackground: two processes, one with a copy of the events and one without, find what one run finds; the workflow replays.
func TestABacktestInTheBackground(t *testing.T) {
	t.Parallel()
	b := openBacktests(t)
	opts := b.options()
	want := b.runHere(opts)
	if _, err := b.admin.FindBacktest(b.ctx, "bt-1"); !errors.Is(err, admin.ErrNotFound) {
		t.Errorf("before it is started: %v", err)
	}
	b.begin("bt-1", opts)
	b.work(nil)
	b.work(b.openCopy())
	got := b.await("bt-1")
	b.compare(&want, &got)
	if got.By != "ada" || got.PartsDone != 16 || got.EventsDone != want.Events || got.Hash != b.draft.Ruleset.Hash {
		t.Errorf("it says of itself %+v", got.BacktestProgress)
	}
	history := b.historyOf(workflows.BacktestID("bt-1"), "")
	if err := harness.ReplayHistory(history); err != nil {
		t.Errorf("it does not replay: %v", err)
	}
	if *record {
		harness.KeepHistory(t, "backtest", history)
	}
	harness.Eventually(t, b.ctx, "it is listed", func() error {
		list, err := b.admin.Backtests(b.ctx, 5)
		if err == nil && (len(list) != 1 || list[0].ID != "bt-1" || list[0].Live()) {
			err = fmt.Errorf("listed: %+v", list)
		}
		return err
	})
}

// haltingEvents stops reading one partition, until whoever reads is told to end.
type haltingEvents struct {
	activities.BacktestEvents
	halted chan struct{} // gets one whenever somebody halts
}

func (e *haltingEvents) Open(ctx context.Context, partitions []int, last uint64, onRead func(int64)) (backtest.Source, error) {
	source, err := e.BacktestEvents.Open(ctx, partitions, last, onRead)
	if len(partitions) != 1 || partitions[0] != 5 || err != nil {
		return source, err
	}
	return &haltingSource{source, e.halted}, nil
}

type haltingSource struct {
	backtest.Source
	halted chan struct{}
}

func (s *haltingSource) ReadPart(ctx context.Context, part int, each func(*segments.Record) error) error {
	s.halted <- struct{}{}
	<-ctx.Done()
	return ctx.Err()
}

// workHalting works on backtests and halts in one partition, until stop is called.
func (b *backtests) workHalting() (halted <-chan struct{}, stop func()) {
	b.t.Helper()
	work := b.admin.BacktestActivities(nil)
	events := &haltingEvents{BacktestEvents: work.Events, halted: make(chan struct{}, 100)}
	work.Events = events
	w := worker.NewBacktestWorker(b.instance.Temporal, work, nil)
	if err := w.Start(); err != nil {
		b.t.Fatal(err)
	}
	stop = sync.OnceFunc(w.Stop)
	b.t.Cleanup(stop)
	return events.halted, stop
}

func (b *backtests) awaitHalt(halted <-chan struct{}) {
	b.t.Helper()
	select {
	case <-halted:
	case <-b.ctx.Done():
		b.t.Fatal("nobody has come to the partition")
	}
}

// TestABacktestGoesOnElsewhere: a process that is stopped gives its partition back, and another one goes on.
func TestABacktestGoesOnElsewhere(t *testing.T) {
	t.Parallel()
	b := openBacktests(t)
	opts := b.options()
	want := b.runHere(opts)
	halted, stop := b.workHalting()
	b.begin("bt-1", opts)
	b.awaitHalt(halted)
	stop()
	b.work(nil)
	got := b.await("bt-1")
	b.compare(&want, &got)
	again := 0
	for _, event := range b.historyOf(workflows.BacktestID("bt-1"), "").Events {
		if event.GetActivityTaskStartedEventAttributes().GetAttempt() > 1 {
			again++
		}
	}
	if again == 0 {
		t.Error("no partition was begun anew")
	}
}

// TestABacktestIsCancelled: it ends at once, and so does what works on it.
func TestABacktestIsCancelled(t *testing.T) {
	t.Parallel()
	b := openBacktests(t)
	halted, stop := b.workHalting()
	b.begin("bt-1", b.options())
	b.awaitHalt(halted)
	if err := b.admin.CancelBacktest(b.ctx, "bt-1"); err != nil {
		t.Fatal(err)
	}
	if ended := b.await("bt-1"); ended.Status != admin.BackgroundCancelled || ended.Result != nil {
		t.Errorf("it ended as %+v", ended)
	}
	if status := b.describeID(workflows.BacktestID("bt-1")).GetWorkflowExecutionInfo().GetStatus(); status != enums.WORKFLOW_EXECUTION_STATUS_CANCELED {
		t.Errorf("Temporal says %s", status)
	}
	if err := b.admin.CancelBacktest(b.ctx, "bt-1"); !errors.Is(err, admin.ErrNoBacktest) {
		t.Errorf("cancelling it again: %v", err)
	}
	b.begin("bt-2", b.options()) // which needs the room of the partition that halted
	b.awaitHalt(halted)
	stop()
}

// TestNobodyWorksOnABacktest: it is said, and somebody who comes later finishes it.
func TestNobodyWorksOnABacktest(t *testing.T) {
	t.Parallel()
	b := openBacktests(t)
	b.begin("bt-1", b.options())
	found, err := b.admin.FindBacktest(b.ctx, "bt-1")
	if err != nil || !found.Unattended || !found.Live() {
		t.Errorf("found %+v, %v", found, err)
	}
	b.work(nil)
	if ended := b.await("bt-1"); ended.Status != admin.BackgroundDone {
		t.Errorf("it ended as %+v", ended)
	}
}
