package drill

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"homeroom/engine"
)

// stormDrill has many learners begin at once, while others go on as always.
func stormDrill() Drill {
	return Drill{
		Name:  "storm",
		About: "twenty thousand new learners at once, while others fail quizzes as always: nobody is forgotten, and how long the others wait is told",
		setup: setup{
			quiet: true,
			academy: map[string]string{
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
			s := stormRun{asyncPublisher{world: w}}
			return s.run(ctx, bySize(w.o.Size, 20_000, 100), bySize(w.o.Size, 200, 10))
		},
	}
}

type stormRun struct{ asyncPublisher }

func (s *stormRun) run(ctx context.Context, newcomers, others int) error {
	rate := bySize(s.o.Size, 10, 20)
	calm, err := s.otherQuizzes(others, "q0", others)
	if err != nil {
		return err
	}
	if err := s.publishUnderLoad(ctx, calm, rate, nil); err != nil {
		return err
	}
	if _, err := s.awaitSettled(ctx); err != nil {
		return err
	}
	during, err := s.otherQuizzes(others, "q1", bySize(s.o.Size, 2400, 20))
	if err != nil {
		return err
	}
	began := time.Now()
	err = s.publishUnderLoad(ctx, during, rate, func(ctx context.Context) error { return s.publishNewcomers(ctx, newcomers) })
	if err != nil {
		return err
	}
	if _, err := s.awaitSettled(ctx); err != nil {
		return err
	}
	s.addNote("everything had arrived %s after the storm began", time.Since(began).Round(time.Second))
	if err := s.notePaceOf("the others in the calm", calm); err != nil {
		return err
	}
	if err := s.notePaceOf("the others in the storm", during); err != nil {
		return err
	}
	s.noteBehind()
	return nil
}

// otherQuizzes returns n failed quizzes of learners who are there already.
func (s *stormRun) otherQuizzes(learners int, quiz string, n int) ([]*event, error) {
	var events []*event
	for i := range n {
		p := person{id: fmt.Sprintf("other%05d", i%learners)}
		e, err := s.failedQuiz(p, fmt.Sprintf("%s-%d", quiz, i/learners), wantedByRules(p, "retry", "later"))
		if err != nil {
			return nil, err
		}
		events = append(events, e)
	}
	return events, nil
}

// publishNewcomers publishes the first event of many learners as fast as the stream takes them.
func (s *stormRun) publishNewcomers(ctx context.Context, n int) error {
	began := time.Now()
	for k := range n {
		p := person{id: fmt.Sprintf("new%05d", k)}
		e, err := s.failedQuiz(p, "q1", wantedByRules(p, "retry", "later"))
		if err != nil {
			return err
		}
		if err := s.publishAsync(ctx, e); err != nil {
			return err
		}
	}
	if err := s.awaitAcks(ctx, 0); err != nil {
		return err
	}
	s.addNote("%d new learners began within %s", n, time.Since(began).Round(10*time.Millisecond))
	return nil
}

// notePaceOf notes how long the mails of rule retry about these events took from the stream to the provider.
func (s *stormRun) notePaceOf(who string, events []*event) error {
	inbox, err := s.observer.listMails()
	if err != nil {
		return err
	}
	published := map[send]time.Time{}
	for _, e := range events {
		published[send{e.learner, "retry", e.quiz}] = e.at
	}
	var took []time.Duration
	for _, m := range inbox {
		if at, known := published[m.send]; known {
			took = append(took, m.at.Sub(at))
		}
	}
	if len(took) == 0 {
		return nil
	}
	slices.Sort(took)
	at := func(percent int) time.Duration { return took[(len(took)-1)*percent/100].Round(time.Millisecond) }
	s.addNote("%s: from the stream to the provider, half within %s, 99 of 100 within %s, all within %s", who, at(50), at(99), at(100))
	return nil
}

// noteBehind notes how many decisions say only that a mail waits for the stream.
func (s *stormRun) noteBehind() {
	behind := 0
	newcomers := 0
	for _, d := range s.observer.decisions {
		if d.Kind == engine.KindDeferred && d.Reason == engine.ReasonBehind {
			behind++
			if strings.HasPrefix(d.Learner, "new") {
				newcomers++
			}
		}
	}
	s.addNote("%d decisions say that a mail waits for the stream, %d of them of new learners", behind, newcomers)
}
