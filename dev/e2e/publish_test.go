package e2e

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"homeroom/app"
	"homeroom/dev/harness"
	"homeroom/dev/instance"
	"homeroom/engine"
	publication "homeroom/publish"
	"homeroom/rules"
	"homeroom/store"
	"homeroom/workflows"
)

// retrying is an academy with a rule that sends a message an hour after a failed quiz, and one that never changes.
func retrying(t *testing.T, wait, message string) *rules.Academy {
	return harness.Academy(t, map[string]string{
		"rules/retry.yaml": fmt.Sprintf(`rule: retry
when: {event: assessment.graded, if: event.passed == false}
per: assessment_id
do:
  - {id: pause, %s}
  - {id: mail, send: %s}
`, wait, message),
		"rules/steady.yaml": `rule: steady
when: {event: assessment.graded, if: event.passed == false}
per: assessment_id
do:
  - wait: 1h
  - send: nudge
`,
		"messages/first.md":  "---\nsubject: First\n---\nHi.\n",
		"messages/second.md": "---\nsubject: Second\n---\nHi.\n",
		"messages/third.md":  "---\nsubject: Third\n---\nHi.\n",
	})
}

// put publishes as `homeroom rules publish` does, and sweeps.
func (w *world) put(a *rules.Academy, mode engine.RunPolicy) publication.SweepCounts {
	w.t.Helper()
	p := w.instance.Publisher()
	plan, err := p.Prepare(w.ctx, a, mode)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := p.Publish(w.ctx, plan, "ada", "a test"); err != nil {
		w.t.Fatal(err)
	}
	swept, err := p.Sweep(w.ctx, plan)
	if err != nil {
		w.t.Fatal(err)
	}
	if got := w.instance.App.Swap(); got.Ruleset != a.Ruleset.Hash || got.Outcome != store.SwapDone || got.At.IsZero() {
		w.t.Errorf("the last swap was %+v, want %s done", got, a.Ruleset.Hash)
	}
	return swept
}

// fails publishes a failed quiz and waits until the run has started.
func (w *world) fails(learner string) {
	w.t.Helper()
	w.publish(learner, "assessment.graded", failedQuiz("q1"))
	harness.Eventually(w.t, w.ctx, learner+" waits", func() error {
		if st, err := w.state(learner); err != nil || len(st.Runs) != 2 {
			return fmt.Errorf("%d runs, %v", len(st.Runs), err)
		}
		return nil
	})
}

// rule matches a learner's decisions of a rule and a kind.
func rule(learner, rule string, kind engine.Kind) func(engine.Decision) bool {
	return func(d engine.Decision) bool { return of(learner, kind)(d) && d.Rule == rule }
}

// TestPublishingDuringAWait: what becomes of a learner who waits in a rule that changes is what the publisher said.
func TestPublishingDuringAWait(t *testing.T) {
	t.Parallel()
	w := open(t, retrying(t, "wait: 1h", "first"), instance.Options{Clock: faster()})
	sent := func(learner, message string) {
		t.Helper()
		d := w.wait(1, rule(learner, "retry", engine.KindSent))[0]
		if d.Message != message {
			t.Errorf("%s got %s, want %s", learner, d.Message, message)
		}
		w.wait(1, rule(learner, "steady", engine.KindSent))
	}

	w.fails("fay")
	if swept := w.put(retrying(t, "wait: 1h", "second"), engine.RunPolicyFinish); swept.Signaled() != 0 {
		t.Errorf("finish told %d learners, want none", swept.Signaled())
	}
	w.fails("gus")
	sent("fay", "first") // ends as it began
	sent("gus", "second")

	w.fails("max")
	w.put(retrying(t, "wait: 1h", "third"), engine.RunPolicyMigrate)
	sent("max", "third") // the step with the same id, in the new revision

	w.fails("mia")
	w.put(retrying(t, `wait_until: "09:00"`, "third"), engine.RunPolicyMigrate) // still a wait of the same name
	if st, err := w.state("mia"); err != nil || len(st.Runs) != 2 {
		t.Errorf("mia has %d runs (%v), want both moved", len(st.Runs), err)
	}
	w.put(retrying(t, "if: trigger.score_pct > 90.0, then: [{send: first}]", "third"), engine.RunPolicyMigrate)
	w.wait(1, because("mia", engine.KindExited, engine.ReasonMigratedAway))

	w.put(retrying(t, "wait: 1h", "first"), engine.RunPolicyFinish)
	w.fails("cam")
	w.put(retrying(t, "wait: 1h", "second"), engine.RunPolicyCancel)
	w.wait(1, because("cam", engine.KindExited, engine.ReasonWithdrawn))
	w.wait(1, rule("cam", "steady", engine.KindSent)) // this rule has not changed
	if got := w.heard.all(rule("cam", "retry", engine.KindSent)); len(got) != 0 {
		t.Errorf("cam got %s of a canceled run", got[0].Message)
	}
}

