package drill

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/client"

	"homeroom/dev/process"
	"homeroom/store"
	"homeroom/workflows"
)

// badRuleDrill runs two rules that fail on every event next to one that works.
func badRuleDrill() Drill {
	return Drill{
		Name:  "bad-rule",
		About: "one rule's condition and another's template fail on every event: the third rule goes on, the failures are visible",
		setup: setup{
			academy: map[string]string{
				"rules/broken-condition.yaml": `rule: broken-condition
when: {event: assessment.graded, if: event.attempt_number > 0}
per: assessment_id
do:
  - send: broken-condition
`,
				"messages/broken-condition.md": messageFor("broken-condition"),
				"rules/broken-template.yaml": `rule: broken-template
when: {event: assessment.graded, if: event.passed == false}
per: assessment_id
do:
  - send: broken-template
`,
				"messages/broken-template.md": "---\nsubject: broken-template {{ trigger.assessment_id }}\n---\nThis was attempt {{ trigger.attempt_number }}.\n",
			},
		},
		run: func(ctx context.Context, w *world) error {
			n := bySize(w.o.Size, 3000, 120)
			learners := bySize(w.o.Size, 600, 40)
			events, err := w.campusEvents(n, learners, "retry")
			if err != nil {
				return err
			}
			for _, e := range events {
				if len(e.wantByRule) == 0 {
					continue
				}
				e.failingRules = []string{"broken-condition"}
				e.wantByRule["broken-template"] = endingFail
				if e.wantByRule["retry"] == endingSkip { // a missing address is checked before the template is rendered
					e.wantByRule["broken-template"] = endingSkip
				}
			}
			if err := w.publishUnderLoad(ctx, events, bySize(w.o.Size, 25, 50), nil); err != nil {
				return err
			}
			if _, err := w.awaitSettled(ctx); err != nil {
				return err
			}
			return w.notePace(nil)
		},
	}
}

// stuckLearnerDrill starts some learners' workflows with an input that only a newer worker can read.
func stuckLearnerDrill() Drill {
	return Drill{
		Name:  "stuck-learner",
		About: "some learners' workflow tasks fail again and again, and another's record cannot be read: no other learner is held up, and what waits arrives in order when that is mended",
		setup: setup{
			setAsideAfter: func(size Size) time.Duration { return bySize(size, 2*time.Minute, 2*time.Second) },
			academy: map[string]string{
				// This rule waits for the watermark of the whole partition, so a stuck learner could hold up others.
				"rules/later.yaml": `rule: later
when: {event: assessment.graded, if: event.passed == false}
per: assessment_id
do:
  - wait: 2s
  - send: later
`,
				"messages/later.md": messageFor("later"),
			},
		},
		run: func(ctx context.Context, w *world) error {
			events, err := w.campusEvents(bySize(w.o.Size, 2400, 150), bySize(w.o.Size, 600, 60), "retry", "later")
			if err != nil {
				return err
			}
			stuck := map[string]bool{}
			for k := range bySize(w.o.Size, 10, 3) {
				learner := fmt.Sprintf("u%05d", 10*k+1)
				stuck[learner] = true
				if err := w.startNewer(ctx, learner); err != nil {
					return err
				}
			}
			unreadable, err := w.unreadableLearner(ctx, stuck)
			if err != nil {
				return err
			}
			if err := w.publishUnderLoad(ctx, append(unreadable, events...), bySize(w.o.Size, 20, 60), nil); err != nil {
				return err
			}
			others, err := w.awaitSettledExcept(ctx, stuck)
			if err != nil {
				return err
			}
			if !others.Passed() {
				w.report.addWrong("the others were held up: %d waiting, %d lost, %d doubled while %d learners were stuck", others.Waiting, others.Lost, others.Doubled, len(stuck))
			}
			w.addNote("while %d learners were stuck: %d mails to the others, %d waiting", len(stuck), others.Sent, others.Waiting)
			if err := w.notePace(stuck); err != nil {
				return err
			}
			if err := w.mendUnreadable(ctx); err != nil {
				return err
			}
			delete(stuck, unreadableID)
			if _, err := w.awaitSettledExcept(ctx, stuck); err != nil {
				return err
			}
			if _, err := w.stopHomeroom(ctx); err != nil {
				return err
			}
			began := time.Now()
			if err := w.startHomeroom(ctx, process.Order{Newer: true}); err != nil {
				return err
			}
			if _, err := w.awaitSettled(ctx); err != nil {
				return err
			}
			w.addNote("mended: everything had arrived %s after the newer worker was started", time.Since(began).Round(time.Second))
			return nil
		},
	}
}

