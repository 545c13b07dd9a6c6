package admin

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing/fstest"
	"time"

	"homeroom/engine"
	"homeroom/publish"
	"homeroom/rules"
	"homeroom/store"
)

// Draft is a folder that somebody edits, and what it would be in force.
type Draft struct {
	store.Draft
	Hash      string   `json:"hash"`      // of its files as they are
	Approvers []string `json:"approvers"` // who approved exactly these files
	// Current is the publication in force, which may be another than the one that the draft began from.
	Current store.Pointer `json:"current"`
	Changed []string      `json:"changed"` // files that differ from those in force; never nil
}

// Moved reports whether something else was published since the draft began.
func (d *Draft) Moved() bool { return d.Base != d.Current.Hash }

// Folder compiles the draft's files.
func (d *Draft) Folder() *Folder { return LoadFiles(d.Files) }

// LoadFiles compiles a folder that is held in memory: the content of its files by their paths, with slashes.
func LoadFiles(files map[string][]byte) *Folder {
	inMemory := fstest.MapFS{}
	for name, content := range files {
		inMemory[name] = &fstest.MapFile{Data: content, Mode: 0o644}
	}
	return LoadFolder(inMemory, ".")
}

// FolderInForce returns the folder of the publication in force, with its tests. Without one the error is [ErrNoRules].
func (i *Installation) FolderInForce(ctx context.Context) (*Folder, map[string][]byte, error) {
	bundle, _, err := i.bundleInForce(ctx)
	if err != nil {
		return nil, nil, err
	}
	if bundle.Hash == "" {
		return nil, nil, ErrNoRules
	}
	return LoadFiles(bundle.Files), bundle.Files, nil
}

// bundleInForce returns the revision in force and the publication; both are zero if nothing is.
func (i *Installation) bundleInForce(ctx context.Context) (store.Bundle, store.Pointer, error) {
	current, err := i.store.Rulesets.Current(ctx)
	if err != nil || current.Hash == "" {
		return store.Bundle{}, current, err
	}
	bundle, err := i.store.Rulesets.Get(ctx, current.Hash)
	return bundle, current, err
}

var notInID = regexp.MustCompile(`[^a-z0-9]+`)

// DraftID names the draft of a person.
func DraftID(author string) string {
	id := strings.Trim(notInID.ReplaceAllString(strings.ToLower(author), "-"), "-")
	if len(id) > 64 {
		id = strings.Trim(id[:64], "-")
	}
	if id == "" {
		return "draft"
	}
	return id
}

// Drafts lists the drafts, the last saved first.
func (i *Installation) Drafts(ctx context.Context) ([]Draft, error) {
	drafts, err := i.openDrafts(ctx)
	if err != nil {
		return nil, err
	}
	stored, err := drafts.List(ctx)
	if err != nil {
		return nil, err
	}
	inForce, current, err := i.bundleInForce(ctx)
	if err != nil {
		return nil, err
	}
	answer := []Draft{}
	for _, d := range stored {
		answer = append(answer, describeDraft(d, inForce, current))
	}
	return answer, nil
}

// Draft returns a draft; an [*InputError] if there is none.
func (i *Installation) Draft(ctx context.Context, id string) (Draft, error) {
	drafts, err := i.openDrafts(ctx)
	if err != nil {
		return Draft{}, err
	}
	return i.readDraft(ctx, drafts, id)
}

// DraftOf returns a person's draft. Somebody who has none gets one of what is in force; it is stored when it is saved first.
func (i *Installation) DraftOf(ctx context.Context, author string) (Draft, error) {
	drafts, err := i.openDrafts(ctx)
	if err != nil {
		return Draft{}, err
	}
	draft, err := i.readDraft(ctx, drafts, DraftID(author))
	if !errors.Is(err, store.ErrNotFound) {
		return draft, err
	}
	bundle, current, err := i.bundleInForce(ctx)
	if err != nil {
		return Draft{}, err
	}
	files := maps.Clone(bundle.Files)
	if files == nil {
		files = map[string][]byte{}
	}
	fresh := store.Draft{
		ID:         DraftID(author),
		Author:     author,
		Base:       current.Hash,
		BaseNumber: current.Number,
		Files:      files,
	}
	return describeDraft(fresh, bundle, current), nil
}

func (i *Installation) openDrafts(ctx context.Context) (*store.Drafts, error) {
	return store.OpenDrafts(ctx, i.js)
}

func (i *Installation) readDraft(ctx context.Context, drafts *store.Drafts, id string) (Draft, error) {
	stored, err := drafts.Get(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return Draft{}, inputError(err)
	}
	if err != nil {
		return Draft{}, err
	}
	inForce, current, err := i.bundleInForce(ctx)
	if err != nil {
		return Draft{}, err
	}
	return describeDraft(stored, inForce, current), nil
}

func describeDraft(d store.Draft, inForce store.Bundle, current store.Pointer) Draft {
	hash := rules.Hash(d.Files)
	return Draft{
		Draft:     d,
		Hash:      hash,
		Approvers: append([]string{}, publish.Approvers(&d, hash)...),
		Current:   current,
		Changed:   append([]string{}, publish.ChangedFiles(inForce.Files, d.Files)...),
	}
}

