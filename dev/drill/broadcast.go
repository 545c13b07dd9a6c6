package drill

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"

	"homeroom/admin"
	"homeroom/catalog"
	"homeroom/dev/process"
	"homeroom/engine"
	"homeroom/internal/clock"
	"homeroom/subjects"
	"homeroom/workflows"
)

// broadcastDrill kills Homeroom while two broadcasts are under way.
func broadcastDrill() Drill {
	return Drill{
		Name:  "broadcast",
		About: "kill -9 of Homeroom, several times, while two broadcasts are under way, one of an event and one of a person: every learner of the audience is mailed once, and nobody else",
		setup: setup{
			clock:       func(Size) clock.Clock { return clock.New(time.Now(), time.Now(), settlingFactor) },
			settleAfter: settlingAfter,
			// A mail is being handed over when its process dies. In time-lapse no other one may come in that second whose reports are evidence.
			mayStayUncertain: true,
			academy: map[string]string{
				"rules/lesson.yaml": `rule: lesson
when:
  event: content.published
  audience: {in: course, if: "!has(course.completed_at)"}
do: [{send: lesson}]
`,
				"rules/announce.yaml": `rule: announce
when: {broadcast: true, audience: {in: course}}
do: [{send: announce}]
`,
				"messages/lesson.md":   "---\nsubject: lesson\n---\nThere is a new lesson.\n",
				"messages/announce.md": "---\nsubject: announce\n---\nThere is news.\n",
			},
		},
		run: func(ctx context.Context, w *world) error {
			b := &broadcastRun{world: w, kills: bySize(w.o.Size, 5, 1)}
			return b.runBroadcasts(ctx, bySize(w.o.Size, 1600, 96), bySize(w.o.Size, 20.0, 16))
		},
	}
}

// broadcastCourse is the course whose learners are concerned.
const broadcastCourse = "c1"

type broadcastRun struct {
	*world
	kills  int
	events []string // those that are broadcast, by id
}

