package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"homeroom/engine"
	"homeroom/publish"
	"homeroom/rules"
	"homeroom/store"
)

// Proposing says who proposes a draft, and why.
type Proposing struct {
	By     string
	Reason string
	// Backtest is what a backtest of the draft found, for who approves it; nil, or one of another content: it is not noted.
	Backtest *Backtest
}

// ProposeDraft asks for a draft to be put in force. The folder must compile.
func (i *Installation) ProposeDraft(ctx context.Context, d Draft, p Proposing) (Draft, error) {
	if strings.TrimSpace(p.Reason) == "" {
		return Draft{}, inputError(errors.New("say why: the reason stands beside the proposal and in the history"))
	}
	if len(d.Changed) == 0 {
		return Draft{}, inputError(errors.New("this draft changes nothing of what is in force"))
	}
	if _, err := d.Folder().Compiled(); err != nil {
		return Draft{}, inputError(err)
	}
	next := d.Draft
	next.Proposal = &store.DraftProposal{
		Reason:   strings.TrimSpace(p.Reason),
		By:       p.By,
		At:       i.MachineNow().UTC(),
		Backtest: noteBacktest(&d, p.Backtest),
	}
	if !d.Schedule.Waits() { // why an earlier one was cancelled
		next.Schedule = nil
	}
	if d.Proposal != nil {
		next.Proposal.Comments = d.Proposal.Comments
		next.Proposal.Approvals = d.Proposal.Approvals
	}
	return i.recordDraft(ctx, store.ActionPropose, d, next)
}

// noteBacktest returns in short what a backtest of exactly this content found, or nil.
func noteBacktest(d *Draft, b *Backtest) *store.BacktestNote {
	if b == nil || b.After.Ruleset != d.Hash {
		return nil
	}
	return &store.BacktestNote{
		Hash:         b.After.Ruleset,
		Base:         b.Before.Ruleset,
		From:         b.From,
		Until:        b.Until,
		Changes:      b.Changes,
		Affected:     b.Affected,
		PerDayBefore: b.Before.PerDay,
		PerDayAfter:  b.After.PerDay,
	}
}

// recordDraft records what somebody does to a draft, and writes it.
func (i *Installation) recordDraft(ctx context.Context, action store.AuditAction, d Draft, next store.Draft) (Draft, error) {
	return i.writeRecorded(ctx, AuditRecord{Action: action, Target: d.ID, Hash: d.Hash, Base: d.Base}, next)
}

// WithdrawDraft takes a proposal back, and cancels its publication if that waits; the draft stays.
func (i *Installation) WithdrawDraft(ctx context.Context, d Draft) (Draft, error) {
	if err := i.checkNotUnderWay(d.Schedule); err != nil {
		return Draft{}, err
	}
	next := d.Draft
	next.Proposal = nil
	record := AuditRecord{Action: store.ActionWithdraw, Target: d.ID, Hash: d.Hash, Base: d.Base}
	if d.Schedule.Waits() {
		next.Schedule = i.endSchedule(d.Schedule, i.actor.Name+" withdrew the proposal")
		record.With = []string{store.Unscheduled}
	}
	return i.writeRecorded(ctx, record, next)
}

// ApproveDraft records somebody's approval of the content with the hash that they saw.
func (i *Installation) ApproveDraft(ctx context.Context, d Draft, seen, by string) (Draft, error) {
	next := d.Draft
	if d.Proposal != nil {
		proposal := *d.Proposal
		proposal.Approvals = slices.Clone(proposal.Approvals)
		next.Proposal = &proposal
	}
	if err := publish.Approve(&next, d.Hash, seen, by, i.MachineNow().UTC()); err != nil {
		return Draft{}, inputError(err)
	}
	return i.recordDraft(ctx, store.ActionApprove, d, next)
}

// CheckApproval returns why somebody cannot approve what a draft holds, or nil.
func (d *Draft) CheckApproval(by string) error {
	trial := d.Draft
	if d.Proposal != nil {
		proposal := *d.Proposal
		proposal.Approvals = slices.Clone(proposal.Approvals)
		trial.Proposal = &proposal
	}
	return publish.Approve(&trial, d.Hash, d.Hash, by, time.Time{})
}

// maxComment is how long a comment may be, in bytes.
const maxComment = 4000

// CommentOnDraft adds a comment to a proposal.
func (i *Installation) CommentOnDraft(ctx context.Context, d Draft, by, text string) (Draft, error) {
	text = strings.TrimSpace(text)
	switch {
	case d.Proposal == nil:
		return Draft{}, inputError(publish.ErrNotProposed)
	case text == "":
		return Draft{}, inputError(errors.New("the comment is empty"))
	case len(text) > maxComment:
		return Draft{}, inputError(fmt.Errorf("the comment has %d characters; it may have %d", len(text), maxComment))
	}
	next := d.Draft
	proposal := *d.Proposal
	proposal.Comments = append(slices.Clone(proposal.Comments), store.Comment{By: by, At: i.MachineNow().UTC(), Text: text})
	next.Proposal = &proposal
	return i.writeDraft(ctx, next)
}

