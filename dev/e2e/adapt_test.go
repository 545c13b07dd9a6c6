package e2e

import (
	"fmt"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"homeroom/dev/harness"
	"homeroom/dev/instance"
	"homeroom/engine"
	"homeroom/store"
	"homeroom/workflows"
)

// TestASplitAdapts: learners in one arm reach the goal and those in the other never do. The scheduled workflow finds it out, learners who come later are drawn by
// the new weights, and one who has an arm keeps it.
func TestASplitAdapts(t *testing.T) {
	t.Parallel()
	w := open(t, harness.Academy(t, map[string]string{"rules/retry.yaml": `rule: retry
when: {event: assessment.graded, if: event.passed == false}
per: assessment_id
goal: {event: assessment.retried, within: 6h}
do:
  - split: tone
    adapt: {goal: true, floor: 10%}
    arms:
      none:
      warm: {do: [{send: nudge}]}
`}), instance.Options{Clock: faster()})
	const first = 40
	for n := range first {
		w.publish(fmt.Sprintf("first%d", n), "assessment.graded", failedQuiz("q1"))
	}
	assigned := w.wait(first, of("", engine.KindAssigned))
	ofNone := ""
	warm := 0
	for _, d := range assigned {
		if d.Exposure.WeightsVersion != 0 || d.Exposure.Arms[1].Percent != 50 {
			t.Fatalf("drawn by %+v before anything is known", d.Exposure)
		}
		if d.Arm == "tone=none" {
			ofNone = d.Learner
			continue
		}
		warm++
		w.publish(d.Learner, "assessment.retried", map[string]any{"assessment_id": "q1", "attempt_number": 2})
	}
	w.wait(warm, of("", engine.KindConverted))
	if ofNone == "" || warm < 5 {
		t.Fatalf("%d of %d learners are in one arm", warm, first)
	}

	last := assigned[0].At
	for _, d := range assigned {
		if d.At.After(last) {
			last = d.At
		}
	}
	harness.Eventually(t, w.ctx, "the time for the goal is over", func() error {
		if left := last.Add(6 * time.Hour).Sub(w.instance.Clock.Now()); left >= 0 {
			return fmt.Errorf("%s are left", left)
		}
		return nil
	})
	schedule := w.instance.Temporal.ScheduleClient().GetHandle(w.ctx, workflows.AdaptSchedule)
	if err := schedule.Trigger(w.ctx, client.ScheduleTriggerOptions{}); err != nil {
		t.Fatal(err)
	}
	var newest store.WeightsVersion
	harness.Eventually(t, w.ctx, "the weights follow the outcomes", func() error {
		versions, err := w.instance.App.Store().Weights.History(w.ctx, "retry", "tone")
		if err != nil || len(versions) == 0 {
			return fmt.Errorf("%d versions, %v", len(versions), err)
		}
		newest = versions[len(versions)-1]
		if newest.Arms[0].People+newest.Arms[1].People < first {
			return fmt.Errorf("known so far: %+v", newest)
		}
		return nil
	})
	if arm := newest.Arms[1]; arm.Arm != "warm" || arm.People != warm || arm.Reached != warm || arm.Percent < 89.9 {
		t.Errorf("the newest weights are %+v", newest)
	}

	w.publish("second", "assessment.graded", failedQuiz("q1"))
	w.publish(ofNone, "assessment.graded", failedQuiz("q2"))
	if d := w.wait(1, of("second", engine.KindAssigned))[0]; d.Exposure.WeightsVersion < newest.Version || d.Exposure.Arms[1].Percent < 89.9 {
		t.Errorf("a learner who comes later is drawn by %+v", d.Exposure)
	}
	if d := w.wait(2, of(ofNone, engine.KindAssigned))[1]; d.Arm != "tone=none" || d.Exposure.WeightsVersion != 0 || d.Exposure.Arms[1].Percent != 50 {
		t.Errorf("a learner who has an arm is now in %s, %+v", d.Arm, d.Exposure)
	}
}
