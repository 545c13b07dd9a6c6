package workflows_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/temporal"

	"homeroom/activities"
	"homeroom/engine"
	"homeroom/workflows"
)

const day = 24 * time.Hour

// shelf keeps the states of those who have retired, in memory.
type shelf struct {
	mu     sync.Mutex
	kept   map[string]engine.State
	puts   int
	broken error  // what Put answers
	newer  bool   // what is there is newer
	during func() // what happens while Put is under way
}

func (s *shelf) Get(_ context.Context, learner string) (engine.State, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	state, found := s.kept[learner]
	return state, found, nil
}

func (s *shelf) Put(_ context.Context, learner string, state engine.State, _ time.Time) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.puts++
	if s.during != nil {
		s.during()
	}
	if s.broken != nil || s.newer {
		return false, s.broken
	}
	if s.kept == nil {
		s.kept = map[string]engine.State{}
	}
	s.kept[learner] = state
	return true, nil
}

// retiring lets learners retire to the shelf after so long.
func retiring(to *shelf, after time.Duration) func(*world, *activities.Options) {
	return func(w *world, o *activities.Options) {
		w.shelf = to
		o.Retired = to
		o.RetireAfter = after
	}
}

// ended says how a run ended: "retired", "continued" or "canceled".
func (w *world) ended() string {
	switch err := w.env.GetWorkflowError(); {
	case err == nil:
		return "retired"
	case strings.Contains(err.Error(), "continue as new"):
		return "continued"
	case temporal.IsCanceledError(err) || strings.Contains(err.Error(), "canceled"):
		return "canceled"
	default:
		return err.Error()
	}
}

func TestWhoRetires(t *testing.T) {
	live := func(over, held bool) func(*engine.Result) {
		return func(r *engine.Result) {
			r.State.Runs = []engine.Run{{ID: "r", Rule: "welcome", Revision: "rev1", Ended: over, Paused: held}}
		}
	}
	for _, tc := range []struct {
		name   string
		result func(*engine.Result)
		after  time.Duration
		want   string
	}{
		{"nothing is due", nil, day, "retired"},
		{"nothing is due, and they retire much later than they rest", nil, 30 * day, "continued"},
		{"nothing is due, and they retire before they rest", nil, time.Hour, "retired"},
		{"nobody retires here", nil, -1, "continued"},
		{"an inactivity rule will look in three weeks", func(r *engine.Result) { r.WakeAt = monday.Add(21 * day) }, day, "continued"},
		{"a run is held by a pause", live(false, true), day, "continued"},
		{"a run is over and its goal is watched for", live(true, false), day, "retired"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := &shelf{}
			w := newWorld(t, monday, retiring(s, tc.after))
			w.step = func(_ engine.Env, s engine.State, in []engine.Input, _ time.Time) engine.Result {
				s.Seq = in[len(in)-1].Event.Seq
				res := engine.Result{State: s}
				if tc.result != nil {
					tc.result(&res)
				}
				return res
			}
			w.at(0, func() { w.handOver(w.event("lesson.completed")) })
			w.until(2*day, first())
			if got := w.ended(); got != tc.want {
				t.Errorf("the run ended with %s, want %s", got, tc.want)
			}
			if got := s.kept[learner].Seq; (tc.want == "retired") != (got == 1) {
				t.Errorf("put away: what was known after event %d", got)
			}
		})
	}
}

// The whole circle with the real engine: a welcome once, retirement, and an event that would be welcomed again.
func TestTheNextEventGoesOnFromWhatWasPutAway(t *testing.T) {
	s := &shelf{}
	w := newWorld(t, monday, retiring(s, day))
	enrolled := w.event("enrollment.created", "course_id", "crs_go")
	w.at(0, func() { w.handOver(enrolled) })
	w.until(2*day, first())
	if w.ended() != "retired" || len(w.mails) != 1 {
		t.Fatalf("the run ended with %s after %v, want retired after one mail", w.ended(), w.mails)
	}
	var ended workflows.Ended
	if err := w.env.GetWorkflowResult(&ended); err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(ended.Details, "\n"); ended.Stage != workflows.StageRetired || !strings.HasPrefix(text, "**Retired**: ") || !strings.Contains(text, "*welcome*") || slices.Contains(ended.Details, "") {
		t.Errorf("at its end the run says %s:\n%s", ended.Stage, text)
	}

	w = newWorld(t, monday.Add(100*day), retiring(s, day))
	w.seq = 1
	again := w.event("enrollment.created", "course_id", "crs_go")
	w.at(0, func() { w.handOver(enrolled, again) }) // redelivered, and new
	w.until(time.Hour, first())
	equal(t, "mails", w.mails, nil) // the rule is once per course
	if st := w.state(); st.Seq != 2 || len(st.PastRuns) != 1 || len(st.Seen) != 16 {
		t.Errorf("after the revival: seq %d, %d starts, %d bytes of ids; want 2, 1, 16", st.Seq, len(st.PastRuns), len(st.Seen))
	}
}

