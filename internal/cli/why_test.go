package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"homeroom/engine"
	"homeroom/subjects"
)

func TestOneLearnersStory(t *testing.T) {
	a := open(t)
	const ada = "auth0|ada" // an id that subjects and URLs must escape
	_, err := a.store.Profiles.Merge(t.Context(), ada, map[string]any{"email": "ada@example.org", "first_name": "Ada", "timezone": "Europe/Berlin"}, monday)
	if err != nil {
		t.Fatal(err)
	}
	a.theLoop(ada)
	a.theLoop("u_99") // somebody else's, of whom nothing may be told
	a.decided(engine.Decision{Learner: ada, Rule: "quiz-retry", Kind: engine.KindSkipped, Reason: engine.ReasonAgain, Detail: "after 7d", At: monday})
	a.prints("why.txt", "learner", "why", ada, "--since", "all")
	a.prints("why-rule.txt", "learner", "why", ada, "--since", "all", "--rule", "quiz-retry")
	a.prints("why.json", "learner", "why", ada, "--since", "all", "--format", "json")
	if code, out, _ := a.homeroom("learner", "why", ada, "--rule", "no-such-rule"); code != 0 || !strings.Contains(out, "Nothing was decided by the rule no-such-rule since then") {
		t.Errorf("a rule that decided nothing: exit code %d\n%s", code, out)
	}
	for _, golden := range []string{"why.txt", "why.json"} {
		text, err := os.ReadFile(filepath.Join("testdata", golden))
		if err != nil {
			t.Fatal(err)
		}
		for _, personal := range []string{"ada@example.org", "Ada\"", "Ada "} {
			if bytes.Contains(text, []byte(personal)) {
				t.Errorf("%s says %q", golden, personal)
			}
		}
	}
}

func TestALearnerNobodyKnows(t *testing.T) {
	a := open(t)
	code, out, complaints := a.homeroom("learner", "why", "u_43")
	if code != 1 || out != "" || !strings.Contains(complaints, "no such learner: nothing is known of u_43") || !strings.Contains(complaints, "learning.u_43.<event>") {
		t.Errorf("exit code %d\n%s%s", code, out, complaints)
	}
	if _, err := a.js.Publish(t.Context(), subjects.Dead("u_43", "lesson.complete"), []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if code, _, complaints = a.homeroom("learner", "why", "u_43"); code != 1 || !strings.Contains(complaints, "1 event of theirs could not be used") || !strings.Contains(complaints, "`homeroom deadletters list --learner u_43`") {
		t.Errorf("with a dead letter: exit code %d\n%s", code, complaints)
	}
	a.happened("u_43", "lesson.completed", monday, props{"lesson_id": "l1"})
	if code, out, _ = a.homeroom("learner", "why", "u_43"); code != 0 || !strings.Contains(out, "Nothing was decided since then") {
		t.Errorf("with an event: exit code %d\n%s", code, out)
	}
	if code, _, complaints = a.homeroom("learner", "why", "_"); code != 2 {
		t.Errorf("the id of nobody: exit code %d\n%s", code, complaints)
	}
	if code, _, complaints = a.homeroom("learner", "why", "u_43", "--since", "lately"); code != 2 || !strings.Contains(complaints, "30d") {
		t.Errorf("--since lately: exit code %d\n%s", code, complaints)
	}
}

// TestTheStoryOfAnEarlierID: it says under which id the learner goes on, and where to ask for that.
func TestTheStoryOfAnEarlierID(t *testing.T) {
	a := open(t)
	if _, err := a.store.Profiles.Merge(t.Context(), "lead-7", map[string]any{"first_name": "Ada"}, monday); err != nil {
		t.Fatal(err)
	}
	for _, merge := range []struct{ id, into string }{{"lead-7", "u_7"}, {"u_7", "u_8"}, {"lead-7", "u_7"}} {
		if err := a.store.Profiles.MergeInto(t.Context(), merge.id, merge.into); err != nil {
			t.Fatal(err)
		}
	}
	code, out, complaints := a.homeroom("learner", "why", "lead-7")
	if code != 0 || !strings.Contains(out, "They go on as u_8: homeroom learner why u_8\n") {
		t.Errorf("exit code %d\n%s%s", code, out, complaints)
	}
	if code, out, _ = a.homeroom("learner", "why", "u_8"); code != 0 || strings.Contains(out, "go on as") {
		t.Errorf("the id that stays: exit code %d\n%s", code, out)
	}
}
