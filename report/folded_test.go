package report

import (
	"testing"
	"time"

	"homeroom/engine"
)

// TestAFoldedSkipCountsAsOftenAsItHappened: once more when it is read again it counts nothing.
func TestAFoldedSkipCountsAsOftenAsItHappened(t *testing.T) {
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	d := engine.Decision{
		ID:      "d1",
		At:      at,
		Learner: "ada",
		Rule:    "welcome",
		Kind:    engine.KindSkipped,
		Reason:  engine.ReasonRunning,
		Count:   40,
		Last:    at.Add(time.Minute),
	}
	c := NewCounter(Options{})
	c.Decision(&d)
	c.Decision(&d)
	if got := c.Report().Total.Skipped["running"]; got != 40 {
		t.Errorf("skipped %d times, want 40", got)
	}
	story := NewStory("ada", []engine.Decision{d, d}, nil, StoryOptions{})
	if entry := story.Runs[0].Entries[0]; len(story.Runs[0].Entries) != 1 || entry.Times != 40 || !entry.Last.Equal(d.Last) {
		t.Errorf("entry = %+v, want one, 40 times until %v", entry, d.Last)
	}
}
