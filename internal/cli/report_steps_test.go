package cli_test

import (
	"testing"
	"time"

	"homeroom/engine"
	"homeroom/internal/clitest"
)

// TestReportStepByStep: runs are counted at the steps of their rules, as a table, in JSON and as CSV.
func TestReportStepByStep(t *testing.T) {
	w := clitest.Open(t, "../../examples/academy")
	clitest.WantParts(t, w.MustRun(0, "report", "--steps"), "Nothing was decided")
	at := time.Now().Add(-time.Hour).UTC()
	err := w.Store.Decisions.Publish(t.Context(), []engine.Decision{
		{ID: "1", At: at, Learner: "u_1", Rule: "quiz-retry", Kind: engine.KindStarted, Run: "r1"},
		{ID: "2", At: at, Learner: "u_1", Rule: "quiz-retry", Kind: engine.KindSkipped, Reason: engine.ReasonCap, Run: "r1", Step: "2"},
		{ID: "3", At: at, Learner: "u_1", Rule: "quiz-retry", Kind: engine.KindExited, Reason: engine.ReasonUntil, Run: "r1"},
		{ID: "4", At: at.AddDate(0, 0, -40), Learner: "u_1", Rule: "quiz-retry", Kind: engine.KindStarted, Run: "r0"},
	})
	if err != nil {
		t.Fatal(err)
	}
	clitest.WantParts(t, w.MustRun(0, "report", "--steps"), "quiz-retry", "began", "cap 1", "until 1")
	clitest.WantParts(t, w.MustRun(0, "report", "--steps", "--format", "csv"), "quiz-retry,began,1,", "quiz-retry,2,1,0,0,0,0,0,1")
	clitest.WantParts(t, w.MustRun(0, "report", "--steps", "--rule", "welcome", "--format", "json"), `"welcome": {`, `"began": 0`)
}