// FileEdit replaces one file of a draft.
type FileEdit struct {
	Path    string
	Content []byte // nil: the file is removed
}

// DraftConflictError says that somebody else saved a draft since the editor saw it. Nothing was written.
type DraftConflictError struct {
	By string
	At time.Time
}

func (e *DraftConflictError) Error() string {
	return fmt.Sprintf("nothing was saved: %s saved this draft at %s, after you opened it. Look at their version, then save yours again", e.By, e.At.UTC().Format("15:04:05 MST"))
}

// SaveDraft replaces a file of a draft that still is as the editor saw it, and returns the draft as it is then. The folder need not
// compile. If somebody else saved it meanwhile the error is a [*DraftConflictError].
func (i *Installation) SaveDraft(ctx context.Context, d Draft, edit FileEdit, by string) (Draft, error) {
	if err := checkEdit(d.Files, edit); err != nil {
		return Draft{}, err
	}
	next := d.Draft
	next.Files = maps.Clone(d.Files)
	if edit.Content == nil {
		delete(next.Files, edit.Path)
	} else {
		next.Files[edit.Path] = rules.NormalizeFile(edit.Content)
	}
	next.SavedBy = by
	next.SavedAt = i.opts.Now().UTC()
	if !slices.Contains(next.Editors, by) {
		next.Editors = append(slices.Clone(next.Editors), by)
	}
	return i.writeDraft(ctx, next)
}

// checkEdit returns an [*InputError] if a file cannot be part of a folder.
func checkEdit(files map[string][]byte, edit FileEdit) error {
	_, exists := files[edit.Path]
	switch {
	case !rules.InFolder(edit.Path):
		return inputError(fmt.Errorf("%q is no file of an academy: write rules/NAME.yaml, messages/NAME.md, tests/NAME.yaml, settings.yaml, courses.yaml or catalog.yaml", edit.Path))
	case edit.Content == nil && !exists:
		return inputError(fmt.Errorf("there is no file %s", edit.Path))
	case len(edit.Content) > rules.MaxFile:
		return inputError(fmt.Errorf("%s has %d KiB; a file may have %d KiB", edit.Path, len(edit.Content)>>10, rules.MaxFile>>10))
	}
	return nil
}

// writeDraft stores a draft whose Revision is the one that was read.
func (i *Installation) writeDraft(ctx context.Context, d store.Draft) (Draft, error) {
	drafts, err := i.openDrafts(ctx)
	if err != nil {
		return Draft{}, err
	}
	revision, err := drafts.Put(ctx, d)
	if errors.Is(err, store.ErrDraftMoved) {
		theirs, lookup := drafts.Get(ctx, d.ID)
		if lookup != nil {
			return Draft{}, errors.Join(err, lookup)
		}
		return Draft{}, &DraftConflictError{By: theirs.SavedBy, At: theirs.SavedAt}
	}
	if err != nil {
		return Draft{}, err
	}
	d.Revision = revision
	inForce, current, err := i.bundleInForce(ctx)
	if err != nil {
		return Draft{}, err
	}
	return describeDraft(d, inForce, current), nil
}

// DiscardDraft deletes a draft that still is as somebody saw it.
func (i *Installation) DiscardDraft(ctx context.Context, d Draft) error {
	drafts, err := i.openDrafts(ctx)
	if err != nil {
		return err
	}
	return drafts.Delete(ctx, d.ID, d.Revision)
}

// RebaseDraft has a draft begin from what is in force now: files that only others changed become theirs. Files that both changed
// stay as the draft has them and are returned.
func (i *Installation) RebaseDraft(ctx context.Context, d Draft, by string) (rebased Draft, both []string, err error) {
	inForce, current, err := i.bundleInForce(ctx)
	if err != nil {
		return Draft{}, nil, err
	}
	var base store.Bundle
	if d.Base != "" {
		if base, err = i.store.Rulesets.Get(ctx, d.Base); err != nil {
			return Draft{}, nil, err
		}
	}
	next := d.Draft
	next.Files, both = publish.Rebase(base.Files, d.Files, inForce.Files)
	next.Base = current.Hash
	next.BaseNumber = current.Number
	next.SavedBy = by
	next.SavedAt = i.opts.Now().UTC()
	rebased, err = i.writeDraft(ctx, next)
	return rebased, both, err
}

// ProposeDraft asks for a draft to be put in force. The folder must compile.
func (i *Installation) ProposeDraft(ctx context.Context, d Draft, by, reason string) (Draft, error) {
	if strings.TrimSpace(reason) == "" {
		return Draft{}, inputError(errors.New("say why: the reason stands beside the proposal and in the history"))
	}
	if len(d.Changed) == 0 {
		return Draft{}, inputError(errors.New("this draft changes nothing of what is in force"))
	}
	if _, err := d.Folder().Compiled(); err != nil {
		return Draft{}, inputError(err)
	}
	next := d.Draft
	next.Proposal = &store.DraftProposal{Reason: strings.TrimSpace(reason), By: by, At: i.opts.Now().UTC()}
	if d.Proposal != nil {
		next.Proposal.Comments = d.Proposal.Comments
		next.Proposal.Approvals = d.Proposal.Approvals
	}
	return i.writeDraft(ctx, next)
}

