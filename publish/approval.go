package publish

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"homeroom/store"
)

// ErrOwnApproval says that somebody tried to approve what they wrote or proposed.
var ErrOwnApproval = errors.New("nobody approves their own proposal: ask somebody else")

// ErrNotProposed says that a draft was not proposed.
var ErrNotProposed = errors.New("this draft is not proposed")

// ErrContentMoved says that the files differ from those that somebody looked at.
var ErrContentMoved = errors.New("the draft was changed since you looked at it: look again")

// Approve adds somebody's approval of the content with this hash to a proposal. It says no to the draft's author, to everybody who
// saved it and to who proposed it. A second approval of the same content by the same person changes nothing.
func Approve(d *store.Draft, hash, seen, by string, at time.Time) error {
	switch {
	case d.Proposal == nil:
		return ErrNotProposed
	case hash != seen:
		return ErrContentMoved
	case by == d.Author || by == d.Proposal.By || slices.Contains(d.Editors, by):
		return ErrOwnApproval
	case slices.Contains(Approvers(d, hash), by):
		return nil
	}
	d.Proposal.Approvals = append(d.Proposal.Approvals, store.Approval{By: by, At: at, Hash: hash})
	return nil
}

// Approvers returns who approved the content with this hash, in the order of their approvals. Approvals of other contents do not
// count.
func Approvers(d *store.Draft, hash string) []string {
	var names []string
	if d.Proposal == nil {
		return nil
	}
	for _, a := range d.Proposal.Approvals {
		if a.Hash == hash && !slices.Contains(names, a.By) {
			names = append(names, a.By)
		}
	}
	return names
}

// ApprovalError says that a draft may not be published yet.
type ApprovalError struct {
	Needed int
	Got    []string // who approved this very content
}

func (e *ApprovalError) Error() string {
	got := "nobody has"
	if len(e.Got) > 0 {
		got = strings.Join(e.Got, " and ") + " did"
	}
	people := "1 other person"
	if e.Needed > 1 {
		people = fmt.Sprintf("%d other people", e.Needed)
	}
	return fmt.Sprintf("%s must approve exactly this content; %s. An edit after an approval needs a new one", people, got)
}

// CheckApprovals returns an [*ApprovalError] if fewer than needed people approved the content with this hash.
func CheckApprovals(d *store.Draft, hash string, needed int) error {
	if got := Approvers(d, hash); len(got) < needed {
		return &ApprovalError{Needed: needed, Got: got}
	}
	return nil
}
