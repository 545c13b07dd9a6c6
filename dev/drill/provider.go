package drill

import (
	"context"
	"fmt"
	"slices"
	"time"

	"homeroom/delivery"
	"homeroom/internal/clock"
	"homeroom/internal/standin"
)

// The evening of provider-down, in UTC. The night is short so that the drill is.
var (
	eveningStart = time.Date(2026, 3, 2, 20, 50, 0, 0, time.UTC)
	downFrom     = eveningStart.Add(5 * time.Minute)
	lastQuiz     = eveningStart.Add(14 * time.Minute)
	downTo       = eveningStart.Add(35 * time.Minute)
	volleyAt     = eveningStart.Add(36 * time.Minute)
	brokenFrom   = volleyAt.Add(10 * time.Minute) // when the volley's mails are due
	brokenTo     = eveningStart.Add(52 * time.Minute)
	nightFrom    = time.Date(2026, 3, 2, 21, 0, 0, 0, time.UTC)
	nightTo      = time.Date(2026, 3, 2, 22, 0, 0, 0, time.UTC)
)

// providerDownDrill makes the provider fail for a part of an evening, in time-lapse.
func providerDownDrill() Drill {
	return Drill{
		Name:  "provider-down",
		About: "the provider answers 503 and 429 for half an hour, and then breaks connections off, in time-lapse: no learner is mailed at night or after leaving, and no mail stays uncertain",
		setup: setup{
			settleAfter: delivery.SettleAfter,
			academy: map[string]string{
				"settings.yaml": settingsYAML + "quiet_hours: {from: \"21:00\", to: \"22:00\"}\n",
				"rules/retry.yaml": `rule: retry
when: {event: assessment.graded, if: event.passed == false}
per: assessment_id
until: [{event: assessment.retried}]
do:
  - wait: 10m
  - send: retry
`,
			},
			clock: func(s Size) clock.Clock {
				return clock.New(time.Now().Add(bySize(s, 8*time.Second, 6*time.Second)), eveningStart, bySize(s, 60.0, 300.0))
			},
		},
		run: func(ctx context.Context, w *world) error {
			if now := w.clock.Now(); now.After(eveningStart) {
				return fmt.Errorf("the machine is too slow: the evening had begun when everything was up, at %s", now.Format("15:04"))
			}
			steps, err := w.planEvening(bySize(w.o.Size, 600, 48))
			if err != nil {
				return err
			}
			if err := w.runSteps(ctx, steps); err != nil {
				return err
			}
			w.o.Progress("waiting for the end of the night")
			if err := clock.Sleep(ctx, time.Until(w.clock.When(nightTo))); err != nil {
				return err
			}
			if _, err := w.awaitSettled(ctx); err != nil {
				return err
			}
			return w.checkNight()
		},
	}
}

// step is something that happens at an instant of the evening.
type step struct {
	at   time.Time
	what string
	do   func(ctx context.Context) error
}

// runSteps runs the steps at their times.
func (w *world) runSteps(ctx context.Context, steps []step) error {
	slices.SortStableFunc(steps, func(a, b step) int { return a.at.Compare(b.at) })
	what := ""
	for _, s := range steps {
		if err := clock.Sleep(ctx, time.Until(w.clock.When(s.at))); err != nil {
			return err
		}
		if s.what != what {
			what = s.what
			w.o.Progress(s.at.Format("15:04 ") + what)
		}
		if err := s.do(ctx); err != nil {
			return err
		}
	}
	return nil
}

// planEvening returns the steps of the evening: learners fail quizzes, every third leaves the rule before or after the mail
// was due, and the provider fails in three ways. Half of the learners live where it is day.
func (w *world) planEvening(learners int) ([]step, error) {
	half := downTo.Sub(downFrom) / 2
	fail := func(at time.Time, what string, faults ...standin.Fault) step {
		return step{at, what, func(context.Context) error {
			w.mail.ClearFaults()
			w.mail.Fail(faults...)
			return nil
		}}
	}
	steps := []step{
		fail(downFrom, "the provider answers 503", standin.Fault{Status: 503, Times: -1}),
		fail(downFrom.Add(half), "the provider answers 429", standin.Fault{Status: 429, Times: -1}),
		fail(downTo, "the provider is back"),
		{volleyAt, "many fail a quiz at once", func(ctx context.Context) error { return w.failVolley(ctx, learners/2) }},
		fail(brokenFrom, "the provider breaks connections off", someBroken()...),
		fail(brokenTo, "the provider is back"),
	}
	for k := range learners {
		p := person{id: fmt.Sprintf("u%05d", k)}
		if k%2 == 1 {
			p.timezone = "Asia/Tokyo"
		}
		at := eveningStart.Add(lastQuiz.Sub(eveningStart) * time.Duration(k) / time.Duration(learners))
		leaves := k%3 == 2
		steps = append(steps, step{at, "learners fail quizzes", func(ctx context.Context) error {
			want := endingMail
			if leaves {
				want = endingSkip
			}
			e, err := w.failedQuiz(p, "q1", map[string]ending{"retry": want})
			if err != nil {
				return err
			}
			return w.publishUntilStored(ctx, e)
		}})
		if leaves {
			after := 5 * time.Minute
			if k%2 == 0 {
				after = 20 * time.Minute // the mail is due before that, and the provider does not take it
			}
			// The learner leaves only after the provider is down: a mail that was sent before is correct.
			steps = append(steps, step{laterOf(at.Add(after), downFrom), "learners leave", func(ctx context.Context) error {
				e, err := w.retriedQuiz(p, "q1")
				if err != nil {
					return err
				}
				return w.publishUntilStored(ctx, e)
			}})
		}
	}
	return steps, nil
}

// failVolley publishes failed quizzes of learners who live where it is day, all at once, so that their mails go out in the same minute.
func (w *world) failVolley(ctx context.Context, n int) error {
	for k := range n {
		p := person{id: fmt.Sprintf("u9%04d", 2*k+1), timezone: "Asia/Tokyo"}
		e, err := w.failedQuiz(p, "q1", map[string]ending{"retry": endingMail})
		if err != nil {
			return err
		}
		if err := w.publishUntilStored(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// someBroken are the faults of a provider that breaks off every third connection until it has broken off four, every second of these having taken the
// mail. The mails between them are taken in the same minutes, and the provider reports them: what it says nothing of it did not take.
func someBroken() []standin.Fault {
	var faults []standin.Fault
	for i := range 4 {
		faults = append(faults, standin.Fault{Times: 2}, standin.Fault{Reset: true, Taken: i%2 == 1})
	}
	return faults
}

func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// checkNight reports mails that came at night as wrong.
func (w *world) checkNight() error {
	inbox, err := w.observer.listMails()
	if err != nil {
		return err
	}
	day := 0
	afterNight := 0
	for _, m := range inbox {
		at := m.at.UTC()
		var k int
		if _, err := fmt.Sscanf(m.learner, "u%05d", &k); err != nil {
			return fmt.Errorf("a mail to an address that the drill does not have, %q: %w", m.learner, err)
		}
		switch {
		case k%2 == 1: // it is day there
			day++
		case !at.Before(nightFrom) && at.Before(nightTo):
			w.report.addWrong("%s came at night, at %s", m.send, at.Format("15:04"))
		default:
			afterNight++
		}
	}
	w.addNote("%d mails to where it was day, %d before or after the night; %d requests refused", day, afterNight, w.mail.Counts().Requests-len(inbox))
	return nil
}