// unreadableID is the learner whose standing cannot be read.
const unreadableID = "unreadable"

func unreadableKey() string {
	sum := sha256.Sum256([]byte(unreadableID))
	return hex.EncodeToString(sum[:20])
}

// unreadableLearner damages a learner's standing before their first event, counts them among the stuck, and returns their events.
func (w *world) unreadableLearner(ctx context.Context, stuck map[string]bool) (events []*event, err error) {
	p := person{id: unreadableID}
	stuck[p.id] = true
	for i := range 5 {
		e, err := w.failedQuiz(p, fmt.Sprintf("q%d", i), wantedByRules(p, "retry", "later"))
		if err != nil {
			return nil, err
		}
		events = append(events, e)
	}
	return events, w.putRecord(ctx, store.BucketStanding, unreadableKey(), []byte(`{"courses":`))
}

// mendUnreadable checks that the learner is set aside, mends the record, and has the learner tried again.
func (w *world) mendUnreadable(ctx context.Context) error {
	st, err := store.Open(ctx, w.observer.js, store.OpenOptions{})
	if err != nil {
		return err
	}
	defer st.Control.Close()
	record, found, err := st.Control.ReadSetAside(ctx, unreadableID)
	if err != nil {
		return err
	}
	if !found {
		w.report.addWrong("the learner whose standing cannot be read was not set aside")
	}
	w.addNote("a learner was set aside: %s: %s", record.Step, record.Error)
	kv, err := w.observer.js.KeyValue(ctx, store.BucketStanding)
	if err == nil {
		err = kv.Delete(ctx, unreadableKey()) // the bucket does not allow a purge, which is a roll-up
	}
	if err != nil {
		return fmt.Errorf("mending a standing: %w", err)
	}
	_, err = st.Control.ChangeSetAside(ctx, unreadableID, func(s *store.SetAside, exists bool) bool {
		s.Next = w.now()
		return exists
	})
	return err
}

// startNewer starts a learner's workflow with the input of a release that does not exist yet.
func (w *world) startNewer(ctx context.Context, learner string) error {
	_, err := w.observer.temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: workflows.WorkflowID(learner), TaskQueue: workflows.TaskQueue},
		workflows.LearnerWorkflow, workflows.Input{Version: process.NewerVersion, Learner: learner, Partition: store.PartitionOf(learner)})
	if err != nil {
		return fmt.Errorf("starting a learner who will be stuck: %w", err)
	}
	return nil
}

// notePace adds a note of how long the mails of rule retry took from the stream to the provider, except those of the
// learners in but. The time is not judged: on a machine that cannot keep up with the load it measures the machine.
func (w *world) notePace(but map[string]bool) error {
	inbox, err := w.observer.listMails()
	if err != nil {
		return err
	}
	published := map[send]time.Time{}
	events, _ := w.plan.listEvents()
	for _, e := range events {
		published[send{e.learner, "retry", e.quiz}] = e.at
	}
	var took []time.Duration
	for _, m := range inbox {
		if at, known := published[m.send]; known && !but[m.learner] {
			took = append(took, m.at.Sub(at))
		}
	}
	if len(took) == 0 {
		return nil
	}
	slices.Sort(took)
	w.addNote("from the stream to the provider: half within %s, all within %s",
		took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond))
	return nil
}
