package publish_test

import (
	"errors"
	"testing"
	"time"

	"homeroom/publish"
	"homeroom/store"
)

var noon = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// TestNobodyApprovesTheirOwn: neither who began the draft, nor who ever saved it, nor who proposed it.
func TestNobodyApprovesTheirOwn(t *testing.T) {
	d := store.Draft{Author: "maya", SavedBy: "zoe", Editors: []string{"lee", "zoe"}, Proposal: &store.DraftProposal{By: "noor"}}
	for _, own := range []string{"maya", "lee", "zoe", "noor"} {
		if err := publish.Approve(&d, "h1", "h1", own, noon); !errors.Is(err, publish.ErrOwnApproval) {
			t.Errorf("%s: got %v, want ErrOwnApproval", own, err)
		}
	}
	if err := publish.Approve(&d, "h1", "h1", "tom", noon); err != nil {
		t.Errorf("tom: %v", err)
	}
	if err := publish.Approve(&store.Draft{Author: "maya"}, "h1", "h1", "tom", noon); !errors.Is(err, publish.ErrNotProposed) {
		t.Errorf("got %v, want ErrNotProposed", err)
	}
}

// TestAnApprovalIsOfOneContent: an edit after it needs another, and one person counts once.
func TestAnApprovalIsOfOneContent(t *testing.T) {
	d := store.Draft{Author: "maya", SavedBy: "maya", Proposal: &store.DraftProposal{By: "maya"}}
	if err := publish.Approve(&d, "h2", "h1", "tom", noon); !errors.Is(err, publish.ErrContentMoved) {
		t.Errorf("got %v, want ErrContentMoved: tom looked at h1, and h2 was saved", err)
	}
	for range 2 {
		if err := publish.Approve(&d, "h1", "h1", "tom", noon); err != nil {
			t.Fatal(err)
		}
	}
	if err := publish.CheckApprovals(&d, "h1", 1); err != nil {
		t.Error(err)
	}
	var missing *publish.ApprovalError
	if err := publish.CheckApprovals(&d, "h1", 2); !errors.As(err, &missing) || len(missing.Got) != 1 {
		t.Errorf("two are needed and tom approved twice: got %v", err)
	}
	if err := publish.CheckApprovals(&d, "h2", 1); !errors.As(err, &missing) || len(missing.Got) != 0 {
		t.Errorf("an edit kept the approval: got %v", err)
	}
	if err := publish.CheckApprovals(&d, "h2", 0); err != nil {
		t.Errorf("none is needed: got %v", err)
	}
}
