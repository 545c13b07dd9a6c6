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
	changed := false
	before, err := i.store.Control.ChangePause(ctx, func(p *store.Pause, _ bool) bool {
		changed = !p.Paused || opts.Replace
		*p = KillSwitch{
			Paused: true,
			By:     opts.Author,
			Note:   opts.Note,
			At:     i.MachineNow().UTC(),
		}
		return changed
	})
	if err != nil || !changed {
		return KillSwitchChange{Before: before}, err
	}
	return KillSwitchChange{Before: before, Changed: true}, i.recordDone(ctx, AuditRecord{Action: store.ActionPause})
}

// DescribePause says who paused, when and why: "ada at 2026-03-02T10:00:00Z: wrong price".
func DescribePause(s KillSwitch) string {
	return fmt.Sprintf("%s at %s%s", s.By, s.At.Format(time.RFC3339), narrate.NoteSuffix(s.Note))
}

// errPauseMoved says that a pause is not the one that was to be lifted.
var errPauseMoved = errors.New("somebody paused sending in the same moment, so nothing was lifted: resume again if you still mean to")

// Resume lets messages go out again, in the author's name. It lifts the pause that is there when it is called, and no later one.
func (i *Installation) Resume(ctx context.Context, author, note string) (KillSwitchChange, error) {
	before, err := i.KillSwitch(ctx)
	damaged := errors.Is(err, store.ErrDamaged) // resuming writes it anew
	if err != nil && !damaged || !before.Paused && !damaged {
		return KillSwitchChange{Before: before}, err
	}
	err = i.recordAct(ctx, AuditRecord{Action: store.ActionResume}, func() error {
		return i.liftPause(ctx, before, KillSwitch{
			By:   author,
			Note: note,
			At:   i.MachineNow().UTC(),
		})
	})
	return KillSwitchChange{Before: before, Changed: err == nil}, err
}

// liftPause puts a lifted switch in the place of the pause that was seen, or of a damaged record.
func (i *Installation) liftPause(ctx context.Context, seen, lifted KillSwitch) error {
	moved := false
	_, err := i.store.Control.ChangePause(ctx, func(p *store.Pause, damaged bool) bool {
		moved = !damaged && *p != seen
		*p = lifted
		return !moved
	})
	if err == nil && moved {
		return errPauseMoved
	}
	return err
}
