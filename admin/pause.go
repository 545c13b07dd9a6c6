package admin

import (
	"context"

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

// Pause stops all sending at once, in the author's name. If it is paused already and there is no new note, the first note
// stays. It is recorded afterwards: what stops sending waits for nothing. An error with Changed says that only the record is missing.
func (i *Installation) Pause(ctx context.Context, author, note string) (KillSwitchChange, error) {
	before, err := i.KillSwitch(ctx)
	if err != nil || before.Paused && note == "" {
		return KillSwitchChange{Before: before}, err
	}
	if err := i.store.Control.Pause(ctx, author, note, i.opts.Now().UTC()); err != nil {
		return KillSwitchChange{Before: before}, err
	}
	return KillSwitchChange{Before: before, Changed: true}, i.recordDone(ctx, AuditRecord{Action: store.ActionPause})
}

// Resume lets messages go out again, in the author's name.
func (i *Installation) Resume(ctx context.Context, author, note string) (KillSwitchChange, error) {
	before, err := i.KillSwitch(ctx)
	if err != nil || !before.Paused {
		return KillSwitchChange{Before: before}, err
	}
	err = i.recordAct(ctx, AuditRecord{Action: store.ActionResume}, func() error {
		return i.store.Control.Resume(ctx, author, note, i.opts.Now().UTC())
	})
	return KillSwitchChange{Before: before, Changed: err == nil}, err
}
