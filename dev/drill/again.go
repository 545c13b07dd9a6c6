package drill

import (
	"context"
	"fmt"
	"maps"
	"math"
	"time"

	"github.com/nats-io/nats.go"

	"homeroom/dev/process"
	"homeroom/internal/clock"
	"homeroom/subjects"
)

// redeliveryDrill delivers everything again in three ways.
func redeliveryDrill() Drill {
	return Drill{
		Name:  "redelivery",
		About: "everything is delivered again, by NATS and by the platform: decisions and mails stay those of a single run",
		run: func(ctx context.Context, w *world) error {
			learners := bySize(w.o.Size, 1000, 40)
			events, err := w.campusEvents(bySize(w.o.Size, 5000, 120), learners, "retry")
			if err != nil {
				return err
			}
			if err := w.publishUnderLoad(ctx, events, bySize(w.o.Size, 150, 80), nil); err != nil {
				return err
			}
			if _, err := w.awaitSettled(ctx); err != nil {
				return err
			}
			once, err := w.takeSnapshot(ctx)
			if err != nil {
				return err
			}
			for _, again := range []struct {
				how string
				do  func(context.Context) error
			}{
				{"its consumers were deleted while it ran", w.forgetConsumers},
				{"it began with new consumers", w.restartAnew},
				{"the platform published everything again", func(ctx context.Context) error { return w.publishAgain(ctx, events) }},
			} {
				w.o.Progress("again: " + again.how)
				if err := again.do(ctx); err != nil {
					return err
				}
				if err := w.awaitDrained(ctx); err != nil {
					return err
				}
				now, err := w.takeSnapshot(ctx)
				if err != nil {
					return err
				}
				w.compareOutcomes(again.how, once, now)
				once = now // each difference is reported once
			}
			return nil
		},
	}
}

// outcome holds all decisions and mails so far, as text by id.
type outcome struct{ decisions, mails map[string]string }

func (w *world) takeSnapshot(ctx context.Context) (outcome, error) {
	seen, err := w.observer.gatherEvidence(ctx, 0)
	if err != nil {
		return outcome{}, err
	}
	s := outcome{map[string]string{}, map[string]string{}}
	for _, d := range seen.decisions {
		s.decisions[d.ID] = fmt.Sprintf("%s %s %s: %s %s", d.Learner, d.Rule, d.Scope, d.Kind, d.Reason)
	}
	inbox, err := w.observer.listMails()
	for id, m := range inbox {
		s.mails[id] = m.String()
	}
	return s, err
}

// compareOutcomes reports the decisions and mails that were added. None is ever removed.
func (w *world) compareOutcomes(how string, once, now outcome) {
	more := 0
	for _, sets := range []struct {
		what      string
		once, now map[string]string
	}{{"decision", once.decisions, now.decisions}, {"mail", once.mails, now.mails}} {
		fresh := maps.Clone(sets.now)
		maps.DeleteFunc(fresh, func(id, _ string) bool { _, known := sets.once[id]; return known })
		for _, line := range fresh {
			w.report.addWrong("when %s, one more %s: %s", how, sets.what, line)
		}
		more += len(fresh)
	}
	w.addNote("%s: %d decisions and %d mails, %d more than before", how, len(now.decisions), len(now.mails), more)
}

// forgetConsumers deletes Homeroom's consumers, whether Homeroom runs or not.
func (w *world) forgetConsumers(ctx context.Context) error {
	list, err := w.observer.listConsumers(ctx)
	if err != nil {
		return err
	}
	stream, err := w.observer.js.Stream(ctx, subjects.Stream)
	if err != nil {
		return err
	}
	for _, info := range list {
		if err := stream.DeleteConsumer(ctx, info.Name); err != nil {
			return fmt.Errorf("deleting the consumer %s: %w", info.Name, err)
		}
	}
	if len(list) != subjects.Partitions {
		return fmt.Errorf("%d consumers were there to be deleted, want %d", len(list), subjects.Partitions)
	}
	return nil
}

func (w *world) restartAnew(ctx context.Context) error {
	if _, err := w.stopHomeroom(ctx); err != nil {
		return err
	}
	if err := w.forgetConsumers(ctx); err != nil {
		return err
	}
	return w.startHomeroom(ctx, process.Order{})
}

// publishAgain publishes all events again, without the header by which NATS recognises a duplicate.
func (w *world) publishAgain(ctx context.Context, events []*event) error {
	for _, e := range events {
		if e.wantDead {
			continue // an unreadable event has no id, so a second dead letter is correct
		}
		ctx, cancel := context.WithTimeout(ctx, publishTime)
		_, err := w.observer.js.PublishMsg(ctx, &nats.Msg{Subject: subjects.Publish(e.learner, e.name), Data: e.body})
		cancel()
		if err != nil {
			return fmt.Errorf("publishing %s again: %w", e.id, err)
		}
	}
	return nil
}

// awaitDrained waits until Homeroom has finished the stream, and then settleQuiet longer for the results. If nothing moves
// for Options.Patience, it reports that as wrong and returns; the accounting then counts what is missing.
func (w *world) awaitDrained(ctx context.Context) error {
	least := math.MaxInt
	until := time.Time{}
	for {
		behind, err := w.observer.countBehind(ctx)
		switch {
		case err != nil:
			return err
		case behind == 0:
			return clock.Sleep(ctx, settleQuiet)
		case behind < least:
			least = behind
			until = time.Now().Add(w.o.Patience)
		case time.Now().After(until):
			list, err := w.observer.listConsumers(ctx)
			w.report.addWrong("the stream is not finished, and for %s nothing moved: %d messages or missing consumers to go, %d of %d consumers are there",
				w.o.Patience, behind, len(list), subjects.Partitions)
			return err
		}
		w.o.Progress(fmt.Sprintf("%d messages to go", behind))
		if err := clock.Sleep(ctx, fetchEvery); err != nil {
			return err
		}
	}
}
