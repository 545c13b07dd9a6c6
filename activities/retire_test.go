package activities_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"homeroom/activities"
	"homeroom/engine"
	"homeroom/workflows"
)

// shelf holds one state.
type shelf struct {
	state engine.State
	found bool
	err   error
	put   engine.State
}

func (s *shelf) Get(context.Context, string) (engine.State, bool, error) {
	return s.state, s.found, s.err
}

func (s *shelf) Put(_ context.Context, _ string, state engine.State, _ time.Time) (bool, error) {
	s.put = state
	return s.err == nil, s.err
}

func TestWhereTheFirstDecisionGoesOnFrom(t *testing.T) {
	away := errors.New("nats: timeout")
	remembered := engine.State{Version: engine.StateVersion, Learner: "u_42", Seq: 7, Runs: []engine.Run{{Revision: "rev0", Ended: true}}}
	for _, tc := range []struct {
		name  string
		shelf *shelf
		state engine.State // of the workflow
		seq   uint64
		err   string
	}{
		{"a stranger", &shelf{}, engine.State{}, 0, ""},
		{"back from retirement", &shelf{state: remembered, found: true}, engine.State{}, 7, ""},
		{"never retired away from", &shelf{state: remembered, found: true}, engine.State{Version: 1, Learner: "u_42", Seq: 9}, 9, ""},
		{"the store is away: nobody is taken for a stranger", &shelf{err: away}, engine.State{}, 0, "nats: timeout"},
		{"put away by a newer Homeroom", &shelf{state: engine.State{Version: engine.StateVersion + 1}, found: true}, engine.State{}, 0, "deploy the newer worker again"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := &facts{now: noon}
			res, err := activities.NewDecide(activities.Options{
				Profiles:   f,
				Standings:  f,
				Rulesets:   f,
				Watermarks: f,
				Clock:      f,
				Retired:    tc.shelf,
				Step: func(env engine.Env, s engine.State, _ []engine.Input, _ time.Time) engine.Result {
					if len(s.Runs) > 0 && env.Revision("rev0") == nil {
						t.Error("the revision of a remembered run was not loaded")
					}
					return engine.Result{State: s}
				},
			}).Run(t.Context(), workflows.DecideInput{Learner: "u_42", State: tc.state})
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Errorf("error %v, want %q", err, tc.err)
				}
				return
			}
			if err != nil || res.State.Seq != tc.seq || res.State.Learner != "u_42" || res.State.Version != engine.StateVersion {
				t.Errorf("went on from %+v (%v), want event %d", res.State, err, tc.seq)
			}
		})
	}
}

func TestRetireSaysWhetherTheStateIsSafe(t *testing.T) {
	f := &facts{now: noon}
	in := workflows.RetireInput{Learner: "u_42", State: engine.State{Seq: 7}, At: noon}
	for _, tc := range []struct {
		name string
		to   activities.Retired
		kept bool
		err  bool
	}{
		{"put away", &shelf{}, true, false},
		{"the store is away", &shelf{err: errors.New("nats: timeout")}, false, true},
		{"this worker keeps nobody", nil, false, false},
	} {
		kept, err := activities.NewDecide(activities.Options{Profiles: f, Standings: f, Rulesets: f, Watermarks: f, Clock: f, Retired: tc.to}).Retire(t.Context(), in)
		if kept != tc.kept || (err != nil) != tc.err {
			t.Errorf("%s: kept %v, error %v", tc.name, kept, err)
		}
		if s, ok := tc.to.(*shelf); ok && s.put.Seq != 7 {
			t.Errorf("%s: put %+v", tc.name, s.put)
		}
	}
}
