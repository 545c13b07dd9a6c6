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

// TestADeferralOfSeveralRunsIsToldWithEach: it counts with each rule, once, and stands in each run's story.
func TestADeferralOfSeveralRunsIsToldWithEach(t *testing.T) {
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	runs := []engine.DecidedRun{
		{ID: "d1", Rule: "retry", Scope: "assessment_id=q1", Message: "again", Run: "r1"},
		{ID: "d2", Rule: "later", Scope: "assessment_id=q1", Message: "later", Run: "r2"},
	}
	d := engine.Decision{
		ID:      "d12",
		At:      at,
		Learner: "ada",
		Rule:    "retry",
		Scope:   "assessment_id=q1",
		Message: "again",
		Run:     "r1",
		Kind:    engine.KindDeferred,
		Reason:  engine.ReasonBehind,
		Until:   at.Add(2 * time.Second),
		Runs:    &runs,
	}
	c := NewCounter(Options{})
	c.Decision(&d)
	c.Decision(&d)
	r := c.Report()
	if got := r.Total.Deferred["behind"]; got != 2 {
		t.Errorf("deferred %d times, want 2", got)
	}
	for _, rule := range r.Rules {
		if got := rule.Deferred["behind"]; got != 1 {
			t.Errorf("%s was deferred %d times, want 1", rule.Rule, got)
		}
	}
	story := NewStory("ada", []engine.Decision{d, d}, nil, StoryOptions{})
	told := map[string]string{}
	for _, run := range story.Runs {
		if len(run.Entries) != 1 {
			t.Errorf("run %s has %d entries, want 1", run.Run, len(run.Entries))
		}
		told[run.Rule+" "+run.Run] = run.Entries[0].Message
	}
	if len(told) != 2 || told["retry r1"] != "again" || told["later r2"] != "later" {
		t.Errorf("the story tells of %v", told)
	}
}