// WithdrawDraft takes a proposal back; the draft stays.
func (i *Installation) WithdrawDraft(ctx context.Context, d Draft) (Draft, error) {
	next := d.Draft
	next.Proposal = nil
	return i.writeDraft(ctx, next)
}

// ApproveDraft records somebody's approval of the content with the hash that they saw.
func (i *Installation) ApproveDraft(ctx context.Context, d Draft, seen, by string) (Draft, error) {
	next := d.Draft
	if d.Proposal != nil {
		proposal := *d.Proposal
		proposal.Approvals = slices.Clone(proposal.Approvals)
		next.Proposal = &proposal
	}
	if err := publish.Approve(&next, d.Hash, seen, by, i.opts.Now().UTC()); err != nil {
		return Draft{}, inputError(err)
	}
	return i.writeDraft(ctx, next)
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
	proposal.Comments = append(slices.Clone(proposal.Comments), store.Comment{By: by, At: i.opts.Now().UTC(), Text: text})
	next.Proposal = &proposal
	return i.writeDraft(ctx, next)
}

// DraftPublication says how a draft is to be put in force.
type DraftPublication struct {
	Seen      string // hash of the content that the publisher looked at
	By        string
	Note      string
	RunPolicy engine.RunPolicy
	Approvals int // how many other people must have approved this very content
	// WithoutApproval publishes although approvals are missing. It is named in the note.
	WithoutApproval bool
	// Untested publishes although rule tests fail. It is named in the note.
	Untested   bool
	OnProgress func(PublishProgress) // may be nil
}

// FailedTestsError says that rule tests of a folder fail.
type FailedTestsError struct{ Failed []TestResult }

func (e *FailedTestsError) Error() string {
	var names []string
	for _, t := range e.Failed {
		names = append(names, t.Name+" ("+t.File+")")
	}
	return "rule tests fail: " + strings.Join(names, "; ")
}

// PublishDraft puts a draft in force and deletes it. It refuses a draft that was edited since it was looked at, one that began from
// something that is not in force any more, one whose tests fail, and one without the approvals it needs.
func (i *Installation) PublishDraft(ctx context.Context, d Draft, o DraftPublication) (*Publication, error) {
	if d.Hash != o.Seen {
		return nil, inputError(publish.ErrContentMoved)
	}
	if d.Moved() {
		return nil, inputError(fmt.Errorf("meanwhile %s published no. %d: rebase the draft, look at the difference, then publish it", d.Current.Author, d.Current.Number))
	}
	note := o.Note
	if err := publish.CheckApprovals(&d.Draft, d.Hash, o.Approvals); err != nil {
		if !o.WithoutApproval {
			return nil, inputError(err)
		}
		note = joinNotes(note, "published without approval")
	}
	folder := d.Folder()
	academy, err := folder.Compiled()
	if err != nil {
		return nil, inputError(err)
	}
	if err := checkTests(ctx, folder); err != nil {
		var failed *FailedTestsError
		if !errors.As(err, &failed) || !o.Untested {
			return nil, inputError(err)
		}
		note = joinNotes(note, "published although tests fail")
	}
	publication, err := i.PreparePublication(ctx, academy, o.RunPolicy, o.OnProgress)
	if err != nil {
		return nil, err
	}
	if err := i.Publish(ctx, publication, PublishOptions{Author: o.By, Note: note, OnProgress: o.OnProgress}); err != nil {
		return nil, err
	}
	if d.Revision == 0 {
		return publication, nil
	}
	if err := i.DiscardDraft(ctx, d); err != nil && !errors.Is(err, store.ErrDraftMoved) { // somebody goes on editing it
		return publication, err
	}
	return publication, nil
}

func joinNotes(note, more string) string {
	if note == "" {
		return more
	}
	return note + " (" + more + ")"
}

// checkTests returns a [*FailedTestsError] if rule tests of a folder fail.
func checkTests(ctx context.Context, f *Folder) error {
	results, err := AllTests(ctx, f)
	if err != nil {
		return err
	}
	var failed []TestResult
	for _, r := range results {
		if !r.Passed {
			failed = append(failed, r)
		}
	}
	if len(failed) > 0 {
		return &FailedTestsError{Failed: failed}
	}
	return nil
}

// DraftDiff returns how a draft differs from what is in force, as a unified diff; empty: not at all. It needs no folder that compiles.
func (i *Installation) DraftDiff(ctx context.Context, d Draft) (string, error) {
	inForce, _, err := i.bundleInForce(ctx)
	if err != nil {
		return "", err
	}
	return publish.DiffFiles(inForce.Files, d.Files), nil
}
