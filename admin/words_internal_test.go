package admin

import (
	"regexp"
	"testing"

	"homeroom/store"
)

// builders are words of who builds Homeroom, which pages for growth teams do not use.
var builders = regexp.MustCompile(`(?i)\b(workers?|base|rebase)\b`)

// TestWordsForGrowthTeams: what is refused and what is recorded is said as the console's buttons say it.
func TestWordsForGrowthTeams(t *testing.T) {
	moved := Draft{Hash: "new"}
	moved.Base = "old"
	moved.Current = store.Pointer{Number: 2, Hash: "newer", Author: "tom"}
	_, err := (&Installation{}).checkDraft(t.Context(), moved, DraftPublication{Seen: "new"})
	want := "meanwhile tom published no. 2: take what is in force over into the draft, look at the difference, then publish it"
	if err == nil || err.Error() != want {
		t.Errorf("a draft whose beginning is not in force any more: %v, want %s", err, want)
	}
	for _, mark := range []string{
		store.WithoutApproval, store.WithCondition, store.WithFailedTests, store.WithoutBase, store.Scheduled, store.BaseMoved, store.DraftEdited, store.TooLate, store.Refused, store.Unscheduled,
	} {
		if words := DescribeAudit(AuditRecord{With: []string{mark}}); words == mark || builders.MatchString(words) {
			t.Errorf("%s is %q", mark, words)
		}
	}
}
