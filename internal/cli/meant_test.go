package cli_test

import (
	"os"
	"strings"
	"testing"

	"homeroom/internal/clitest"
	"homeroom/subjects"
)

// TestDidYouMean: a name that does not exist is answered with the one that is near, or with how to find it.
func TestDidYouMean(t *testing.T) {
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1") // nobody listens there
	const academy = "../../examples/academy"
	w := clitest.Open(t, academy)
	w.Send(subjects.Publish("u_42", "lesson.completed"), nil, `{"id":"1","properties":{"course_id":"c","lesson_id":"l"}}`)
	hash := w.Academy.Ruleset.Hash
	mistyped := "0" + hash[1:12]
	if hash[0] == '0' {
		mistyped = "1" + hash[1:12]
	}
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"rules explain " + academy + " quiz-rety", 2, "did you mean quiz-retry?"},
		{"rules render " + academy + " quiz-rety", 2, "did you mean quiz-retry?"},
		{"messages send-test quiz-rety --to ada@example.org --academy " + academy, 2, "did you mean quiz-retry?"},
		{"rules diff curent " + academy, 2, "did you mean current?"},
		{"rules diff " + mistyped + " " + academy, 2, "did you mean " + hash[:12] + "?"},
		{"rules diff 7 " + academy, 2, "there is no publication no. 7; there is no. 1 only"},
		{"learner retry u_42", 2, "learner u_42 is not set aside; "},
		{"learner why U_42", 1, "no such learner: nothing is known of U_42, no event, no decision, no profile. Did you mean u_42?"},
		{"learner why ada@example.org", 1, "list the ids with `nats stream subjects LEARNING`"},
	} {
		if out := w.MustRun(c.code, strings.Fields(c.args)...); !strings.Contains(out, c.want) {
			t.Errorf("homeroom %s: no %q in %s", c.args, c.want, out)
		}
	}
}

// TestEmitReadsTheCatalogInForce: events of the team's own have their types without a flag, and emit says what it checked against.
func TestEmitReadsTheCatalogInForce(t *testing.T) {
	w := clitest.Open(t, "../../examples/academy")
	own, err := os.ReadFile("../../examples/academy/catalog.yaml")
	if err != nil {
		t.Fatal(err)
	}
	clitest.WantParts(t, w.MustRun(2, "emit", "streak.lost", "--learner", "u_42"), "catalog in force (no. 1, ", "3 events of your own", "unknown event streak.lost")
	w.PublishAs("maya", "", map[string]string{"catalog.yaml": string(own) + "  streak.lost:\n    properties: {days: integer}\n    required: [days]\n"})
	clitest.WantParts(t, w.MustRun(0, "emit", "streak.lost", "--learner", "u_42", "days=7", "--dry-run"), "catalog in force (no. 2, ", "4 events of your own", `"days":7`)
	clitest.WantParts(t, w.MustRun(2, "emit", "streak.lost", "--learner", "u_42", "days=many"), "days must be")
	t.Setenv("HOMEROOM_NATS_URL", "nats://127.0.0.1:1") // nobody listens there
	clitest.WantParts(t, w.MustRun(0, "emit", "user.signed_up", "--learner", "u_42", "--dry-run"), "Checked against the built-in events only", "--catalog FILE")
}
