package engine

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPreviewMigration agrees with migrateRun about runs whose delivery is out, and those whose revision is lost.
func TestPreviewMigration(t *testing.T) {
	send := Instr{Op: OpSend, ID: "mail", Send: &SendStep{Message: "m"}}
	wait := Instr{Op: OpWait, ID: "pause"}
	old := &Ruleset{Hash: "old", Rules: []*Rule{{Name: "r", Program: []Instr{send, wait}}}}
	next := &Ruleset{Hash: "next", Rules: []*Rule{{Name: "r", Program: []Instr{wait}}}}
	st := &State{
		Runs: []Run{
			{ID: "1", Rule: "r", Revision: "old", PC: 1, Waiting: true},
			{ID: "2", Rule: "r", Revision: "old", PC: 1, Waiting: true}, // its mail is out, and may come back to a step that is gone
			{ID: "3", Rule: "r", Revision: "older"},
			{ID: "4", Rule: "r", Revision: "old", PC: 2},
			{ID: "5", Rule: "r", Revision: "next"},
		},
		PendingDeliveries: []PendingDelivery{{PC: 0, Send: Send{Run: "2"}}},
	}
	revision := func(hash string) *Ruleset {
		if hash == "old" {
			return old
		}
		return nil
	}
	want := []Migration{
		{Rule: "r", Step: "pause", Outcome: MigrationMoves},
		{Rule: "r", Step: "mail", Outcome: MigrationStepGone},
		{Rule: "r", Outcome: MigrationRevisionLost},
		{Rule: "r", Outcome: MigrationMoves},
	}
	if diff := cmp.Diff(want, PreviewMigration(st, next, revision)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
