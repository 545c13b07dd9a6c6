package simulate_test

import (
	"testing"
	"time"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/simulate"
)

// never is a condition that does not hold.
type never struct{}

func (never) Eval(*engine.Vars) (any, error) { return false, nil }
func (never) Source() string                 { return "never" }

// TestABroadcastIsTraced: the tracer says of an event that concerns many whether it concerned the learner, and if not, why; only if it did is the rule's trigger met.
func TestABroadcastIsTraced(t *testing.T) {
	began := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name   string
		course string // that the learner takes; empty: nothing is known of them
		extra  engine.Expr
		left   engine.LeftOut
		later  bool
		seen   int
	}{
		{"in the course", "go", nil, "", false, 1},
		{"in another course", "sql", nil, engine.LeftOutCourse, false, 0},
		{"one more condition", "go", never{}, engine.LeftOutCondition, false, 0},
		{"nobody yet", "", nil, "", true, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rs := ruleset()
			rs.Rules = []*engine.Rule{{
				Name:    "new-lesson",
				When:    engine.Trigger{Match: engine.Match{Event: "content.published"}, Audience: &engine.Audience{}},
				Program: []engine.Instr{{Op: engine.OpStop, ID: "1", Reason: "done"}},
			}}
			tracer := simulate.NewTracer(simulate.HostOptions{Learner: "a", Ruleset: rs, AssumeReachable: true})
			if tc.course != "" {
				enrolled := catalog.Decoded{Event: engine.Event{ID: "1", Name: "enrollment.created", Learner: "a", Time: began, Properties: map[string]any{"course_id": tc.course}}}
				if err := tracer.Event(&enrolled); err != nil {
					t.Fatal(err)
				}
			}
			lesson := engine.Event{ID: "2", Name: "content.published", Time: began.Add(time.Hour), Properties: map[string]any{"content_id": "l1", "course_id": "go"}}
			if err := tracer.Broadcast(&lesson, tc.extra); err != nil {
				t.Fatal(err)
			}
			traces, err := tracer.Finish(began.Add(2 * time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			got := traces[0]
			if got.Broadcast == nil || got.Broadcast.ID != "2" || got.Broadcast.Left != tc.left || got.Broadcast.Later != tc.later || got.Seen != tc.seen {
				t.Errorf("traced %+v, seen %d", got.Broadcast, got.Seen)
			}
			if lesson.Learner != "" || lesson.Broadcast {
				t.Error("the event was changed, and other learners get it too")
			}
		})
	}
}
