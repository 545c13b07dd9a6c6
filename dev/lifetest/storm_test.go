package lifetest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"

	"homeroom/dev/harness"
	"homeroom/engine"
	"homeroom/internal/clock"
)

// count is a step that keeps book, in the state itself: how many events it was told, and what came out of order. Only what
// Temporal has recorded counts there, so what is in the newest state at the end happened exactly once.
func count(_ engine.Env, s engine.State, in []engine.Input, now time.Time) engine.Result {
	var n int
	var wrong string
	if len(s.Recent) > 0 {
		_, _ = fmt.Sscanf(s.Recent[0].Detail, "%d", &n)
		wrong = s.Recent[0].Scope
	}
	for _, i := range in {
		if i.Event == nil {
			continue
		}
		if n++; i.Event.Seq != s.Seq+1 && wrong == "" {
			wrong = fmt.Sprintf("event %d came after %d", i.Event.Seq, s.Seq)
		}
		s.Seq = i.Event.Seq
	}
	s.Clock = now
	s.Recent = []engine.Decision{{Detail: fmt.Sprint(n), Scope: wrong}}
	return engine.Result{State: s}
}

// TestAStormOfEvents: thousands of events come while runs continue as new, retire and are started again, and each is applied
// exactly once and in order.
func TestAStormOfEvents(t *testing.T) {
	const learners, events = 3, 1000
	atOnce := soon(nil)
	often := soon(map[string]any{"limit.historyCount.suggestContinueAsNew": 60})
	const continued, completed = enums.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW, enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED
	for _, tc := range []struct {
		name         string
		temporal     map[string]any
		rest, retire time.Duration
		ends         enums.EventType // how most runs end
	}{
		{"their histories are full again and again", often, -1, -1, continued},
		{"they rest at the first pause", atOnce, 2 * time.Millisecond, -1, continued},
		{"they retire at the first pause", atOnce, -1, 2 * time.Millisecond, completed},
		{"everything at once", often, 2 * time.Millisecond, 4 * time.Millisecond, completed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := open(t, options{temporal: tc.temporal, rest: tc.rest, retire: tc.retire, step: count})
			var storm sync.WaitGroup
			for l := range learners {
				learner := fmt.Sprintf("u_%d", l)
				storm.Go(func() {
					random := rand.New(rand.NewPCG(1, uint64(l)))
					for seq := 1; seq <= events; {
						n := min(1+random.IntN(4), events-seq+1)
						batch := make([]engine.Event, n)
						for i := range batch {
							batch[i] = h.event(learner, "lesson.completed", seq+i, nil)
						}
						h.handOver(learner, batch...)
						seq += n
						switch random.IntN(10) {
						case 0:
							_ = clock.Sleep(h.ctx, time.Duration(random.IntN(10))*time.Millisecond)
						case 1:
							_ = clock.Sleep(h.ctx, time.Duration(random.IntN(100))*time.Millisecond)
						}
						if random.IntN(20) == 0 { // a pause that is one on a slow machine as well
							h.eventually(learner+" keeps up", func() error { return h.heard(learner, seq-1) })
							_ = clock.Sleep(h.ctx, 50*time.Millisecond)
						}
					}
				})
			}
			storm.Wait()
			for l := range learners {
				learner := fmt.Sprintf("u_%d", l)
				h.eventually("all events of "+learner, func() error { return h.heard(learner, events) })
				state, err := harness.QueryState(h.ctx, h.temporal, learner)
				if err != nil {
					t.Fatal(err)
				}
				if got := state.Recent[0]; got.Detail != fmt.Sprint(events) || got.Scope != "" {
					t.Errorf("%s was told %s of %d events; %s", learner, got.Detail, events, got.Scope)
				}
			}
			ends := map[enums.EventType]int{}
			refused := 0
			largest := 0
			for l := range learners {
				for _, run := range h.runs(fmt.Sprintf("u_%d", l)) {
					largest = max(largest, len(run.Events))
					ends[run.Events[len(run.Events)-1].EventType]++
					refused += refusals(run)
				}
			}
			if ends[tc.ends] < 10 {
				t.Errorf("the runs ended with %v, want at least 10 with %s", ends, tc.ends)
			}
			t.Logf("%d events: %d runs continued as new, %d retired; the server refused an end %d times because an event had come; largest history %d",
				learners*events, ends[continued], ends[completed], refused, largest)
		})
	}
}

// TestAStormOfMessages: the same with the real engine. Each enrollment is welcomed once, whatever the run does meanwhile.
func TestAStormOfMessages(t *testing.T) {
	const courses = 120
	h := open(t, options{
		temporal: soon(map[string]any{"limit.historyCount.suggestContinueAsNew": 60}),
		rest:     2 * time.Millisecond,
		retire:   4 * time.Millisecond,
	})
	random := rand.New(rand.NewPCG(1, 2))
	for n := range courses {
		h.handOver("ada", h.enrolled("ada", n+1, fmt.Sprint("crs_", n)))
		if random.IntN(6) == 0 {
			_ = clock.Sleep(h.ctx, time.Duration(random.IntN(150))*time.Millisecond)
		}
	}
	h.retires("ada")
	h.eventually("everything is told", func() error {
		if n := len(h.decisionsOf(engine.KindSent)); n < courses {
			return fmt.Errorf("%d of %d", n, courses)
		}
		return nil
	})
	scopes := map[string]bool{}
	for _, d := range h.decisionsOf(engine.KindSent) {
		scopes[d.Scope] = true
	}
	if len(scopes) != courses || len(h.decisionsOf(engine.KindSent)) != courses || len(h.sent()) != courses {
		t.Errorf("%d mails and %d decisions about %d courses, want %d of each", len(h.sent()), len(h.decisionsOf(engine.KindSent)), len(scopes), courses)
	}
	bill := account(h.runs("ada"))
	if bill.runs < 4 {
		t.Errorf("%d runs, want a few", bill.runs)
	}
	t.Logf("%+v", bill)
}

// soon are settings of Temporal with which a run may be started again at once, which takes a second otherwise, and timers
// ring when they are due, not up to a second later.
func soon(more map[string]any) map[string]any {
	settings := map[string]any{
		"history.workflowIdReuseMinimalInterval": time.Duration(0),
		"history.timerProcessorMaxTimeShift":     time.Millisecond,
	}
	maps.Copy(settings, more)
	return settings
}

// refusals counts the workflow tasks that wanted to end the run when an event had come.
func refusals(run *historypb.History) int {
	n := 0
	for _, event := range run.Events {
		if f := event.GetWorkflowTaskFailedEventAttributes(); f != nil && strings.Contains(f.Cause.String(), "UnhandledCommand") {
			n++
		}
	}
	return n
}
