package admin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing/fstest"
	"time"

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

// maxReadableID is how much of a person's name stands in the name of their draft, in bytes.
const maxReadableID = 40

// DraftID names the draft of a person: by their name, and where a name needs other characters, with a part of its hash, so that no
// two people have one draft.
func DraftID(author string) string {
	id := strings.Trim(notInID.ReplaceAllString(strings.ToLower(author), "-"), "-")
	if id == author && len(id) <= maxReadableID {
		return id
	}
	sum := sha256.Sum256([]byte(author))
	id = strings.Trim(id[:min(len(id), maxReadableID)]+"-"+hex.EncodeToString(sum[:5]), "-")
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

// DraftConflictError says that somebody else saved a draft since the editor saw it, or that it is gone. Nothing was written.
type DraftConflictError struct {
	By string // empty: the draft was published or discarded
	At time.Time
}

func (e *DraftConflictError) Error() string {
	if e.By == "" {
		return "nothing was saved: this draft was published or discarded after you opened it. Save again to begin a new one"
	}
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
	i.noteSaved(&next, by)
	return i.writeEdited(ctx, next, by)
}

// noteSaved records who changed a draft's content, and when.
func (i *Installation) noteSaved(d *store.Draft, by string) {
	d.SavedBy = by
	d.SavedAt = i.MachineNow().UTC()
	if !slices.Contains(d.Editors, by) {
		d.Editors = append(slices.Clone(d.Editors), by)
	}
}

// checkEdit returns an [*InputError] if a file cannot be part of a folder.
func checkEdit(files map[string][]byte, edit FileEdit) error {
	_, exists := files[edit.Path]
	switch {
	case !exists && !rules.InFolder(edit.Path):
		return inputError(fmt.Errorf("%q is no file of an academy: write rules/NAME.yaml, messages/NAME.md, tests/NAME.yaml, settings.yaml, courses.yaml or catalog.yaml", edit.Path))
	case edit.Content == nil && !exists:
		return inputError(fmt.Errorf("there is no file %s", edit.Path))
	case len(edit.Content) > rules.MaxFile:
		return inputError(fmt.Errorf("%s has %d KiB; a file may have %d KiB", edit.Path, len(edit.Content)>>10, rules.MaxFile>>10))
	}
	return nil
}

// writeDraft writes a draft that somebody changed, unless it is being put in force just now.
func (i *Installation) writeDraft(ctx context.Context, d store.Draft) (Draft, error) {
	if err := i.checkNotUnderWay(d.Schedule); err != nil {
		return Draft{}, err
	}
	return i.putDraft(ctx, d)
}

// checkNotUnderWay returns an [*InputError] while a process puts a draft with the schedule in force.
func (i *Installation) checkNotUnderWay(s *DraftSchedule) error {
	if err := publish.CheckNotUnderWay(s, i.MachineNow()); err != nil {
		return inputError(err)
	}
	return nil
}

// putDraft stores a draft whose Revision is the one that was read.
func (i *Installation) putDraft(ctx context.Context, d store.Draft) (Draft, error) {
	drafts, err := i.openDrafts(ctx)
	if err != nil {
		return Draft{}, err
	}
	revision, err := drafts.Put(ctx, d)
	if errors.Is(err, store.ErrDraftMoved) {
		theirs, lookup := drafts.Get(ctx, d.ID)
		if lookup != nil && !errors.Is(lookup, store.ErrNotFound) {
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
	if err := i.checkNotUnderWay(d.Schedule); err != nil {
		return err
	}
	return i.recordAct(ctx, AuditRecord{Action: store.ActionDiscard, Target: d.ID, Hash: d.Hash}, func() error {
		return i.deleteDraft(ctx, d)
	})
}

func (i *Installation) deleteDraft(ctx context.Context, d Draft) error {
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
	i.noteSaved(&next, by)
	rebased, err = i.writeEdited(ctx, next, by)
	return rebased, both, err
}

// DraftDiff returns how a draft differs from what is in force, as a unified diff; empty: not at all. It needs no folder that compiles.
func (i *Installation) DraftDiff(ctx context.Context, d Draft) (string, error) {
	inForce, _, err := i.bundleInForce(ctx)
	if err != nil {
		return "", err
	}
	return publish.DiffFiles(inForce.Files, d.Files), nil
}
