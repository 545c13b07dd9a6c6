package admin

import (
	"testing"

	"homeroom/engine"
	"homeroom/publish"
)

func TestDescribeMigration(t *testing.T) {
	got := describeMigration(publish.Migrations{
		Asked:      3,
		Unanswered: 1,
		Rules: []publish.RuleMigration{
			{Rule: "cert", Ends: 1, Numbered: true, Gone: []publish.GoneStep{{Step: "1", Outcome: engine.MigrationNoWait, Now: engine.OpBranch, Runs: 1}}},
			{Rule: "named", Moves: 2, Ends: 2, Gone: []publish.GoneStep{{Step: "last", Outcome: engine.MigrationStepGone, Runs: 2}}},
			{Rule: "quiet", Moves: 1},
		},
	})
	const want = `  cert: 0 runs would move, 1 would end (exited: migrated_away)
    1: they wait at step 1, which is no wait any more (now: if)
  named: 2 runs would move, 2 would end (exited: migrated_away)
    2: step last is gone
  quiet: 1 run would move
  Looked at the runs of 3 learners; 1 workflow did not answer, 0 more were not asked.
To keep runs that would end, publish with --in-flight finish: they end on the rules they began with.
Live runs stand at steps without an id:, which go by their number: another step with that number takes them over. Give the steps an id:, for the next time.
`
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