// TestPublishingReachesSleepers: a new inactivity rule fires for a learner who was asleep when it was published, and for
// one in whom no rule had been interested before.
func TestPublishingReachesSleepers(t *testing.T) {
	t.Parallel()
	welcome := `rule: welcome
when: {event: enrollment.created, if: event.enrollment_type == "paid"}
do: [send: nudge]
`
	held := `rule: held
when: {event: lesson.completed}
do: [send: nudge]
`
	w := open(t, harness.Academy(t, map[string]string{"rules/welcome.yaml": welcome, "rules/held.yaml": held + "paused: true\n"}),
		instance.Options{Clock: faster(), RestAfter: 10 * time.Minute, RetireAfter: -1})
	w.publish("eve", "lesson.completed", map[string]any{"course_id": "crs_go", "lesson_id": "l1"})
	w.wait(1, because("eve", engine.KindDeferred, engine.ReasonPaused))
	w.publish("ada", "enrollment.created", map[string]any{"course_id": "crs_go", "enrollment_type": "paid"})
	w.publish("bob", "enrollment.created", map[string]any{"course_id": "crs_go", "enrollment_type": "free"})
	w.wait(1, of("ada", engine.KindSent))
	harness.Eventually(t, w.ctx, "ada rests and bob is known", func() error {
		if stats := w.instance.App.Stats(); stats.Unneeded < 1 {
			return errNotYet
		}
		stage := w.describe("ada", "").WorkflowExecutionInfo.SearchAttributes.IndexedFields[workflows.SearchStage.GetName()]
		if string(stage.GetData()) != `"`+workflows.StageResting+`"` {
			return fmt.Errorf("ada is %s", stage.GetData())
		}
		return nil
	})
	if _, err := w.state("bob"); err == nil {
		t.Error("bob has a workflow before any rule wants him")
	}

	swept := w.put(harness.Academy(t, map[string]string{
		"rules/welcome.yaml": welcome, "rules/held.yaml": held,
		"rules/quiet.yaml": `rule: quiet
when: {inactive: 90m, in: course}
do: [send: nudge]
`}), engine.RunPolicyFinish)
	if swept.Woken != 2 || swept.LiveRuns != 1 {
		t.Errorf("%+v learners were swept, want two woken and one with a run that is held no longer", swept)
	}
	w.wait(1, rule("eve", "held", engine.KindSent))
	for _, learner := range []string{"ada", "bob"} {
		w.wait(1, rule(learner, "quiet", engine.KindSent))
	}
}