// DraftPublication says how a draft is to be put in force.
type DraftPublication struct {
	Seen      string // hash of the content that the publisher looked at
	By        string
	Note      string
	RunPolicy engine.RunPolicy
	Approvals int // how many other people must have approved this very content, if the settings in force do not say
	// WithoutApproval publishes although approvals are missing. It is named in the note.
	WithoutApproval bool
	// Untested publishes although rule tests fail. It is named in the note.
	Untested   bool
	OnProgress func(PublishProgress) // may be nil

	scheduled bool // it happens by itself
}

// NeededApprovals returns how many other people must approve a draft: as many as the settings in force say, or otherwise if they do not say or
// nothing is in force. A draft's own settings do not count, so that it cannot ask for fewer.
func (i *Installation) NeededApprovals(ctx context.Context, otherwise int) (int, error) {
	settings, err := i.SettingsInForce(ctx)
	return settings.ApprovalsOr(otherwise), err
}

// Settings are what settings.yaml in force says to people who operate.
type Settings struct {
	Text      string // the file; empty: there is none
	Approvals *int   // how many others must approve a draft; nil: it does not say
}

// ApprovalsOr returns how many others must approve a draft, or the given number if the settings do not say.
func (s Settings) ApprovalsOr(otherwise int) int {
	if s.Approvals == nil {
		return otherwise
	}
	return *s.Approvals
}

// SettingsInForce reads settings.yaml in force. They are empty if nothing is, and say no more than their text if this version cannot compile them.
func (i *Installation) SettingsInForce(ctx context.Context) (Settings, error) {
	inForce, current, err := i.bundleInForce(ctx)
	if err != nil {
		return Settings{}, err
	}
	settings := Settings{Text: string(inForce.Files["settings.yaml"])}
	if academy, _ := i.compileRevision(current.Hash, inForce.Files); academy != nil {
		settings.Approvals = academy.Approvals
	}
	return settings, nil
}

// PublishDraft puts a draft in force and deletes it. It refuses a draft that was edited since it was looked at, one that began from
// something that is not in force any more, one whose tests fail, and one without the approvals it needs.
func (i *Installation) PublishDraft(ctx context.Context, d Draft, o DraftPublication) (*Publication, error) {
	ready, err := i.checkDraft(ctx, d, o)
	if err != nil {
		return nil, err
	}
	publication, err := i.PreparePublication(ctx, ready.academy, PrepareOptions{RunPolicy: o.RunPolicy, OnProgress: o.OnProgress})
	if err != nil {
		return nil, err
	}
	err = i.Publish(ctx, publication, PublishOptions{
		Author:     o.By,
		Note:       ready.note,
		Draft:      d.ID,
		With:       ready.with,
		OnProgress: o.OnProgress,
	})
	if err != nil {
		return nil, err
	}
	if d.Revision == 0 {
		return publication, nil
	}
	if err := i.deleteDraft(ctx, d); err != nil && !errors.Is(err, store.ErrDraftMoved) { // somebody goes on editing it
		return publication, err
	}
	return publication, nil
}

// readyDraft is a draft that may be put in force.
type readyDraft struct {
	academy *rules.Academy
	note    string   // for the history
	with    []string // what the audit record says besides
}

// checkDraft returns the draft compiled if it may be put in force now. Otherwise the error is an [*InputError].
func (i *Installation) checkDraft(ctx context.Context, d Draft, o DraftPublication) (readyDraft, error) {
	if d.Hash != o.Seen {
		return readyDraft{}, inputError(publish.ErrContentMoved)
	}
	if d.Moved() {
		return readyDraft{}, inputError(fmt.Errorf("meanwhile %s published no. %d: take what is in force over into the draft, look at the difference, then publish it", d.Current.Author, d.Current.Number))
	}
	ready := readyDraft{note: o.Note}
	if o.scheduled {
		ready.with = append(ready.with, store.Scheduled)
	}
	needed, err := i.NeededApprovals(ctx, o.Approvals)
	if err != nil {
		return readyDraft{}, err
	}
	if err := publish.CheckApprovals(&d.Draft, d.Hash, needed); err != nil {
		if !o.WithoutApproval {
			return readyDraft{}, inputError(err)
		}
		ready.note = joinNotes(ready.note, "published without approval")
		ready.with = append(ready.with, store.WithoutApproval)
	}
	folder := d.Folder()
	if ready.academy, err = folder.Compiled(); err != nil {
		return readyDraft{}, inputError(err)
	}
	if err := CheckTests(ctx, folder); err != nil {
		var failed *FailedTestsError
		if !errors.As(err, &failed) || !o.Untested {
			return readyDraft{}, inputError(err)
		}
		ready.note = joinNotes(ready.note, "published although tests fail")
		ready.with = append(ready.with, store.WithFailedTests)
	}
	return ready, nil
}

func joinNotes(note, more string) string {
	if note == "" {
		return more
	}
	return note + " (" + more + ")"
}
