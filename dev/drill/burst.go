package drill

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"

	"homeroom/app"
	"homeroom/dev/process"
	"homeroom/engine"
	"homeroom/internal/clock"
	"homeroom/workflows"
)

// burstDrill sends one learner far more events than a learner has.
func burstDrill() Drill {
	return Drill{
		Name:  "burst",
		About: "a hundred thousand events of one learner in a minute, and twenty thousand of another while no worker runs: all are applied, in order",
		setup: setup{
			quiet: true,
			academy: map[string]string{
				// The first lesson starts a run that lasts; each further one is a skip.
				"rules/flood.yaml": `rule: flood
when: {event: lesson.completed} # allow: wakes-on-high-volume
per: course_id
do:
  - wait: 30d
  - send: flood
`,
				"messages/flood.md": "---\nsubject: flood {{ trigger.course_id }}\n---\nGo on.\n",
			},
		},
		run: func(ctx context.Context, w *world) error {
			b := burstRun{asyncPublisher: asyncPublisher{world: w}, within: bySize(w.o.Size, time.Minute, 2*time.Second)}
			return b.run(ctx, bySize(w.o.Size, 100_000, 4_000), bySize(w.o.Size, 20_000, 9_000))
		},
	}
}

type burstRun struct {
	asyncPublisher
	within time.Duration // one burst is published in so long
}

// quizEvery is how many events of a burst lie between two failed quizzes, each of which brings a mail.
const quizEvery = 1000

// Temporal terminates a run above 50 MB or 51,200 events; a drill's run must stay far below.
const (
	mostRunBytes  = 25 << 20
	mostRunEvents = 20_000
)

func (b *burstRun) run(ctx context.Context, awake, away int) error {
	fast := person{id: "fast"}
	began := time.Now()
	if err := b.publishBurst(ctx, fast, awake); err != nil {
		return err
	}
	b.addNote("%d events of one learner published in %s", awake, time.Since(began).Round(100*time.Millisecond))
	if err := b.awaitApplied(ctx, fast); err != nil {
		return err
	}
	b.addNote("applied %s after the first was published", time.Since(began).Round(100*time.Millisecond))

	if _, err := b.stopHomeroom(ctx); err != nil {
		return err
	}
	if err := b.startHomeroom(ctx, process.Order{Roles: []app.Role{app.RoleTriggers, app.RoleEdge}}); err != nil {
		return err
	}
	lonely := person{id: "lonely"}
	if err := b.publishBurst(ctx, lonely, away); err != nil {
		return err
	}
	if err := b.awaitDrained(ctx); err != nil {
		return err
	}
	if _, err := b.stopHomeroom(ctx); err != nil {
		return err
	}
	began = time.Now()
	if err := b.startHomeroom(ctx, process.Order{}); err != nil {
		return err
	}
	if err := b.awaitApplied(ctx, lonely); err != nil {
		return err
	}
	b.addNote("%d events that were handed over while no worker ran were applied %s after it was started", away, time.Since(began).Round(100*time.Millisecond))
	if _, err := b.awaitSettled(ctx); err != nil {
		return err
	}
	for _, burst := range []struct {
		person
		events int
	}{{fast, awake}, {lonely, away}} {
		if err := b.checkSkips(ctx, burst.person, burst.events); err != nil {
			return err
		}
		if err := b.checkHistories(ctx, burst.person); err != nil {
			return err
		}
	}
	return nil
}

// publishBurst publishes a learner's events, evenly over the burst's time.
func (b *burstRun) publishBurst(ctx context.Context, p person, n int) error {
	began := time.Now()
	for i := range n {
		e, err := b.completedLesson(p, i, b.clock.Now())
		switch {
		case i == 0: // its run lasts; the skips of the others end the send
			e.quiz = "course_id=c1"
			e.wantByRule = map[string]ending{"flood": endingSkip}
		case i%quizEvery == quizEvery/2:
			e, err = b.failedQuiz(p, fmt.Sprintf("q%d", i), wantedByRules(p, "retry"))
		}
		if err != nil {
			return err
		}
		if err := b.publishAsync(ctx, e); err != nil {
			return err
		}
		if i%500 == 0 {
			b.o.Progress(fmt.Sprintf("publishing the events of %s: %d of %d", p.id, i, n))
			if err := clock.Sleep(ctx, time.Until(began.Add(b.within*time.Duration(i)/time.Duration(n)))); err != nil {
				return err
			}
		}
	}
	return b.awaitAcks(ctx, 0)
}

