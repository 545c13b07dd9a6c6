package admin_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"homeroom/admin"
)

// TestManyPauseAtOnce: one of them pauses, and the others find the pause with that one's note.
func TestManyPauseAtOnce(t *testing.T) {
	i, _ := openAudited(t)
	var paused atomic.Int32
	var first atomic.Value
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			note := fmt.Sprint("reason ", n)
			change, err := i.Pause(t.Context(), admin.PauseOptions{Author: "maya", Note: note})
			switch {
			case err != nil:
				t.Error(err)
			case change.Changed:
				paused.Add(1)
				first.Store(note)
			case !change.Before.Paused:
				t.Error("nothing was changed, and it was not paused")
			}
		})
	}
	all.Wait()
	state, err := i.KillSwitch(t.Context())
	if err != nil || paused.Load() != 1 || !state.Paused || state.Note != first.Load() {
		t.Errorf("%d paused, the first with %v; the switch is %+v, %v", paused.Load(), first.Load(), state, err)
	}
}

// TestResumeLiftsWhatWasSeen: somebody who paused while another resumed stays paused.
func TestResumeLiftsWhatWasSeen(t *testing.T) {
	i, _ := openAudited(t)
	ctx := t.Context()
	if _, err := i.Pause(ctx, admin.PauseOptions{Author: "maya", Note: "wrong price"}); err != nil {
		t.Fatal(err)
	}
	seen, err := i.KillSwitch(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := i.Pause(ctx, admin.PauseOptions{Author: "tom", Note: "a broken link", Replace: true}); err != nil {
		t.Fatal(err)
	}
	if err := i.LiftPause(ctx, seen, admin.KillSwitch{By: "maya"}); err == nil {
		t.Error("a later pause was lifted")
	}
	if state, err := i.KillSwitch(ctx); err != nil || state.Note != "a broken link" || !state.Paused {
		t.Errorf("the switch is %+v, %v", state, err)
	}
	if change, err := i.Resume(ctx, "maya", ""); err != nil || !change.Changed {
		t.Errorf("%+v, %v", change, err)
	}
}
