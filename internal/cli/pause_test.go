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
