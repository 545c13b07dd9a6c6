package e2e

import (
	"context"
	"fmt"
	"testing"

	"homeroom/dev/harness"
	"homeroom/dev/instance"
	"homeroom/engine"
	"homeroom/subjects"
	"homeroom/worker"
	"homeroom/workflows"
)

// TestAnEventThatConcernsMany: a new lesson reaches those who are in its course, each once, however often it is published, and nobody else.
func TestAnEventThatConcernsMany(t *testing.T) {
	t.Parallel()
	w := open(t, harness.Academy(t, map[string]string{"rules/new-lesson.yaml": `rule: new-lesson
when:
  event: content.published
  if: event.content_type == "lesson"
  audience: {in: course, if: "!has(course.completed_at)"}
per: content_id
do: [{send: nudge}]
`}), instance.Options{})
	const members = 30
	for n := range members {
		w.publish(fmt.Sprintf("in%d", n), "enrollment.created", map[string]any{"course_id": "crs_go"})
	}
	w.publish("elsewhere", "enrollment.created", map[string]any{"course_id": "crs_sql"})
	w.publish("done", "enrollment.created", map[string]any{"course_id": "crs_go"})
	w.publish("done", "course.completed", map[string]any{"course_id": "crs_go"})
	w.waitForStandings(members + 2)

	lesson := map[string]any{"content_id": "l1", "content_type": "lesson", "course_id": "crs_go"}
	first := w.publish(subjects.NoLearner, "content.published", lesson)
	w.publish(subjects.NoLearner, "content.published", map[string]any{"content_id": "v1", "content_type": "video", "course_id": "crs_go"})
	w.wait(members, of("", engine.KindSent))
	got := w.waitForBroadcast(first)
	if got.Counts.Reached != members || got.Counts.Seen != members+2 || got.Counts.LeftOut["not_in_course"] != 1 || got.Counts.LeftOut["condition"] != 1 {
		t.Errorf("the broadcast says %+v", got)
	}
	w.keepBroadcast(first, "broadcast")
	w.waitForBroadcast(w.publish(subjects.NoLearner, "content.published", lesson))
	w.wait(members, of("", engine.KindSkipped)) // again: never
	sent := w.heard.all(of("", engine.KindSent))
	if len(sent) != members || len(learners(sent)) != members {
		t.Errorf("%d messages to %d learners, want %d", len(sent), len(learners(sent)), members)
	}
}

// TestABroadcastIsPaused: one that a person starts reaches nobody while it is paused, and everybody once when it goes on; one that is cancelled reaches nobody else.
func TestABroadcastIsPaused(t *testing.T) {
	t.Parallel()
	w := open(t, harness.Academy(t, map[string]string{"rules/announce.yaml": `rule: announce
when: {broadcast: true}
again: always
do: [{send: nudge}]
`}), instance.Options{})
	const members = 24
	for n := range members {
		w.publish(fmt.Sprintf("u%d", n), "enrollment.created", map[string]any{"course_id": "crs_go"})
	}
	w.waitForStandings(members)
	start := func(id string, perSecond float64) {
		t.Helper()
		in := workflows.BroadcastInput{
			PerSecond: perSecond,
			Event: engine.Event{
				ID:         id,
				Name:       engine.EventBroadcast,
				Properties: map[string]any{engine.KeyBroadcastRule: "announce"},
			},
		}
		if started, err := worker.StartBroadcast(w.ctx, w.instance.Temporal, in); err != nil || !started {
			t.Fatalf("started: %v, %v", started, err)
		}
		if started, err := worker.StartBroadcast(w.ctx, w.instance.Temporal, in); err != nil || started {
			t.Fatalf("started a second time: %v, %v", started, err)
		}
	}
	control := func(id string, do workflows.BroadcastCommand) {
		t.Helper()
		c := workflows.BroadcastControl{Do: do, By: "ada"}
		if err := w.instance.Temporal.SignalWorkflow(w.ctx, workflows.BroadcastID(id), "", workflows.SignalBroadcastControl, c); err != nil {
			t.Fatal(err)
		}
	}
	start("b1", 4) // it would take six seconds
	w.wait(1, of("", engine.KindSent))
	control("b1", workflows.BroadcastPause)
	harness.Eventually(t, w.ctx, "it rests", func() error {
		p := w.queryBroadcast("b1")
		pending := w.describeID(workflows.BroadcastID("b1")).PendingActivities
		if p.Status != workflows.BroadcastIsPaused || len(pending) > 0 {
			return fmt.Errorf("%+v, %d activities", p, len(pending))
		}
		return nil
	})
	if p := w.queryBroadcast("b1"); p.Counts.Reached >= members || p.ByWhom != "ada" {
		t.Errorf("paused, it has reached %+v", p)
	}
	control("b1", workflows.BroadcastResume)
	w.wait(members, of("", engine.KindSent))
	if p := w.waitForBroadcast("b1"); p.Status != workflows.BroadcastDone || p.Counts.Reached < members {
		t.Errorf("it ended as %+v", p)
	}
	w.keepBroadcast("b1", "broadcast-paused")
	if sent := w.heard.all(of("", engine.KindSent)); len(sent) != members || len(learners(sent)) != members {
		t.Errorf("%d messages to %d learners, want %d", len(sent), len(learners(sent)), members)
	}

	start("b2", 0.5)
	w.wait(members+1, of("", engine.KindSent))
	control("b2", workflows.BroadcastCancel)
	if p := w.waitForBroadcast("b2"); p.Status != workflows.BroadcastCancelled || p.Counts.Reached >= members {
		t.Errorf("it ended as %+v", p)
	}
}

func (w *world) queryBroadcast(id string) (p workflows.BroadcastProgress) {
	w.t.Helper()
	answer, err := w.instance.Temporal.QueryWorkflow(w.ctx, workflows.BroadcastID(id), "", workflows.QueryBroadcast)
	if err == nil {
		err = answer.Get(&p)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// keepBroadcast replays a broadcast and, if histories are recorded, keeps it.
func (w *world) keepBroadcast(id, name string) {
	w.t.Helper()
	history := w.historyOf(workflows.BroadcastID(id), "")
	if err := harness.ReplayHistory(history); err != nil {
		w.t.Errorf("%s does not replay: %v", name, err)
	}
	if *record {
		harness.KeepHistory(w.t, name, history)
	}
}

// waitForStandings waits until so many learners are known.
func (w *world) waitForStandings(n int) {
	w.t.Helper()
	harness.Eventually(w.t, w.ctx, "the learners are known", func() error {
		_, known, err := w.instance.App.Store().Standings.Ranges(w.ctx, 0, 1)
		if err == nil && known < n {
			err = fmt.Errorf("%d of %d", known, n)
		}
		return err
	})
}

// waitForBroadcast waits for the end of an event's broadcast.
func (w *world) waitForBroadcast(event string) workflows.BroadcastProgress {
	w.t.Helper()
	var progress workflows.BroadcastProgress
	harness.Eventually(w.t, w.ctx, "the broadcast is over", func() error {
		_, err := w.instance.Temporal.DescribeWorkflowExecution(w.ctx, workflows.BroadcastID(event), "")
		return err
	})
	if err := w.instance.Temporal.GetWorkflow(context.WithoutCancel(w.ctx), workflows.BroadcastID(event), "").Get(w.ctx, &progress); err != nil {
		w.t.Fatal(err)
	}
	return progress
}