func TestRetiringOutOfRest(t *testing.T) {
	s := &shelf{}
	w := newWorld(t, monday, retiring(s, 30*day))
	w.at(0, func() { w.handOver(w.event("lesson.completed")) })
	w.until(2*day, first())
	resting := continued(t, w)
	if !resting.Resting || resting.Retire != 29*day {
		t.Fatalf("resting %v, retires after %v; want true and 29 days", resting.Resting, resting.Retire)
	}
	w = newWorld(t, monday.Add(day), retiring(s, 30*day))
	w.until(40*day, resting)
	if w.ended() != "retired" || w.decides != 0 {
		t.Errorf("%s after %d decisions, want retired after none", w.ended(), w.decides)
	}
	equal(t, "timers", w.timers, []time.Duration{29 * day})
	if s.kept[learner].Seq != 1 {
		t.Errorf("put away: %+v", s.kept[learner])
	}
}

func TestAnEventWhileRetiringIsNotLost(t *testing.T) {
	s := &shelf{}
	w := newWorld(t, monday, retiring(s, day))
	w.at(0, func() { w.handOver(w.event("lesson.completed")) })
	s.during = func() {
		if s.puts == 1 {
			w.handOver(w.event("enrollment.created", "course_id", "crs_go"))
		}
	}
	w.until(3*day, first())
	if w.ended() != "retired" || s.puts != 2 || s.kept[learner].Seq != 2 {
		t.Errorf("%s after %d tries with event %d; want retired at the second with event 2", w.ended(), s.puts, s.kept[learner].Seq)
	}
	equal(t, "mails", w.mails, []string{"10:00 welcome"})
}

func TestWhoCannotRetireRests(t *testing.T) {
	for name, s := range map[string]*shelf{
		"the store is away":                 {broken: errors.New("nats: no responders available for request")},
		"what is put away already is newer": {newer: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, monday, retiring(s, day))
			w.at(0, func() { w.handOver(w.event("lesson.completed")) })
			w.until(3*day, first())
			if in := continued(t, w); !in.Resting || in.State.Seq != 1 || in.Retire != 0 {
				t.Errorf("continued with resting %v, event %d, retiring after %v; want true, 1, never", in.Resting, in.State.Seq, in.Retire)
			}
		})
	}
}

func TestNobodyRetiresWithDecisionsUntold(t *testing.T) {
	for _, tc := range []struct {
		name  string
		away  time.Duration // the stream of decisions, from when the learner wants to retire
		ended string
		told  []string
	}{
		{"the stream is away for a minute", time.Minute, "retired", []string{"10:00 welcome started"}},
		{"the stream refuses for good: they rest, with what is to be told", 2 * day, "continued", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t, monday, retiring(&shelf{}, time.Hour))
			w.deaf = true
			w.step = func(_ engine.Env, s engine.State, _ []engine.Input, now time.Time) engine.Result {
				return engine.Result{State: s, Decisions: []engine.Decision{{ID: "d1", At: now, Rule: "welcome", Kind: engine.KindStarted}}}
			}
			w.at(0, func() { w.handOver(w.event("lesson.completed")) })
			w.at(time.Hour+tc.away, func() { w.mu.Lock(); w.deaf = false; w.mu.Unlock() })
			w.until(3*day, first())
			equal(t, "decisions", w.log(), tc.told)
			if w.ended() != tc.ended {
				t.Fatalf("the run ended with %s, want %s", w.ended(), tc.ended)
			}
			if tc.ended == "continued" && len(continued(t, w).Unpublished) != 1 {
				t.Error("what is to be told was lost")
			}
		})
	}
}

func TestARetiredLearnerIsShownAsSuch(t *testing.T) {
	w := newWorld(t, monday, retiring(&shelf{}, day))
	var stages []string
	w.env.OnUpsertTypedSearchAttributes(mock.Anything).Run(func(args mock.Arguments) {
		stage, _ := args.Get(0).(temporal.SearchAttributes).GetKeyword(workflows.SearchStage)
		stages = append(stages, stage)
	}).Return(nil)
	w.at(0, func() { w.handOver(w.event("lesson.completed")) })
	w.until(2*day, first())
	if len(stages) == 0 || stages[len(stages)-1] != workflows.StageRetired {
		t.Errorf("stages: %v", stages)
	}
}
