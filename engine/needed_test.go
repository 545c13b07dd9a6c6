package engine_test

import (
	"slices"
	"testing"
	"time"

	"homeroom/engine"
)

// TestEventsNeeded: what starts a rule is told from what it only hears.
func TestEventsNeeded(t *testing.T) {
	rules := &engine.Ruleset{Rules: []*engine.Rule{
		{Name: "welcome", When: engine.Trigger{Match: engine.Match{Event: "user.signed_up"}}, Goal: &engine.Goal{Match: engine.Match{Event: "lesson.completed"}}},
		{Name: "silent", When: engine.Trigger{Inactive: 72 * time.Hour}, Until: []engine.Match{{Event: "lesson.completed"}}},
		{Name: "again", When: engine.Trigger{Match: engine.Match{Event: "user.signed_up"}}},
	}}
	needed := rules.EventsNeeded()
	if got := needed["user.signed_up"].Starts; !slices.Equal(got, []string{"again", "welcome"}) {
		t.Errorf("user.signed_up starts %v", got)
	}
	if got := needed["lesson.completed"]; len(got.Starts) > 0 || !slices.Equal(got.Heard, []string{"silent", "welcome"}) {
		t.Errorf("lesson.completed is %+v", got)
	}
	if got := needed["enrollment.created"].Starts; !slices.Equal(got, []string{"silent"}) {
		t.Errorf("enrollment.created starts %v", got)
	}
}
