package workflows_test

import (
	"testing"

	"homeroom/workflows"
)

// TestWorkflowIDs: what people recognize stays as it is, and every id that a learner may have is one that Temporal's
// clients can send.
func TestWorkflowIDs(t *testing.T) {
	for learner, want := range map[string]string{
		"u_42":            "learner/u_42",
		"auth0|7":         "learner/auth0|7",
		"ada@example.org": "learner/ada@example.org",
		"Zoë 🎓":           "learner/Zo=C3=AB=20=F0=9F=8E=93",
		"Zo=C3=AB":        "learner/Zo=3DC3=3DAB",
	} {
		if got := workflows.WorkflowID(learner); got != want {
			t.Errorf("WorkflowID(%q) = %q, want %q", learner, got, want)
		}
	}
}

func TestBroadcastEvent(t *testing.T) {
	for _, event := range []string{"bc-1", "bm90aXo=", "bm90aXo=3D", "neue Lektion", "über uns", "a/b", ".."} {
		if got, ok := workflows.BroadcastEvent(workflows.BroadcastID(event)); !ok || got != event {
			t.Errorf("BroadcastEvent(BroadcastID(%q)) = %q, %v", event, got, ok)
		}
	}
	for _, id := range []string{"", "bc-1", "learner/bc-1", "broadcast/=", "broadcast/=zz", "broadcast/=41", "broadcast/a b"} {
		if got, ok := workflows.BroadcastEvent(id); ok {
			t.Errorf("BroadcastEvent(%q) = %q, want none", id, got)
		}
	}
}

func TestLearnerOf(t *testing.T) {
	for _, learner := range []string{"u_42", "auth0|7", "Zoë 🎓", "Zo=C3=AB", "a/b"} {
		if got, ok := workflows.LearnerOf(workflows.WorkflowID(learner)); !ok || got != learner {
			t.Errorf("LearnerOf(WorkflowID(%q)) = %q, %v", learner, got, ok)
		}
	}
	for _, id := range []string{"", "u_42", "other/u_42", "learner/=", "learner/=4", "learner/=zz", "learner/=41", "learner/=c3"} {
		if got, ok := workflows.LearnerOf(id); ok {
			t.Errorf("LearnerOf(%q) = %q, want none", id, got)
		}
	}
}
