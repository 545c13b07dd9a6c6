package drill

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"

	"homeroom/dev/process"
	"homeroom/engine"
	"homeroom/workflows"
)

// mergeDrill makes one learner of two ids, many times, while Homeroom is killed.
func mergeDrill() Drill {
	return Drill{
		Name:  "merge",
		About: "people who were known under another id sign up, the platform goes on using the other id, and Homeroom is killed while ids are merged: each message goes once, under either id, and none that went under the other id goes again",
		setup: setup{mayStayUncertain: true},
		run: func(ctx context.Context, w *world) error {
			w.observer.accountedUnder = signedUp
			m := mergeRun{
				world:  w,
				people: bySize(w.o.Size, 600, 24),
				rate:   bySize(w.o.Size, 60, 40),
				kills:  bySize(w.o.Size, 5, 1),
			}
			return m.runDrill(ctx)
		},
	}
}

type mergeRun struct {
	*world
	people int
	rate   int // events a second
	kills  int
}

// Ids of a person: as a lead, and after signing up.
const (
	leadPrefix = "lead"
	userPrefix = "user"
)

func personNumber(prefix string, k int) person { return person{id: fmt.Sprintf("%s%05d", prefix, k)} }

// signedUp returns the id that a person has after signing up.
func signedUp(id string) string {
	if number, isLead := strings.CutPrefix(id, leadPrefix); isLead {
		return userPrefix + number
	}
	return id
}

func (m *mergeRun) runDrill(ctx context.Context) error {
	if err := m.publishFor(ctx, nil, m.failAsLead("q1")); err != nil {
		return err
	}
	if _, err := m.awaitSettled(ctx); err != nil {
		return err
	}
	// The other id is used before, while and after both become one; each id has a partition of its own, so nobody knows which comes first.
	if err := m.publishFor(ctx, m.killWhileMerging, m.failAsLead("q2"), m.signUp, m.failAsUser("q3"), m.failAsLead("q4")); err != nil {
		return err
	}
	if _, err := m.awaitSettled(ctx); err != nil {
		return err
	}
	mails := m.mail.Counts().Accepted
	// What was answered under the other id is not answered again, and what comes under it still is.
	if err := m.publishFor(ctx, nil, m.failAsUserAgain("q1"), m.failAsLead("q5")); err != nil {
		return err
	}
	settled, err := m.awaitSettled(ctx)
	if err != nil {
		return err
	}
	m.addNote("%d people under two ids: %d mails, %d of them after all ids were one; %d sends uncertain", m.people, m.mail.Counts().Accepted, m.mail.Counts().Accepted-mails, settled.Uncertain)
	return m.checkLeadsEnded(ctx)
}

// publishFor publishes what each of the makers makes for a person, person by person.
func (m *mergeRun) publishFor(ctx context.Context, meanwhile func(context.Context) error, makers ...func(k int) (*event, error)) error {
	var events []*event
	for k := range m.people {
		for _, makeEvent := range makers {
			e, err := makeEvent(k)
			if err != nil {
				return err
			}
			events = append(events, e)
		}
	}
	return m.publishUnderLoad(ctx, events, m.rate, meanwhile)
}

// failAsLead makes a failed quiz that is published under the other id.
func (m *mergeRun) failAsLead(quiz string) func(int) (*event, error) {
	return func(k int) (*event, error) {
		lead := personNumber(leadPrefix, k)
		e, err := m.failedQuiz(lead, quiz, wantedByRules(lead, "retry"))
		if err != nil {
			return nil, err
		}
		e.under = lead.id
		e.learner = signedUp(lead.id)
		return e, nil
	}
}

func (m *mergeRun) failAsUser(quiz string) func(int) (*event, error) {
	return func(k int) (*event, error) {
		user := personNumber(userPrefix, k)
		return m.failedQuiz(user, quiz, wantedByRules(user, "retry"))
	}
}

// failAsUserAgain makes another event of a quiz that was failed and answered under the other id. It wants nothing, so a second answer counts as doubled.
func (m *mergeRun) failAsUserAgain(quiz string) func(int) (*event, error) {
	return func(k int) (*event, error) { return m.failedQuiz(personNumber(userPrefix, k), quiz, nil) }
}

// signUp makes the event that says that both ids are one.
func (m *mergeRun) signUp(k int) (*event, error) {
	properties := map[string]any{engine.KeyPrevious: personNumber(leadPrefix, k).id}
	return m.encodeEvent(personNumber(userPrefix, k), engine.EventAliased, "signed-up", properties, m.now())
}

// killWhileMerging kills Homeroom several times.
func (m *mergeRun) killWhileMerging(ctx context.Context) error {
	for n := range m.kills {
		alive := 500*time.Millisecond + rand.N(bySize(m.o.Size, 8*time.Second, time.Second))
		if err := m.pauseFor(ctx, fmt.Sprintf("kill %d of %d comes", n+1, m.kills), alive); err != nil {
			return err
		}
		mails := m.mail.Counts().Accepted
		m.killHomeroom()
		if err := m.startHomeroom(ctx, process.Order{}); err != nil {
			return err
		}
		m.addNote("kill %d: after %s, with %d mails out", n+1, alive.Round(10*time.Millisecond), mails)
	}
	return nil
}

// checkLeadsEnded reports the other ids whose workflow goes on.
func (m *mergeRun) checkLeadsEnded(ctx context.Context) error {
	running := 0
	for k := range m.people {
		lead := personNumber(leadPrefix, k).id
		described, err := m.observer.temporal.DescribeWorkflowExecution(ctx, workflows.WorkflowID(lead), "")
		if err != nil {
			return fmt.Errorf("looking at the workflow of %s: %w", lead, err)
		}
		if described.GetWorkflowExecutionInfo().GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_RUNNING {
			running++
		}
	}
	if running > 0 {
		m.report.addWrong("the workflows of %d other ids go on, of %d", running, m.people)
	}
	return nil
}