// awaitApplied waits until the stream is drained and the learner's workflow has applied its last event.
func (b *burstRun) awaitApplied(ctx context.Context, p person) error {
	until := time.Time{}
	var before uint64
	for {
		behind, err := b.observer.countBehind(ctx)
		if err != nil {
			return err
		}
		var st engine.State
		err = b.observer.queryLearner(ctx, p.id, workflows.QueryState, &st)
		if behind == 0 && err == nil && st.Seq == b.lastSeq {
			return nil
		}
		if st.Seq > before || until.IsZero() {
			before = st.Seq
			until = time.Now().Add(b.o.Patience)
		}
		if time.Now().After(until) {
			b.report.addWrong("%s: applied up to sequence %d of %d, and for %s nothing moved (%d messages to go, last answer: %v)", p.id, st.Seq, b.lastSeq, b.o.Patience, behind, err)
			return nil
		}
		b.o.Progress(fmt.Sprintf("%s: applied up to sequence %d of %d", p.id, st.Seq, b.lastSeq))
		if err := clock.Sleep(ctx, fetchEvery); err != nil {
			return err
		}
	}
}

// checkSkips compares how many skips the learner's decisions stand for with the events that were published: each but the first lesson, and the quizzes, is
// one. An event that was dropped, or applied twice, makes a difference.
func (b *burstRun) checkSkips(ctx context.Context, p person, events int) error {
	seen, err := b.observer.gatherEvidence(ctx, -1)
	if err != nil {
		return err
	}
	var unpublished []engine.Decision
	if err := b.observer.queryLearner(ctx, p.id, workflows.QueryUnpublished, &unpublished); err != nil {
		return fmt.Errorf("asking for the decisions of %s: %w", p.id, err)
	}
	known := map[string]bool{}
	skips := 0
	decisions := 0
	for _, d := range append(seen.decisions, unpublished...) {
		if d.Learner == p.id && d.Rule == "flood" && d.Kind == engine.KindSkipped && !known[d.ID] {
			known[d.ID] = true
			decisions++
			skips += d.Times()
		}
	}
	quizzes := (events - quizEvery/2 + quizEvery - 1) / quizEvery
	if want := events - 1 - quizzes; skips != want {
		b.report.addWrong("%s: %d events were skipped, say %d decisions, and %d should have been", p.id, skips, decisions, want)
	}
	b.addNote("%s: %d skips are %d decisions", p.id, skips, decisions)
	return nil
}

// checkHistories notes how large the histories of a learner's runs became.
func (b *burstRun) checkHistories(ctx context.Context, p person) error {
	runs := 0
	var events, bytes int64
	for run := ""; runs == 0 || run != ""; runs++ {
		description, err := b.observer.temporal.DescribeWorkflowExecution(ctx, workflows.WorkflowID(p.id), run)
		if err != nil {
			return fmt.Errorf("asking for a run of %s: %w", p.id, err)
		}
		info := description.WorkflowExecutionInfo
		events = max(events, info.HistoryLength)
		bytes = max(bytes, info.HistorySizeBytes)
		history := b.observer.temporal.GetWorkflowHistory(ctx, workflows.WorkflowID(p.id), info.Execution.RunId, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		started, err := history.Next()
		if err != nil {
			return fmt.Errorf("reading a history of %s: %w", p.id, err)
		}
		run = started.GetWorkflowExecutionStartedEventAttributes().GetContinuedExecutionRunId()
	}
	b.addNote("%s: %d runs, the largest history %d events and %.1f MB", p.id, runs, events, float64(bytes)/(1<<20))
	if events > mostRunEvents || bytes > mostRunBytes {
		b.report.addWrong("%s: a history of %d events and %d bytes, at most %d and %d were expected", p.id, events, bytes, mostRunEvents, mostRunBytes)
	}
	return nil
}