// runBroadcasts enrolls learners, starts both broadcasts, and kills Homeroom while the person's is under way, which hands over perSecond.
func (b *broadcastRun) runBroadcasts(ctx context.Context, learners int, perSecond float64) error {
	if err := b.enrollLearners(ctx, learners); err != nil {
		return err
	}
	if err := b.awaitDrained(ctx); err != nil {
		return err
	}
	if err := b.publishLesson(ctx); err != nil {
		return err
	}
	if err := b.startByPerson(ctx, perSecond); err != nil {
		return err
	}
	for n := range b.kills {
		if err := b.killMidway(ctx, n+1); err != nil {
			return err
		}
	}
	for _, id := range b.events {
		if err := b.awaitBroadcast(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// enrollLearners publishes the learners' own events: a quarter is in another course, a tenth has completed the course, and a twentieth has no address.
func (b *broadcastRun) enrollLearners(ctx context.Context, learners int) error {
	var events []*event
	for k := range learners {
		p := person{id: fmt.Sprintf("u%05d", k), withoutAddress: k%20 == 5}
		elsewhere := k%4 == 3
		completed := !elsewhere && k%10 == 8
		course := broadcastCourse
		if elsewhere {
			course = "c2"
		}
		enrolled, err := b.encodeEvent(p, "enrollment.created", "enrolled", map[string]any{"course_id": course}, b.now())
		if err != nil {
			return err
		}
		switch {
		case completed:
			enrolled.wantByRule = wantedByRules(p, "announce")
		case !elsewhere:
			enrolled.wantByRule = wantedByRules(p, "announce", "lesson")
		}
		events = append(events, enrolled)
		if !completed {
			continue
		}
		done, err := b.encodeEvent(p, "course.completed", "completed", map[string]any{"course_id": course}, b.now())
		if err != nil {
			return err
		}
		events = append(events, done)
	}
	return b.publishUnderLoad(ctx, events, bySize(b.o.Size, 200, 80), nil)
}

// publishLesson publishes an event that has no learner and concerns those in the course.
func (b *broadcastRun) publishLesson(ctx context.Context) error {
	const id = "lesson-1"
	body, err := b.catalog.Encode(catalog.Decoded{Event: engine.Event{
		ID:         id,
		Name:       "content.published",
		Time:       b.now(),
		Properties: map[string]any{"content_id": "l1", "content_type": "lesson", "course_id": broadcastCourse},
	}})
	if err != nil {
		return err
	}
	b.events = append(b.events, id)
	return b.publishUntilStored(ctx, &event{learner: subjects.NoLearner, name: "content.published", id: id, body: body})
}

// startByPerson starts a broadcast as an operator does.
func (b *broadcastRun) startByPerson(ctx context.Context, perSecond float64) error {
	i, err := admin.Connect(ctx, admin.ConnectOptions{
		Name:     "an operator",
		NATS:     admin.NATSOptions{URL: "nats://" + b.toNATS.address},
		Temporal: b.observer.temporal,
		Actor:    admin.Actor{Name: "operator", Way: admin.WayCLI},
		Now:      b.now,
	})
	if err != nil {
		return fmt.Errorf("connecting as an operator: %w", err)
	}
	defer i.Close()
	started, err := i.StartBroadcast(ctx, admin.BroadcastOptions{Rule: "announce", Course: broadcastCourse, PerSecond: perSecond})
	if err != nil {
		return fmt.Errorf("starting a broadcast: %w", err)
	}
	b.events = append(b.events, started.ID)
	return nil
}

// killMidway kills Homeroom some time after the broadcast of the person has told Temporal how far it has come, and starts it again.
func (b *broadcastRun) killMidway(ctx context.Context, n int) error {
	person := b.events[1]
	before := b.mail.Counts().Accepted
	if err := b.awaitHeartbeat(ctx, person); err != nil {
		return err
	}
	alive := 500*time.Millisecond + rand.N(bySize(b.o.Size, 6*time.Second, time.Second))
	if err := b.pauseFor(ctx, fmt.Sprintf("kill %d of %d comes", n, b.kills), alive); err != nil {
		return err
	}
	described, err := b.observer.temporal.DescribeWorkflowExecution(ctx, workflows.BroadcastID(person), "")
	if err != nil {
		return fmt.Errorf("looking at the broadcast %s: %w", person, err)
	}
	if status := described.GetWorkflowExecutionInfo().GetStatus(); status != enums.WORKFLOW_EXECUTION_STATUS_RUNNING {
		b.report.addWrong("kill %d came after the broadcast had ended: nothing was practiced", n)
	}
	mails := b.mail.Counts().Accepted
	b.killHomeroom()
	b.addNote("kill %d of %d: %d mails out, %d of them since the one before", n, b.kills, mails, mails-before)
	return b.startHomeroom(ctx, process.Order{})
}

// awaitHeartbeat waits until a part of a broadcast is worked on that says how far it has come, by a process that runs now.
func (b *broadcastRun) awaitHeartbeat(ctx context.Context, id string) error {
	since := time.Now()
	return b.awaitOfBroadcast(ctx, id, "a part is worked on", func() (bool, error) {
		described, err := b.observer.temporal.DescribeWorkflowExecution(ctx, workflows.BroadcastID(id), "")
		if err != nil {
			return false, err
		}
		for _, part := range described.GetPendingActivities() {
			if part.GetHeartbeatDetails() != nil && part.GetLastHeartbeatTime().AsTime().After(since) {
				return true, nil
			}
		}
		ended := described.GetWorkflowExecutionInfo().GetStatus() != enums.WORKFLOW_EXECUTION_STATUS_RUNNING
		return ended, nil
	})
}

// awaitBroadcast waits for the end of a broadcast, and notes what it says of itself.
func (b *broadcastRun) awaitBroadcast(ctx context.Context, id string) error {
	err := b.awaitOfBroadcast(ctx, id, "it is over", func() (bool, error) {
		described, err := b.observer.temporal.DescribeWorkflowExecution(ctx, workflows.BroadcastID(id), "")
		return err == nil && described.GetWorkflowExecutionInfo().GetStatus() != enums.WORKFLOW_EXECUTION_STATUS_RUNNING, err
	})
	if err != nil {
		return err
	}
	var p workflows.BroadcastProgress
	if err := b.observer.temporal.GetWorkflow(ctx, workflows.BroadcastID(id), "").Get(ctx, &p); err != nil {
		b.report.addWrong("the broadcast %s failed: %v", id, err)
		return nil
	}
	b.addNote("%s, a broadcast for %v: %s, %d looked at, %d reached, left out %v", id, p.Rules, p.Status, p.Counts.Seen, p.Counts.Reached, p.Counts.LeftOut)
	return nil
}

// awaitOfBroadcast waits until something is so of a broadcast, until for Options.Patience no mail has come.
func (b *broadcastRun) awaitOfBroadcast(ctx context.Context, id, what string, isSo func() (bool, error)) error {
	until := time.Now().Add(b.o.Patience)
	mails := 0
	for {
		if now := b.mail.Counts().Accepted; now > mails {
			mails = now
			until = time.Now().Add(b.o.Patience)
		}
		so, err := isSo()
		var none *serviceerror.NotFound
		switch {
		case so:
			return nil
		case err != nil && !errors.As(err, &none) && time.Now().After(until):
			return fmt.Errorf("looking at the broadcast %s: %w", id, err)
		case time.Now().After(until):
			return fmt.Errorf("the broadcast %s: waited in vain until %s", id, what)
		}
		b.o.Progress(fmt.Sprintf("the broadcast %s: waiting until %s; %d mails", id, what, b.mail.Counts().Accepted))
		if err := clock.Sleep(ctx, fetchEvery); err != nil {
			return err
		}
	}
}
