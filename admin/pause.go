package admin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"homeroom/internal/narrate"
	"homeroom/store"
)

// KillSwitch is the state of the switch that stops all sending.
type KillSwitch = store.Pause

// KillSwitchChange is what pausing or resuming did.
type KillSwitchChange struct {
	Before  KillSwitch `json:"before"`
	Changed bool       `json:"changed"` // false: it was so already, and nothing was written
}

// KillSwitch returns whether sending is paused.
func (i *Installation) KillSwitch(ctx context.Context) (KillSwitch, error) {
	return i.store.Control.PauseState(ctx)
}

// PauseOptions say who pauses, and why.
type PauseOptions struct {
	Author  string
	Note    string
	Replace bool // if it is paused already, put author, time and note in the place of the first ones; it needs a note
}

// Pause stops all sending at once. If it is paused already, the first author, time and note stay unless they are to be replaced: whoever
// comes later finds why it began. It is recorded afterwards: what stops sending waits for nothing. An error with Changed says that only
// the record is missing.
func (i *Installation) Pause(ctx context.Context, opts PauseOptions) (KillSwitchChange, error) {
	if opts.Replace && opts.Note == "" {
		return KillSwitchChange{}, inputError(errors.New("say why: a note that replaces another cannot be empty"))
	}
	before, err := i.readKillSwitch(ctx)
	if err != nil || before.Paused && !opts.Replace {
		return KillSwitchChange{Before: before}, err
	}
	if err := i.store.Control.Pause(ctx, opts.Author, opts.Note, i.opts.Now().UTC()); err != nil {
		return KillSwitchChange{Before: before}, err
	}
	return KillSwitchChange{Before: before, Changed: true}, i.recordDone(ctx, AuditRecord{Action: store.ActionPause})
}

// readKillSwitch returns the state of the switch before a change. A record that cannot be read counts as not paused: pausing writes it anew.
func (i *Installation) readKillSwitch(ctx context.Context) (KillSwitch, error) {
	before, err := i.KillSwitch(ctx)
	if errors.Is(err, store.ErrDamaged) {
		return KillSwitch{}, nil
	}
	return before, err
}

// DescribePause says who paused, when and why: "ada at 2026-03-02T10:00:00Z: wrong price".
func DescribePause(s KillSwitch) string {
	return fmt.Sprintf("%s at %s%s", s.By, s.At.Format(time.RFC3339), narrate.NoteSuffix(s.Note))
}

// Resume lets messages go out again, in the author's name.
func (i *Installation) Resume(ctx context.Context, author, note string) (KillSwitchChange, error) {
	before, err := i.KillSwitch(ctx)
	damaged := errors.Is(err, store.ErrDamaged) // resuming writes it anew
	if err != nil && !damaged || !before.Paused && !damaged {
		return KillSwitchChange{Before: before}, err
	}
	err = i.recordAct(ctx, AuditRecord{Action: store.ActionResume}, func() error {
		return i.store.Control.Resume(ctx, author, note, i.opts.Now().UTC())
	})
	return KillSwitchChange{Before: before, Changed: err == nil}, err
}
