package activities_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/testsuite"

	"homeroom/activities"
	"homeroom/engine"
	"homeroom/workflows"
)

// school has learners of two courses, and counts whose profile is read.
type school struct {
	facts
	ruleset  *engine.Ruleset
	learners int
	read     map[string]bool
}

// Current implements activities.Rulesets.
func (s *school) Current(context.Context) (*engine.Ruleset, error) { return s.ruleset, nil }

func (s *school) Plan(context.Context, uint64, int) ([]workflows.BroadcastRange, uint64, int, error) {
	return nil, 0, s.learners, nil
}

// Scan implements activities.AllStandings: the learners with an odd number are in the course.
func (s *school) Scan(_ context.Context, r workflows.BroadcastRange, each func(activities.ScannedStanding) error) error {
	rs := &engine.Ruleset{}
	for n := r.First; n <= r.Last; n++ {
		st := &engine.Standing{}
		if n%2 == 1 {
			st.Apply(&engine.Event{ID: "1", Name: engine.EventEnrolled, Time: noon, Properties: map[string]any{engine.KeyCourse: "go"}}, rs, noon)
		}
		if err := each(activities.ScannedStanding{Learner: fmt.Sprint("u", n), Standing: st, Sequence: n}); err != nil {
			return err
		}
	}
	return nil
}

func (s *school) Profile(_ context.Context, learner string) (engine.Profile, error) {
	s.read[learner] = true
	return engine.Profile{Reach: engine.ReachedBy(engine.ChannelEmail)}, nil
}

// TestADryRunCountsWhoIsHeldOut: of those whom a broadcast would reach, it counts who is in the rule's holdout, and reads no profile of anybody else.
func TestADryRunCountsWhoIsHeldOut(t *testing.T) {
	const learners = 400
	for _, transactional := range []bool{false, true} {
		rule := &engine.Rule{
			Name:    "announce",
			Holdout: 20,
			When:    engine.Trigger{Match: engine.Match{Event: engine.EventBroadcast}, Broadcast: true, Audience: &engine.Audience{}},
			Program: []engine.Instr{{Op: engine.OpSend, ID: "1", Send: &engine.SendStep{Message: "news", Channel: "email", Transactional: transactional}}},
		}
		s := &school{
			facts:    facts{now: noon},
			ruleset:  &engine.Ruleset{Hash: "h", Rules: []*engine.Rule{rule}},
			learners: learners,
			read:     map[string]bool{},
		}
		b := &activities.Broadcast{Standings: s, Profiles: s, Rulesets: s, Clock: s, Log: slog.New(slog.DiscardHandler)}
		env := (&testsuite.WorkflowTestSuite{}).NewTestActivityEnvironment()
		env.RegisterActivityWithOptions(b.Run, activity.RegisterOptions{Name: workflows.ActivityBroadcastPart})
		value, err := env.ExecuteActivity(workflows.ActivityBroadcastPart, workflows.BroadcastPartInput{
			Event: engine.Event{
				ID:         "e",
				Name:       engine.EventBroadcast,
				Time:       noon,
				Properties: map[string]any{engine.KeyBroadcastRule: "announce", engine.KeyCourse: "go"},
			},
			Range:  workflows.BroadcastRange{First: 1, Last: learners},
			DryRun: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		var got workflows.BroadcastPartResult
		if err := value.Get(&got); err != nil {
			t.Fatal(err)
		}
		held := got.Counts.Unwritable[string(engine.ReasonHoldout)]
		if got.Counts.Reached != learners/2 || got.Counts.LeftOut[string(engine.LeftOutCourse)] != learners/2 || len(s.read) != learners/2 {
			t.Errorf("counted %+v, and read %d profiles", got.Counts, len(s.read))
		}
		if transactional != (held == 0) || held > 70 {
			t.Errorf("transactional %v: %d are held out, of 200 and 20 percent", transactional, held)
		}
	}
}
