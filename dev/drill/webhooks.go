package drill

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/app"
	"homeroom/dev/process"
	"homeroom/internal/standin"
	"homeroom/subjects"
)

// webhooksDrill makes the provider report in disorder, and kills the edge meanwhile.
func webhooksDrill() Drill {
	return Drill{
		Name:  "webhooks",
		About: "the provider's reports come twice, in disorder, a third not before they are repeated, and the edge is killed in between",
		setup: setup{quiet: true, roles: []app.Role{app.RoleTriggers, app.RoleWorker}},
		run: func(ctx context.Context, w *world) error {
			c := &webhooksRun{world: w, learners: bySize(w.o.Size, 1000, 40), reports: map[string]mailReport{}}
			defer c.killEdgeIfAny()
			return c.runDrill(ctx)
		},
	}
}

// mailReport is an event that the provider reports of a mail.
type mailReport struct {
	mail    string // the provider's id
	learner string // learner
	event   standin.Event
}

type webhooksRun struct {
	*world
	learners int
	edge     *process.Process
	reports  map[string]mailReport // by the provider's id of the report
	order    []string
}

func (c *webhooksRun) killEdgeIfAny() {
	if c.edge != nil {
		c.edge.Kill()
	}
}

func (c *webhooksRun) runDrill(ctx context.Context) error {
	if err := c.startEdge(ctx); err != nil {
		return err
	}
	if err := c.failQuizzes(ctx, "q1", func(int) ending { return endingMail }); err != nil {
		return err
	}
	if _, err := c.awaitSettled(ctx); err != nil {
		return err
	}
	if err := c.reportInDisorder(ctx); err != nil {
		return err
	}
	if err := c.awaitDrained(ctx); err != nil {
		return err
	}
	if err := c.checkCounted(ctx); err != nil {
		return err
	}
	// The reports are in force: the second quiz brings no mail to learners who bounced or complained.
	return c.failQuizzes(ctx, "q2", func(k int) ending {
		if isBouncing(k) || isComplaining(k) {
			return endingSkip
		}
		return endingMail
	})
}

func isBouncing(k int) bool    { return k%10 == 0 }
func isComplaining(k int) bool { return k%10 == 5 }

// startEdge starts an edge in a process of its own and directs the provider's reports to it.
func (c *webhooksRun) startEdge(ctx context.Context) (err error) {
	if c.edge, err = c.launchProcess(ctx, process.Order{Roles: []app.Role{app.RoleEdge}}); err != nil {
		return err
	}
	return c.mail.SetWebhook(c.edge.Edge + "/webhooks/sendgrid")
}

// failQuizzes publishes a failed quiz of every learner.
func (c *webhooksRun) failQuizzes(ctx context.Context, quiz string, want func(k int) ending) error {
	var events []*event
	for k := range c.learners {
		e, err := c.failedQuiz(person{id: fmt.Sprintf("u%05d", k)}, quiz, map[string]ending{"retry": want(k)})
		if err != nil {
			return err
		}
		events = append(events, e)
	}
	return c.publishUnderLoad(ctx, events, bySize(c.o.Size, 150, 60), nil)
}

// reportInDisorder reports everything in disorder, kills the edge in the middle, and repeats everything in order.
func (c *webhooksRun) reportInDisorder(ctx context.Context) error {
	inbox, err := c.observer.listMails()
	if err != nil {
		return err
	}
	for id, m := range inbox {
		c.planReports(id, m)
	}
	c.mail.SetDisorder(standin.Disorder{Duplicate: 0.5, Drop: 1.0 / 3, Reorder: true})
	for i, id := range c.order {
		if i == len(c.order)/2 {
			if err := c.killEdge(ctx); err != nil {
				return err
			}
		}
		if err := c.mail.Report(c.reports[id].mail, c.reports[id].event); err != nil {
			return err
		}
	}
	if err := c.awaitPosted(ctx); err != nil {
		return err
	}
	first := c.mail.Webhooks()
	c.mail.SetDisorder(standin.Disorder{})
	for _, id := range c.order {
		if err := c.mail.Report(c.reports[id].mail, c.reports[id].event); err != nil {
			return err
		}
	}
	if err := c.awaitPosted(ctx); err != nil {
		return err
	}
	all := c.mail.Webhooks()
	c.addNote("%d reports in %d posts, %d of them tried again: %d came twice in disorder, %d were dropped, and all were repeated",
		len(c.reports), all.Posts, all.Retries, first.Duplicated, first.Dropped)
	if all.Failed > 0 {
		return fmt.Errorf("the stand-in SendGrid gave %d reports up", all.Failed)
	}
	return nil
}

