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
	"homeroom/dev/standin"
	"homeroom/subjects"
)

// webhooks lets the provider report in disorder, and kills the edge meanwhile.
func webhooks() Drill {
	return Drill{
		Name:  "webhooks",
		About: "the provider's reports come twice, in disorder, a third not before they are repeated, and the edge is killed in between",
		setup: setup{quiet: true, roles: []app.Role{app.RoleTriggers, app.RoleWorker}},
		run: func(ctx context.Context, w *world) error {
			c := &callbacks{world: w, learners: of(w.o.Size, 1000, 40), told: map[string]report{}}
			defer c.end()
			return c.run(ctx)
		},
	}
}

// report is something that the provider tells of a mail.
type report struct {
	mail  string // the provider's own id
	about string // learner
	event standin.Event
}

type callbacks struct {
	*world
	learners int
	edge     *process.Process
	told     map[string]report // by the provider's id of the report
	order    []string
}

func (c *callbacks) end() {
	if c.edge != nil {
		c.edge.Kill()
	}
}

func (c *callbacks) run(ctx context.Context) error {
	if err := c.open(ctx); err != nil {
		return err
	}
	if err := c.fail(ctx, "q1", func(int) end { return endMail }); err != nil {
		return err
	}
	if _, err := c.settle(ctx); err != nil {
		return err
	}
	if err := c.storm(ctx); err != nil {
		return err
	}
	if err := c.drain(ctx); err != nil {
		return err
	}
	if err := c.check(ctx); err != nil {
		return err
	}
	// What came back is in force: the second quiz brings no mail to those who cannot, or do not want to, be reached.
	return c.fail(ctx, "q2", func(k int) end {
		if bounces(k) || complains(k) {
			return endSkip
		}
		return endMail
	})
}

func bounces(k int) bool   { return k%10 == 0 }
func complains(k int) bool { return k%10 == 5 }

// open starts an edge beside the other roles, and sends the provider's reports there.
func (c *callbacks) open(ctx context.Context) (err error) {
	if c.edge, err = c.launch(ctx, process.Order{Roles: []app.Role{app.RoleEdge}}); err != nil {
		return err
	}
	return c.mail.SetWebhook(c.edge.Edge + "/webhooks/sendgrid")
}

// fail lets everybody fail a quiz.
func (c *callbacks) fail(ctx context.Context, quiz string, want func(k int) end) error {
	var events []*event
	for k := range c.learners {
		e, err := c.quiz(person{id: fmt.Sprintf("u%05d", k)}, quiz, map[string]end{"retry": want(k)})
		if err != nil {
			return err
		}
		events = append(events, e)
	}
	return c.load(ctx, events, of(c.o.Size, 150, 60), nil)
}

// storm reports everything in disorder, kills the edge in the middle, and repeats everything in order.
func (c *callbacks) storm(ctx context.Context) error {
	inbox, err := c.eyes.inbox()
	if err != nil {
		return err
	}
	for id, m := range inbox {
		c.remember(id, m)
	}
	c.mail.SetDisorder(standin.Disorder{Duplicate: 0.5, Drop: 1.0 / 3, Reorder: true})
	for i, id := range c.order {
		if i == len(c.order)/2 {
			if err := c.killEdge(ctx); err != nil {
				return err
			}
		}
		if err := c.mail.Report(c.told[id].mail, c.told[id].event); err != nil {
			return err
		}
	}
	if err := c.posted(ctx); err != nil {
		return err
	}
	first := c.mail.Webhooks()
	c.mail.SetDisorder(standin.Disorder{})
	for _, id := range c.order {
		if err := c.mail.Report(c.told[id].mail, c.told[id].event); err != nil {
			return err
		}
	}
	if err := c.posted(ctx); err != nil {
		return err
	}
	all := c.mail.Webhooks()
	c.note("%d reports in %d posts, %d of them tried again: %d came twice in disorder, %d were dropped, and all were repeated",
		len(c.told), all.Posts, all.Retries, first.Duplicated, first.Dropped)
	if all.Failed > 0 {
		return fmt.Errorf("the stand-in SendGrid gave %d reports up", all.Failed)
	}
	return nil
}

// remember notes what the provider will tell of a mail.
func (c *callbacks) remember(id string, m mail) {
	var k int
	if _, err := fmt.Sscanf(m.learner, "u%05d", &k); err != nil {
		return // accounted for as a stranger
	}
	now := c.clock.Now()
	events := []standin.Event{{Kind: standin.Delivered}, {Kind: standin.Open}, {Kind: standin.Click, URL: "https://academy.example/courses"}}
	switch {
	case bounces(k):
		events = []standin.Event{{Kind: standin.Bounce, BounceType: "bounce"}}
	case complains(k):
		events = append(events, standin.Event{Kind: standin.SpamReport})
	}
	for i, e := range events {
		e.ID = fmt.Sprintf("report-%s-%d", m.learner, i)
		e.At = now
		c.told[e.ID] = report{mail: id, about: m.learner, event: e}
		c.order = append(c.order, e.ID)
	}
}

func (c *callbacks) killEdge(ctx context.Context) error {
	tried := c.mail.Webhooks().Posts
	err := c.mail.WaitReported(ctx, func(now standin.WebhookCounts) bool { return now.Posts > tried })
	if err != nil {
		return err
	}
	c.o.Progress("killing the edge")
	c.edge.Kill()
	c.edge = nil
	return c.open(ctx)
}

// posted waits until the provider has nothing more to tell.
func (c *callbacks) posted(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.o.Patience)
	defer cancel()
	return c.mail.WaitReported(ctx, func(now standin.WebhookCounts) bool { return now.Waiting == 0 })
}

// check counts the events that the reports have become: one for each.
func (c *callbacks) check(ctx context.Context) error {
	stored := map[string]int{}
	about := map[string]string{}
	err := c.eyes.read(ctx, subjects.Stream, func(m jetstream.Msg) error {
		_, learner, name, err := subjects.ParseStored(m.Subject())
		if err != nil || !strings.HasPrefix(name, "email.") {
			return nil // the drill's own
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
			c.report.wrong("%s, %s: lost", id, c.told[id].event.Kind)
		case n > 1:
			c.report.Doubled += n - 1
			c.report.wrong("%s, %s: counted %d times", id, c.told[id].event.Kind, n)
		case about[id] != c.told[id].about:
			c.report.wrong("%s, %s: counted for %s", id, c.told[id].event.Kind, about[id])
		default:
			once++
		}
		delete(stored, id)
	}
	for id := range stored {
		c.report.wrong("%s was counted, and nobody reported it", id)
	}
	c.note("%d of %d reports were counted exactly once", once, len(ids))
	return nil
}
