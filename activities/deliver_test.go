package activities_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"go.temporal.io/sdk/testsuite"

	"homeroom/activities"
	"homeroom/delivery"
	"homeroom/engine"
	"homeroom/workflows"
)

type provider struct {
	outcome engine.Outcome
	err     error
	gaveUp  engine.Outcome
}

func (p provider) Deliver(context.Context, engine.Send) (engine.Outcome, error) {
	return p.outcome, p.err
}

func (p provider) GiveUp(context.Context, engine.Send) (engine.Outcome, error) { return p.gaveUp, nil }

type stream struct {
	kinds []engine.Kind
	ids   []string
	err   error
}

func (s *stream) Publish(_ context.Context, decisions []engine.Decision) error {
	if s.err != nil {
		return s.err
	}
	for _, d := range decisions {
		s.kinds = append(s.kinds, d.Kind)
		s.ids = append(s.ids, d.ID)
	}
	return nil
}

func TestDeliver(t *testing.T) {
	send := engine.Send{ID: "s1", Learner: "u_42", Rule: "welcome", Message: "welcome"}
	started := []engine.Decision{{ID: "d1", Kind: engine.KindStarted}}
	for _, tc := range []struct {
		name      string
		status    engine.OutcomeStatus
		err, away error // of the provider and the decision stream
		want      []engine.Kind
		published int
	}{
		{"accepted: the decision goes out with what led to it", engine.OutcomeAccepted, nil, nil, []engine.Kind{"started", "sent"}, 2},
		{"uncertain", engine.OutcomeUncertain, nil, nil, []engine.Kind{"started", "uncertain"}, 2},
		{"failed", engine.OutcomeFailed, nil, nil, []engine.Kind{"started", "failed"}, 2},
		{"later: the engine says what that means", engine.OutcomeRetry, nil, nil, []engine.Kind{"started"}, 1},
		{"canceled: the engine says what that means", engine.OutcomeCancelled, nil, nil, []engine.Kind{"started"}, 1},
		{"given up before it began", engine.OutcomeCancelled, fmt.Errorf("%w: %w", delivery.ErrNotBegun, context.Canceled), nil, []engine.Kind{"started"}, 1},
		{"the decision stream is away: the outcome counts", engine.OutcomeAccepted, nil, errors.New("nats: timeout"), nil, 0},
		{"no answer: nothing is told", "", errors.New("ledger away"), nil, nil, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			told := &stream{err: tc.away}
			d := &activities.Deliver{Deliverer: provider{outcome: engine.Outcome{SendID: "s1", Status: tc.status}, err: tc.err}, Decisions: told}
			suite := new(testsuite.WorkflowTestSuite).NewTestActivityEnvironment()
			suite.RegisterActivity(d.Run)
			value, err := suite.ExecuteActivity(d.Run, workflows.DeliverInput{Send: send, Decisions: started})
			if (err != nil) != (tc.status == "") {
				t.Fatalf("error %v, want one: %v", err, tc.status == "")
			}
			var got workflows.Delivered
			if err == nil {
				if err := value.Get(&got); err != nil {
					t.Fatal(err)
				}
			}
			if !slices.Equal(told.kinds, tc.want) || len(got.Published) != tc.published || got.Outcome.Status != tc.status {
				t.Errorf("told %v, published %v, outcome %q; want %v, %d, %q", told.kinds, got.Published, got.Outcome.Status, tc.want, tc.published, tc.status)
			}
		})
	}
}

func TestReport(t *testing.T) {
	told := &stream{}
	if err := (&activities.PublishDecisions{Decisions: told}).Run(t.Context(), workflows.PublishInput{Decisions: []engine.Decision{{Kind: engine.KindExited}}}); err != nil || len(told.kinds) != 1 {
		t.Errorf("told %v, error %v", told.kinds, err)
	}
	told.err = errors.New("nats: timeout")
	if err := (&activities.PublishDecisions{Decisions: told}).Run(t.Context(), workflows.PublishInput{}); !errors.Is(err, told.err) {
		t.Errorf("error %v, want one that Temporal tries again", err)
	}
}

// TestASendThatIsGivenUpIsOnlyAskedAfter: what the ledger says is told like an answer, and nothing is delivered.
func TestASendThatIsGivenUpIsOnlyAskedAfter(t *testing.T) {
	told := &stream{}
	d := &activities.Deliver{Decisions: told, Deliverer: provider{err: errors.New("delivered"), gaveUp: engine.Outcome{SendID: "s1", Status: engine.OutcomeAccepted}}}
	suite := new(testsuite.WorkflowTestSuite).NewTestActivityEnvironment()
	suite.RegisterActivity(d.GiveUp)
	value, err := suite.ExecuteActivity(d.GiveUp, workflows.DeliverInput{Send: engine.Send{ID: "s1", Learner: "u_42", Rule: "welcome"}})
	if err != nil {
		t.Fatal(err)
	}
	var got workflows.Delivered
	if err := value.Get(&got); err != nil || got.Outcome.Status != engine.OutcomeAccepted || !slices.Equal(told.kinds, []engine.Kind{"sent"}) {
		t.Errorf("outcome %+v, %v; told %v", got.Outcome, err, told.kinds)
	}
}
