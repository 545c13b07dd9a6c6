package e2e

import (
	"flag"
	"slices"
	"strconv"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"

	"homeroom/dev/harness"
	"homeroom/dev/instance"
	"homeroom/engine"
	"homeroom/internal/standin"
)

var record = flag.Bool("record", false, "write the histories to workflows/testdata/histories, where the replay test reads them")

// TestRecordHistories lives through what a learner's workflow can live through and replays every run of it at once. With
// -record it keeps the runs for the replay test of package workflows: do that for each released shape of the workflow.
func TestRecordHistories(t *testing.T) {
	t.Parallel()
	// Ten minutes of Homeroom's time take a second.
	w := open(t, harness.Academy(t, map[string]string{
		"rules/wait.yaml": `rule: wait
when: {event: assessment.graded, if: event.passed == false}
per: assessment_id
again: always
do:
  - wait: 10m
  - send: nudge
`,
		"rules/at-once.yaml": `rule: at-once
when: {event: course.completed}
per: course_id
do: [send: nudge]
`,
		"rules/wait-for.yaml": `rule: wait-for
when: {event: certificate.earned}
per: certificate_id
do:
  - send: nudge
  - wait_for: {event: certificate.shared, within: 30d}
    then: [stop: shared]
    otherwise: [send: nudge]
`}), instance.Options{Clock: faster(), RestAfter: 40 * time.Minute})
	earned := map[string]any{"course_id": "c1", "certificate_id": "cert1", "credential_type": "completion"}
	stories := []struct {
		name string
		tell func(w *world, learner string)
		runs []string // what each run of the workflow is kept as, the first one first
	}{
		{"a wait, awake", func(w *world, learner string) {
			w.publish(learner, "assessment.graded", failedQuiz("q1"))
			w.wait(1, of(learner, engine.KindSent))
		}, []string{"full-stack-wait"}},
		{"a wait_for that its event takes", func(w *world, learner string) {
			w.publish(learner, "certificate.earned", earned)
			w.wait(1, of(learner, engine.KindSent))
			w.publish(learner, "certificate.shared", map[string]any{"certificate_id": "cert1", "share_platform": "linkedin", "share_method": "profile"})
			w.wait(1, because(learner, engine.KindExited, engine.ReasonStop))
		}, []string{"full-stack-wait-for"}},
		{"a wait beside the timer for resting", func(w *world, learner string) {
			w.publish(learner, "course.completed", map[string]any{"course_id": "c1"})
			w.wait(1, of(learner, engine.KindSent))
			w.publish(learner, "assessment.graded", failedQuiz("q1"))
			w.wait(2, of(learner, engine.KindSent))
		}, []string{"full-stack-two-timers"}},
		{"a delivery put off by the provider", func(w *world, learner string) {
			reset := time.Now().Add(90 * time.Second).Unix()
			w.stack.Mail.Fail(standin.Fault{Status: 429, Headers: map[string]string{"X-RateLimit-Reset": strconv.FormatInt(reset, 10)}})
			w.publish(learner, "course.completed", map[string]any{"course_id": "c1"})
			w.wait(1, because(learner, engine.KindDeferred, engine.ReasonProvider))
			w.wait(1, of(learner, engine.KindSent))
		}, []string{"full-stack-put-off"}},
		{"rest, and the event that ends it", func(w *world, learner string) {
			w.publish(learner, "assessment.graded", failedQuiz("q1"))
			w.wait(1, of(learner, engine.KindSent))
			first := w.describe(learner, "").WorkflowExecutionInfo.Execution.RunId
			harness.Eventually(t, w.ctx, learner+" rests", func() error {
				if w.describe(learner, "").WorkflowExecutionInfo.Execution.RunId == first {
					return errNotYet
				}
				return nil
			})
			w.publish(learner, "assessment.graded", failedQuiz("q2"))
			w.wait(2, of(learner, engine.KindSent))
		}, []string{"full-stack-rests", "full-stack-wakes"}},
	}
	for i, story := range stories {
		t.Run(story.name, func(t *testing.T) {
			w := w.in(t)
			learner := "learner-" + string(rune('a'+i))
			story.tell(w, learner)
			done(t, w.ctx, w.instance, learner)
			runs := w.lives(learner)
			if len(runs) < len(story.runs) {
				t.Fatalf("%d runs, want %d", len(runs), len(story.runs))
			}
			for n, history := range runs {
				if err := harness.ReplayHistory(history); err != nil {
					t.Errorf("run %d does not replay: %v", n+1, err)
				}
				if *record && n < len(story.runs) {
					harness.KeepHistory(t, story.runs[n], history)
				}
			}
		})
	}
}

// lives reads the runs of a learner, the first one first, once nothing is going on.
func (w *world) lives(learner string) []*historypb.History {
	w.t.Helper()
	harness.Eventually(w.t, w.ctx, learner+" sleeps", func() error {
		if d := w.describe(learner, ""); d.PendingWorkflowTask != nil || len(d.PendingActivities) > 0 {
			return errNotYet
		}
		return nil
	})
	var runs []*historypb.History
	for run := w.describe(learner, "").WorkflowExecutionInfo.Execution.RunId; run != ""; {
		history := w.history(learner, run)
		runs = append(runs, history)
		run = history.Events[0].GetWorkflowExecutionStartedEventAttributes().GetContinuedExecutionRunId()
	}
	slices.Reverse(runs)
	for _, run := range runs[:len(runs)-1] {
		if last := run.Events[len(run.Events)-1].EventType; last != enums.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW {
			w.t.Errorf("a run of %s ended with %s", learner, last)
		}
	}
	return runs
}
