package main

import (
	"context"
	"fmt"
	"time"

	"homeroom/admin"
	"homeroom/catalog"
	"homeroom/dev/browser"
	"homeroom/dev/instance"
	"homeroom/engine"
	"homeroom/internal/clock"
	"homeroom/subjects"
)

// startBroadcasts publishes a new lesson, which concerns the learners of a course, has maya start the announcement for everybody, and waits until both are over.
func (s *school) startBroadcasts(ctx context.Context, _ *browser.Tab) error {
	publisher := instance.Publisher{JS: s.instance.JS, Catalog: s.academy.Catalog}
	lesson, err := publisher.Message(catalog.Decoded{Event: engine.Event{
		ID:      "lesson-9",
		Name:    "content.published",
		Learner: subjects.NoLearner,
		Time:    s.instance.Clock.Now(),
		Properties: map[string]any{
			"content_id":   "lesson-9",
			"content_type": "lesson",
			"course_id":    "crs_python101",
		},
	}})
	if err != nil {
		return err
	}
	if err := publisher.Publish(ctx, lesson); err != nil {
		return err
	}
	maya := s.console.Installation.As(admin.Actor{Name: "maya", Way: admin.WayConsole})
	if _, err := maya.StartBroadcast(ctx, admin.BroadcastOptions{Rule: "announcement"}); err != nil {
		return err
	}
	for deadline := time.Now().Add(browser.MaxWait); time.Now().Before(deadline); {
		over, err := s.countEnded(ctx)
		if err != nil || over == 2 {
			return err
		}
		if err := clock.Sleep(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("the broadcasts are still under way")
}

// countEnded returns how many broadcasts are over.
func (s *school) countEnded(ctx context.Context) (ended int, err error) {
	broadcasts, err := s.console.Installation.Broadcasts(ctx, 10)
	if err != nil {
		return 0, err
	}
	for i := range broadcasts {
		if !broadcasts[i].Live() {
			ended++
		}
	}
	return ended, nil
}
