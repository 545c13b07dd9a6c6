package e2e

import (
	"fmt"
	"strings"
	"testing"

	"homeroom/dev/harness"
	"homeroom/dev/instance"
	"homeroom/engine"
	"homeroom/workflows"
)

// aliasRules welcome once, and give another go after each failed quiz.
var aliasRules = map[string]string{
	"rules/welcome.yaml": `rule: welcome
when: {event: enrollment.created}
again: never
do: [send: nudge]
`,
	"rules/retry.yaml": `rule: retry
when: {event: assessment.graded, if: event.passed == false}
per: assessment_id
do:
  - wait: 1h
  - send: nudge
`,
	"rules/praise.yaml": `rule: praise
when: {event: lesson.completed}
per: lesson_id
do: [send: nudge]
`,
}

// TestALeadBecomesAUser: a lead gets a mail, signs up under an id of the platform's, and is one learner from then on, whichever id events name.
func TestALeadBecomesAUser(t *testing.T) {
	t.Parallel()
	w := open(t, harness.Academy(t, aliasRules), instance.Options{})
	const lead = "lead-7"
	const user = "auth0|7"
	w.publish(lead, "enrollment.created", map[string]any{"course_id": "crs_go"})
	w.wait(1, of(lead, engine.KindSent))
	w.publish(lead, "assessment.graded", failedQuiz("q1"))
	w.wait(2, of(lead, engine.KindStarted))

	w.publish(user, "user.aliased", map[string]any{"previous_id": lead})
	w.wait(1, because(lead, engine.KindExited, engine.ReasonMerged))
	harness.Eventually(t, w.ctx, "the lead's workflow has ended as merged", func() error {
		described, err := w.instance.Temporal.DescribeWorkflowExecution(w.ctx, workflows.WorkflowID(lead), "")
		if err != nil {
			return err
		}
		info := described.WorkflowExecutionInfo
		if stage := string(info.SearchAttributes.IndexedFields["HomeroomStage"].GetData()); info.CloseTime == nil || !strings.Contains(stage, workflows.StageMerged) {
			return fmt.Errorf("status %s, stage %s", info.Status, stage)
		}
		return nil
	})

	// What the lead does next is the user's.
	w.publish(lead, "lesson.completed", map[string]any{"course_id": "crs_go", "lesson_id": "l1"})
	sent := w.wait(1, of(user, engine.KindSent))
	if sent[0].Rule != "praise" {
		t.Errorf("the user's first mail is of the rule %s, want praise", sent[0].Rule)
	}
	st := w.standing(user)
	if c := st.Courses["crs_go"]; c == nil || c.EnrolledAt.IsZero() || !st.HasMerged(lead) {
		t.Errorf("the user's standing does not hold what the lead did: %+v", st)
	}
	// The lead was welcomed, so the user is not.
	w.publish(user, "enrollment.created", map[string]any{"course_id": "crs_go"})
	w.publish(user, "lesson.completed", map[string]any{"course_id": "crs_go", "lesson_id": "l2"})
	w.wait(2, of(user, engine.KindSent))
	if again := w.heard.all(func(d engine.Decision) bool {
		return d.Learner == user && d.Rule == "welcome" && d.Kind == engine.KindSent
	}); len(again) > 0 {
		t.Errorf("welcomed again: %+v", again)
	}
	if mails := w.stack.Mail.Counts(); mails.Accepted != 3 {
		t.Errorf("%d mails, want 3: a welcome and two for lessons", mails.Accepted)
	}
	// A lead who leaves by a link in an old mail has left as the user, too.
	if err := w.instance.App.Store().People.Leave(w.ctx, lead, "", w.instance.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	p, err := w.instance.App.Store().Profiles.Get(w.ctx, user)
	if err != nil || !p.UnsubscribedAll || p.Email != address(user) {
		t.Errorf("the user's profile: %+v, %v", p, err)
	}
}

// TestALeadWhoLeftStaysAway: unsubscribing outlives signing up, however much later the user's own profile is.
func TestALeadWhoLeftStaysAway(t *testing.T) {
	t.Parallel()
	w := open(t, harness.Academy(t, aliasRules), instance.Options{})
	const lead = "lead-8"
	const user = "u8"
	w.publish(lead, "enrollment.created", map[string]any{"course_id": "crs_go"})
	w.wait(1, of(lead, engine.KindSent))
	if err := w.instance.App.Store().People.Leave(w.ctx, lead, "", w.instance.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	w.publish(user, "profile.updated", map[string]any{"consent": true})
	w.publish(user, "user.aliased", map[string]any{"previous_id": lead})
	w.publish(user, "user.aliased", map[string]any{"previous_id": lead}) // told twice
	w.publish(user, "user.aliased", map[string]any{"previous_id": user}) // of oneself
	w.publish(user, "lesson.completed", map[string]any{"course_id": "crs_go", "lesson_id": "l1"})
	w.wait(1, because(user, engine.KindSkipped, engine.ReasonSuppressed))
	if mails := w.stack.Mail.Counts(); mails.Accepted != 1 {
		t.Errorf("%d mails, want the one from before", mails.Accepted)
	}
}

// TestTwoIdsThatNameEachOther become one learner, and a chain of ids too.
func TestTwoIdsThatNameEachOther(t *testing.T) {
	t.Parallel()
	w := open(t, harness.Academy(t, aliasRules), instance.Options{})
	w.publish("a", "lesson.completed", map[string]any{"course_id": "crs_go", "lesson_id": "l1"})
	w.publish("b", "lesson.completed", map[string]any{"course_id": "crs_go", "lesson_id": "l2"})
	w.wait(2, of("", engine.KindSent))
	w.publish("b", "user.aliased", map[string]any{"previous_id": "a"})
	w.publish("a", "user.aliased", map[string]any{"previous_id": "b"})
	one := ""
	harness.Eventually(t, w.ctx, "one of the two is left", func() error {
		if a, b := w.standing("a").MergedInto, w.standing("b").MergedInto; (a == "") == (b == "") || len(w.standing("b").Previous)+len(w.standing("a").Previous) == 0 {
			return fmt.Errorf("a goes on as %q, b as %q", a, b)
		}
		one = map[bool]string{true: "a", false: "b"}[w.standing("a").MergedInto == ""]
		return nil
	})
	w.publish("c", "user.aliased", map[string]any{"previous_id": "a"})
	w.publish("c", "user.aliased", map[string]any{"previous_id": one})
	harness.Eventually(t, w.ctx, "c has all", func() error {
		if st := w.standing("c"); !st.HasMerged("a") || !st.HasMerged("b") {
			return fmt.Errorf("c knows %+v", st.Previous)
		}
		return nil
	})
	w.publish("a", "lesson.completed", map[string]any{"course_id": "crs_go", "lesson_id": "l3"})
	w.publish("b", "lesson.completed", map[string]any{"course_id": "crs_go", "lesson_id": "l4"})
	w.wait(2, of("c", engine.KindSent))
}

func (w *world) standing(learner string) *engine.Standing {
	w.t.Helper()
	st, err := w.instance.App.Store().Standings.Get(w.ctx, learner)
	if err != nil {
		w.t.Fatal(err)
	}
	return st
}