// planReports adds the events that the provider will report of a mail.
func (c *webhooksRun) planReports(id string, m mail) {
	var k int
	if _, err := fmt.Sscanf(m.learner, "u%05d", &k); err != nil {
		return // the accounting reports a mail to an unexpected address
	}
	now := c.clock.Now()
	events := []standin.Event{{Kind: standin.Delivered}, {Kind: standin.Open}, {Kind: standin.Click, URL: "https://academy.example/courses"}}
	switch {
	case isBouncing(k):
		events = []standin.Event{{Kind: standin.Bounce, BounceType: "bounce"}}
	case isComplaining(k):
		events = append(events, standin.Event{Kind: standin.SpamReport})
	}
	for i, e := range events {
		e.ID = fmt.Sprintf("report-%s-%d", m.learner, i)
		e.At = now
		c.reports[e.ID] = mailReport{mail: id, learner: m.learner, event: e}
		c.order = append(c.order, e.ID)
	}
}

func (c *webhooksRun) killEdge(ctx context.Context) error {
	tried := c.mail.Webhooks().Posts
	err := c.mail.WaitReported(ctx, func(now standin.WebhookCounts) bool { return now.Posts > tried })
	if err != nil {
		return err
	}
	c.o.Progress("killing the edge")
	c.edge.Kill()
	c.edge = nil
	return c.startEdge(ctx)
}

// awaitPosted waits until the provider has posted all its reports.
func (c *webhooksRun) awaitPosted(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.o.Patience)
	defer cancel()
	return c.mail.WaitReported(ctx, func(now standin.WebhookCounts) bool { return now.Waiting == 0 })
}

// checkCounted reports as wrong every provider report that has not become exactly one event.
func (c *webhooksRun) checkCounted(ctx context.Context) error {
	stored := map[string]int{}
	about := map[string]string{}
	err := c.observer.readStream(ctx, subjects.Stream, func(m jetstream.Msg) error {
		_, learner, name, err := subjects.ParseStored(m.Subject())
		if err != nil || !strings.HasPrefix(name, "email.") {
			return nil // published by the drill
		}
		var body struct{ ID string }
		if err := json.Unmarshal(m.Data(), &body); err != nil {
			return fmt.Errorf("an event of the edge cannot be read: %w", err)
		}
		stored[body.ID]++
		about[body.ID] = learner
		return nil
	})
	if err != nil {
		return err
	}
	ids := slices.Clone(c.order)
	slices.Sort(ids)
	once := 0
	for _, id := range ids {
		switch n := stored[id]; {
		case n == 0:
			c.report.Lost++
			c.report.addWrong("%s, %s: lost", id, c.reports[id].event.Kind)
		case n > 1:
			c.report.Doubled += n - 1
			c.report.addWrong("%s, %s: counted %d times", id, c.reports[id].event.Kind, n)
		case about[id] != c.reports[id].learner:
			c.report.addWrong("%s, %s: counted for %s", id, c.reports[id].event.Kind, about[id])
		default:
			once++
		}
		delete(stored, id)
	}
	for id := range stored {
		c.report.addWrong("%s was counted, and the provider did not report it", id)
	}
	c.addNote("%d of %d reports were counted exactly once", once, len(ids))
	return nil
}
