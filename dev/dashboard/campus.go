package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/app"
	"homeroom/dev/campus"
	"homeroom/dev/instance"
	"homeroom/dev/process"
	"homeroom/dev/stack"
	"homeroom/dev/timeseries"
	"homeroom/internal/clock"
	"homeroom/internal/standin"
	"homeroom/rules"
)

// measurement is what was scraped, and when.
type measurement struct {
	scrapes    timeseries.Set
	begin, end time.Time // of the first and the last scrape
	every      time.Duration
}

// termSeed is that of the pictures that dev/screens takes.
const termSeed = 1

// measureCampus plays the term and scrapes Homeroom's processes meanwhile.
func (f *flags) measureCampus(ctx context.Context) (m *measurement, err error) {
	academy, problems := rules.LoadDir(f.Academy)
	if academy == nil {
		return nil, fmt.Errorf("%s has mistakes: %w", f.Academy, problems)
	}
	term := campus.Term(campus.Options{Learners: f.Learners, Days: f.Days, Seed: termSeed})
	c := clock.New(time.Now().Add(20*time.Second), term[0].Event.Time, float64(24*time.Hour)/float64(f.DayLasts))
	s, err := stack.Start(ctx, stack.Options{Mail: standin.Options{
		Now:     c.Now,
		Readers: standin.TypicalReaders(termSeed),
		After:   func(d time.Duration) <-chan time.Time { return time.After(c.Wait(d)) },
	}})
	if err != nil {
		return nil, err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		err = errors.Join(err, s.Stop(ctx))
	}()
	processes, err := launchProcesses(ctx, s, academy, c)
	defer func() {
		for _, p := range processes {
			p.Kill()
		}
	}()
	if err != nil {
		return nil, err
	}
	nc, err := nats.Connect(s.NATSURL)
	if err != nil {
		return nil, err
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, err
	}
	publisher := instance.Publisher{JS: js, Catalog: academy.Catalog}
	var messages []instance.Message
	for _, event := range term {
		message, err := publisher.Message(event)
		if err != nil {
			return nil, err
		}
		messages = append(messages, message)
	}
	played := make(chan error, 1)
	go func() { played <- publisher.Play(ctx, c, messages, nil) }()
	fmt.Printf("The term takes until %s.\n", c.When(term[len(term)-1].Event.Time).Format(time.TimeOnly))
	return scrapeUntil(ctx, processes, f.Every, played)
}

// launchProcesses starts two processes of Homeroom by name: one for the stream, one for everything else.
func launchProcesses(ctx context.Context, s *stack.Stack, academy *rules.Academy, c clock.Clock) (map[string]*process.Process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	all := map[string]*process.Process{}
	for name, roles := range map[string][]app.Role{"workers": {app.RoleWorker, app.RoleEdge}, "triggers": {app.RoleTriggers}} {
		command := exec.Command(program, "--serve")
		command.Stderr = os.Stderr
		p, err := process.Launch(ctx, command, process.Order{
			NATS:     s.NATSURL,
			Temporal: s.TemporalAddress,
			Inbox:    s.Mail.URL(),
			Key:      s.Mail.PublicKey(),
			Academy:  academy.Files,
			Clock:    c,
			Roles:    roles,
			Measures: true,
		})
		if err != nil {
			return all, err
		}
		all[name] = p
	}
	return all, s.Mail.SetWebhook(all["workers"].Edge + "/webhooks/sendgrid")
}

// scrapeUntil scrapes the processes until something comes from done.
func scrapeUntil(ctx context.Context, processes map[string]*process.Process, every time.Duration, done <-chan error) (*measurement, error) {
	m := &measurement{begin: time.Now(), every: every}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for at := m.begin; ; {
		for name, p := range processes {
			text, err := p.ReadMetrics(ctx)
			if err != nil {
				return nil, err
			}
			if err := m.scrapes.Record(text, name, at); err != nil {
				return nil, fmt.Errorf("%s: %w", p.Metrics, err)
			}
		}
		m.end = at
		select {
		case at = <-tick.C:
		case err := <-done:
			return m, err
		}
	}
}
