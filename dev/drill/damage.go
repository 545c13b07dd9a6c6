package drill

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/dev/process"
	"homeroom/internal/clock"
	"homeroom/store"
)

// damageDrill puts damaged records in the place of good ones while Homeroom runs, and then has it start on them.
func damageDrill() Drill {
	return Drill{
		Name:  "damage",
		About: "records of the rules, the control bucket, a profile and a suppression are damaged under load: others go on, a process starts, nobody suppressed is mailed",
		run: func(ctx context.Context, w *world) error {
			n := bySize(w.o.Size, 2400, 100)
			learners := bySize(w.o.Size, 600, 40)
			events, err := w.campusEvents(n, learners, "retry")
			if err != nil {
				return err
			}
			held := person{id: "held"}
			first, err := w.completedLesson(held, 1, w.now())
			if err != nil {
				return err
			}
			half := len(events) / 2
			rate := bySize(w.o.Size, 40, 60)
			if err := w.publishUnderLoad(ctx, append([]*event{first}, events[:half]...), rate, nil); err != nil {
				return err
			}
			if _, err := w.awaitSettled(ctx); err != nil {
				return err
			}
			whole, err := w.damageRecord(ctx, store.BucketProfiles, held.id, `{"email":"`)
			if err != nil {
				return err
			}
			if err := w.damageInstallation(ctx); err != nil {
				return err
			}
			quiet, err := w.suppressUnreadably(ctx)
			if err != nil {
				return err
			}
			toQuiet, err := w.failedQuiz(quiet, "q1", map[string]ending{"retry": endingSkip})
			if err != nil {
				return err
			}
			toHeld, err := w.failedQuiz(held, "q1", map[string]ending{"retry": endingMail})
			if err != nil {
				return err
			}
			restart := func(ctx context.Context) error {
				if _, err := w.stopHomeroom(ctx); err != nil { // in an orderly way: what is delivered again after a kill takes 30 s
					return err
				}
				return w.startHomeroom(ctx, process.Order{})
			}
			if err := w.publishUnderLoad(ctx, append([]*event{toHeld, toQuiet}, events[half:]...), rate, restart); err != nil {
				return err
			}
			if err := w.awaitOthers(ctx, held); err != nil {
				return err
			}
			if err := w.checkDoctorFinds(ctx, store.BucketProfiles+" "+held.id, store.BucketRulesets+" current"); err != nil {
				return err
			}
			return w.putRecord(ctx, store.BucketProfiles, held.id, whole)
		},
	}
}

// awaitOthers waits until everybody except the learner whose profile is damaged has what they are to get. That learner's event may
// count as one that waits, because it is unfinished in the stream.
func (w *world) awaitOthers(ctx context.Context, held person) error {
	until := time.Now().Add(w.o.Patience)
	for {
		others, err := w.accountNow(ctx, 0, map[string]bool{held.id: true})
		if err != nil {
			return err
		}
		if others.Lost+others.Doubled == 0 && others.Waiting <= 1 {
			w.addNote("while a profile was damaged: %d mails to the others", others.Sent)
			return nil
		}
		if time.Now().After(until) {
			w.report.addWrong("damaged records held others up: %d waiting, %d lost, %d doubled", others.Waiting, others.Lost, others.Doubled)
			return nil
		}
		w.o.Progress(fmt.Sprintf("%d of %d sent, %d waiting, one of them held", others.Sent, others.Published, others.Waiting))
		if err := clock.Sleep(ctx, settleEvery); err != nil {
			return err
		}
	}
}

// damageInstallation damages the records on which the whole installation depends and that have a way out without an operator.
func (w *world) damageInstallation(ctx context.Context) error {
	rulesets, err := w.observer.js.KeyValue(ctx, store.BucketRulesets)
	if err != nil {
		return fmt.Errorf("opening the rules: %w", err)
	}
	keys, err := rulesets.Keys(ctx)
	if err != nil {
		return fmt.Errorf("listing the rules: %w", err)
	}
	for _, key := range keys {
		for _, bad := range []string{``, `{"number":2,"ha`, `[]`, `{"v":9,"hash":"abcdef123456"}`} {
			if _, err := w.damageRecord(ctx, store.BucketRulesets, key, bad); err != nil {
				return err
			}
		}
	}
	control, err := w.observer.js.KeyValue(ctx, store.BucketControl)
	if err != nil {
		return fmt.Errorf("opening the control bucket: %w", err)
	}
	if keys, err = control.Keys(ctx); err != nil {
		return fmt.Errorf("listing the control bucket: %w", err)
	}
	for _, key := range keys {
		if strings.HasPrefix(key, "mark.") || strings.HasPrefix(key, "swap.") || key == "secret" {
			if _, err := w.damageRecord(ctx, store.BucketControl, key, `null`); err != nil {
				return err
			}
		}
	}
	return nil
}

// suppressUnreadably returns a learner whose address has a suppression that cannot be read.
func (w *world) suppressUnreadably(ctx context.Context) (person, error) {
	p := person{id: "quiet"}
	secrets, err := store.InstallationSecrets(ctx, w.observer.js, nil)
	if err != nil {
		return p, err
	}
	st, err := store.Open(ctx, w.observer.js, store.OpenOptions{Secret: secrets[0]})
	if err != nil {
		return p, err
	}
	defer st.Control.Close()
	if err := st.Suppressions.Add(ctx, p.id+domain, store.ReasonComplained, time.Now()); err != nil {
		return p, err
	}
	kv, err := w.observer.js.KeyValue(ctx, store.BucketSuppressions)
	if err != nil {
		return p, err
	}
	keys, err := kv.Keys(ctx)
	if err != nil || len(keys) != 1 {
		return p, fmt.Errorf("%d suppressions are there, want 1: %w", len(keys), err)
	}
	_, err = w.damageRecord(ctx, store.BucketSuppressions, keys[0], `{}`)
	return p, err
}

// damageRecord replaces a record and returns it as it was.
func (w *world) damageRecord(ctx context.Context, bucket, key, with string) (whole []byte, err error) {
	kv, err := w.observer.js.KeyValue(ctx, bucket)
	if err != nil {
		return nil, fmt.Errorf("damaging %s: %w", key, err)
	}
	entry, err := kv.Get(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil, fmt.Errorf("there is no record %s in %s to be damaged", key, bucket)
	}
	if err != nil {
		return nil, fmt.Errorf("damaging %s: %w", key, err)
	}
	return entry.Value(), w.putRecord(ctx, bucket, key, []byte(with))
}

func (w *world) putRecord(ctx context.Context, bucket, key string, value []byte) error {
	kv, err := w.observer.js.KeyValue(ctx, bucket)
	if err == nil {
		_, err = kv.Put(ctx, key, value)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", key, err)
	}
	return nil
}

// checkDoctorFinds holds the search for damaged records to those that the drill made.
func (w *world) checkDoctorFinds(ctx context.Context, want ...string) error {
	scan, err := store.FindDamage(ctx, w.observer.js, 10*time.Second)
	if err != nil {
		return err
	}
	found := map[string]bool{}
	for _, d := range scan.Damages {
		found[d.Bucket+" "+d.Key] = true
	}
	for _, record := range want {
		if !found[record] {
			w.report.addWrong("the search for damaged records does not name %s", record)
		}
	}
	w.addNote("the search for damaged records names %d values", len(scan.Damages))
	return nil
}