// TestABrokenRevisionStaysOut: what does not compile never becomes current, however it came to be published.
func TestABrokenRevisionStaysOut(t *testing.T) {
	t.Parallel()
	w := open(t, retrying(t, "wait: 1s", "first"), instance.Options{})
	st := w.instance.App.Store()
	good := w.instance.App.Swap().Ruleset
	p := w.instance.Publisher()
	next := retrying(t, "wait: 1s", "second")

	// An instance of another version, which cannot read the new folder, keeps it from being published.
	other := store.Instance{Name: "other", Running: good, Refused: map[string]string{next.Ruleset.Hash: "unknown key"}}
	if err := st.Control.PublishInstance(w.ctx, other); err != nil {
		t.Fatal(err)
	}
	plan, err := p.Prepare(w.ctx, next, engine.RunPolicyFinish)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Publish(w.ctx, plan, "ada", ""); err == nil || !strings.Contains(err.Error(), "does not compile on other") {
		t.Errorf("publishing said %v, want where it does not compile", err)
	}
	if current, err := st.Rulesets.Current(w.ctx); err != nil || current.Hash != good {
		t.Errorf("in force is %s (%v), want %s still", current.Hash, err, good)
	}
	if err := st.Control.RemoveInstance(w.ctx, "other"); err != nil {
		t.Fatal(err)
	}

	broken := store.Bundle{Hash: "badbadbadbad", Files: map[string][]byte{"rules/a.yaml": []byte("rule: b\n")}}
	if err := st.Rulesets.Put(w.ctx, broken); err != nil {
		t.Fatal(err)
	}
	pointer, err := st.Rulesets.Current(w.ctx)
	if err != nil {
		t.Fatal(err)
	}
	pointer.Hash = broken.Hash
	if _, err := st.Rulesets.SetCurrent(w.ctx, pointer); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, w.ctx, "the broken revision is refused", func() error {
		if swap := w.instance.App.Swap(); swap.Outcome != store.SwapRefused || swap.Ruleset != broken.Hash || swap.Problem == "" {
			return fmt.Errorf("the last swap is %+v", swap)
		}
		return nil
	})
	w.publish("ada", "assessment.graded", failedQuiz("q1"))
	if d := w.wait(1, rule("ada", "retry", engine.KindSent))[0]; d.Rev != good {
		t.Errorf("decided by %s, want %s", d.Rev, good)
	}
	w.put(next, engine.RunPolicyFinish) // and out of it again
}

// TestARestartUndoesNothing: a process that starts with a folder of yesterday serves what has been published since, with and
// without a folder of its own; a new folder goes in force on all of them.
func TestARestartUndoesNothing(t *testing.T) {
	t.Parallel()
	w := open(t, retrying(t, "wait: 1h", "first"), instance.Options{})
	published := retrying(t, "wait: 1h", "second")
	w.put(published, engine.RunPolicyFinish)
	yesterday := w.move(instance.Options{OnStart: app.PublishNew})
	w.academy = nil
	none := w.move(instance.Options{})
	for name, h := range map[string]*instance.Instance{"the folder of yesterday": yesterday, "no folder": none} {
		if got := h.App.Swap().Ruleset; got != published.Ruleset.Hash {
			t.Errorf("with %s: runs %s, want %s", name, got, published.Ruleset.Hash)
		}
	}
	w.academy = retrying(t, "wait: 1h", "third")
	fresh := w.move(instance.Options{OnStart: app.PublishNew})
	for name, h := range map[string]*instance.Instance{"first": w.instance, "second": yesterday, "third": none, "fresh": fresh} {
		if got := h.App.Swap(); got.Ruleset != w.academy.Ruleset.Hash || got.Outcome != store.SwapDone {
			t.Errorf("%s: runs %+v, want %s", name, got, w.academy.Ruleset.Hash)
		}
	}
}

// TestTwoPublishersAtOnce: one wins, the other is told, and what is in force is the winner's.
func TestTwoPublishersAtOnce(t *testing.T) {
	t.Parallel()
	w := open(t, retrying(t, "wait: 1h", "first"), instance.Options{})
	type result struct {
		message string
		err     error
	}
	results := make(chan result)
	for _, message := range []string{"second", "third"} {
		p := w.instance.Publisher()
		plan, err := p.Prepare(w.ctx, retrying(t, "wait: 1h", message), engine.RunPolicyFinish)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			_, err := p.Publish(w.ctx, plan, message, "")
			results <- result{message, err}
		}()
	}
	winner := ""
	for range 2 {
		switch r := <-results; {
		case r.err == nil && winner == "":
			winner = r.message
		case !errors.Is(r.err, store.ErrPublishedMeanwhile):
			// The winner may be unable to see its revision run if the other one had been faster.
			t.Errorf("%s: %v, want one winner and one who is told", r.message, r.err)
		}
	}
	current, err := w.instance.App.Store().Rulesets.Current(w.ctx)
	if err != nil || current.Author != winner || current.Number != 2 {
		t.Errorf("in force is %+v (%v), want the second publication, by %s", current, err, winner)
	}
}
