package cli_test

import (
	"testing"

	"homeroom/internal/clitest"
)

// TestPauseWhilePaused: the first note stays and is told, until somebody asks to replace it.
func TestPauseWhilePaused(t *testing.T) {
	w := clitest.Open(t, "../../examples/academy")
	note := func() string {
		state, err := w.Store.Control.PauseState(t.Context())
		if err != nil || !state.Paused {
			t.Fatalf("%+v, %v", state, err)
		}
		return state.Note
	}
	clitest.WantParts(t, w.MustRun(0, "pause", "wrong price"), "Paused: nothing goes out")
	clitest.WantParts(t, w.MustRun(0, "pause", "a broken link"), "Already paused by ", ": wrong price. That stays, and your note was not written", "--replace")
	if got := note(); got != "wrong price" {
		t.Errorf("the note is %q", got)
	}
	clitest.WantParts(t, w.MustRun(0, "pause"), "Already paused by ", ": wrong price. `homeroom resume` lifts it")
	clitest.WantParts(t, w.MustRun(2, "pause", "--replace"), "say why")
	clitest.WantParts(t, w.MustRun(0, "pause", "a broken link", "--replace"), "your note stands in the place of the one by ", ": wrong price")
	if got := note(); got != "a broken link" {
		t.Errorf("the note is %q", got)
	}
}

// TestADamagedSwitchIsWrittenAnew: a record that cannot be read stops all sending, and pausing or resuming mends it.
func TestADamagedSwitchIsWrittenAnew(t *testing.T) {
	for _, command := range []string{"pause", "resume"} {
		w := clitest.Open(t, "../../examples/academy")
		bucket, err := w.JS.KeyValue(t.Context(), "homeroom_control")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := bucket.Put(t.Context(), "paused", []byte(`{"paused":`)); err != nil {
			t.Fatal(err)
		}
		w.MustRun(0, command, "after the damage")
		state, err := w.Store.Control.PauseState(t.Context())
		if err != nil || state.Paused != (command == "pause") || state.Note != "after the damage" {
			t.Errorf("%s: %+v, %v", command, state, err)
		}
	}
}
