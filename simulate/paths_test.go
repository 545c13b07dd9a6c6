package simulate_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"homeroom/engine"
	"homeroom/simulate"
)

// nextUnit cannot be evaluated, and says in its error what comes next.
type nextUnit struct{}

func (nextUnit) Eval(v *engine.Vars) (any, error) {
	if v.Course == nil || v.Course.Next == nil {
		return nil, errors.New("no course")
	}
	step, known := v.Course.Next()
	return nil, fmt.Errorf("next is %q, %v", step.ID, known)
}

func (nextUnit) Source() string { return "course.next.id" }

// TestNextDoesNotDependOnWorkers simulates learners who go on in many ways: what comes next for each is the same however many goroutines decide, and counts only
// what had happened before.
func TestNextDoesNotDependOnWorkers(t *testing.T) {
	rs := ruleset()
	rs.Paths = true
	rs.Courses = map[string]engine.CourseInfo{"c": {Title: "C"}}
	rs.Keys["lesson.started"] = []string{"lesson_id", "course_id"}
	send := &engine.SendStep{Message: "m", Channel: "email", With: []engine.Binding{{Name: "next", Expr: nextUnit{}}}}
	rs.Rules = []*engine.Rule{{
		Name:  "quiz",
		When:  engine.Trigger{Match: engine.Match{Event: "assessment.graded"}},
		Per:   []string{"course_id"},
		Again: engine.Again{Always: true},
		Program: []engine.Instr{
			{Op: engine.OpWait, ID: "1", Dur: 30 * time.Minute},
			{Op: engine.OpSend, ID: "2", Send: send},
		},
	}}
	rs.Settings.Caps = nil
	random := rand.New(rand.NewPCG(7, 8))
	var events strings.Builder
	at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	for n := range 4000 {
		at = at.Add(time.Duration(random.IntN(40)) * time.Second)
		learner := fmt.Sprintf("u%d", n/8+random.IntN(8))
		event := "lesson.started"
		properties := fmt.Sprintf(`"course_id":"c","lesson_id":"l%d"`, min(random.IntN(10), random.IntN(10)))
		switch random.IntN(6) {
		case 0:
			event = "assessment.graded"
			properties = `"course_id":"c","assessment_id":"a"`
		case 1:
			event = "enrollment.created"
			properties = `"course_id":"c"`
		}
		events.WriteString(line(fmt.Sprint(n), learner, event, at.Format(time.RFC3339), properties))
	}
	var first string
	for _, workers := range []int{1, 2, 7} {
		var sent strings.Builder
		watched := *rs
		res, err := simulate.Run(context.Background(), strings.NewReader(events.String()), simulate.Options{
			Ruleset:         &watched,
			Decoder:         jsonDecoder{},
			AssumeReachable: true,
			Workers:         workers,
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range res.Decisions {
			fmt.Fprintln(&sent, d.Learner, d.At, d.Kind, d.Message, d.Detail)
		}
		if first == "" {
			first = sent.String()
		}
		if sent.String() != first {
			t.Errorf("%d workers decide otherwise", workers)
		}
	}
	for _, want := range []string{`next is "", false`, `next is "lesson_id=l0", true`, `next is "lesson_id=l1", true`} {
		if !strings.Contains(first, want) {
			t.Errorf("nobody is told: %s", want)
		}
	}
}
