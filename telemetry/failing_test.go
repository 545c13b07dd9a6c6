package telemetry_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"homeroom/telemetry"
)

// TestLearnersWhoFailAreCountedNowAndThen: Temporal is asked every 30 seconds at most, within a time; without its answer nothing is told.
func TestLearnersWhoFailAreCountedNowAndThen(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	tel := open(t, telemetry.Options{Now: func() time.Time { return now }})
	asked := 0
	var failure error
	tel.Watch(telemetry.Sources{Failing: func(ctx context.Context) (int, error) {
		if _, bounded := ctx.Deadline(); !bounded {
			t.Error("the question is not bounded")
		}
		asked++
		return asked, failure
	}})
	for _, step := range []struct {
		name  string
		later time.Duration
		err   error
		line  string // empty: none
		asked int
	}{
		{"the first time", 0, nil, "homeroom_learners_failing 1\n", 1},
		{"soon again", 29 * time.Second, nil, "homeroom_learners_failing 1\n", 1},
		{"later", time.Second, nil, "homeroom_learners_failing 2\n", 2},
		{"Temporal is away", time.Minute, errors.New("away"), "", 3},
		{"and is back", time.Minute, nil, "homeroom_learners_failing 4\n", 4},
	} {
		now = now.Add(step.later)
		failure = step.err
		text := scrape(t, tel)
		if step.line == "" && strings.Contains(text, "\nhomeroom_learners_failing ") || !strings.Contains(text, step.line) {
			t.Errorf("%s: want %q in\n%s", step.name, step.line, text)
		}
		if asked != step.asked {
			t.Errorf("%s: Temporal was asked %d times, want %d", step.name, asked, step.asked)
		}
	}
}
