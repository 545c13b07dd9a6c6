package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"homeroom/dev/campus"
	"homeroom/dev/instance"
	"homeroom/dev/stack"
	"homeroom/internal/clock"
	"homeroom/internal/standin"
	"homeroom/rules"
)

// The term that is shown: the same learners do the same at the same times, whenever the pictures are taken.
const (
	termSeed = 1
	dayLasts = 4 * time.Second
)

// shownAt is when the pictures are taken, in the campus's time: an afternoon in the middle of the term.
var shownAt = time.Date(2026, 9, 24, 15, 30, 0, 0, time.UTC)

// school is a campus in the middle of its term, with its console.
type school struct {
	stack    *stack.Stack
	instance *instance.Instance
	console  *instance.Console
	academy  *rules.Academy
}

// openSchool plays the term up to shownAt, faster than real time, and goes on from there in real time, so that all pictures show the same moment.
func openSchool(ctx context.Context) (*school, error) {
	academy, problems := rules.LoadDir("examples/academy")
	if academy == nil {
		return nil, fmt.Errorf("examples/academy has mistakes: %w", problems)
	}
	term := campus.Term(campus.Options{Learners: 40, Days: 45, Seed: termSeed})
	first := term[0].Event.Time
	fast := clock.New(time.Now().Add(3*time.Second), first, float64(24*time.Hour)/float64(dayLasts))
	var now atomic.Pointer[clock.Clock]
	now.Store(&fast)
	s := &school{academy: academy}
	var err error
	s.stack, err = stack.Start(ctx, stack.Options{Mail: standin.Options{
		Now:     func() time.Time { return now.Load().Now() },
		Readers: standin.TypicalReaders(termSeed),
		After:   func(d time.Duration) <-chan time.Time { return time.After(now.Load().Wait(d)) },
	}})
	if err != nil {
		return nil, err
	}
	s.instance, err = instance.Open(ctx, s.stack, instance.Options{Academy: academy, Clock: fast})
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	publisher := instance.Publisher{JS: s.instance.JS, Catalog: academy.Catalog}
	var messages []instance.Message
	for _, event := range term {
		if event.Event.Time.After(shownAt) {
			break
		}
		m, err := publisher.Message(event)
		if err != nil {
			return nil, errors.Join(err, s.close())
		}
		messages = append(messages, m)
	}
	fmt.Printf("The term runs up to %s: %s.\n", shownAt.Format("2 January"), time.Until(fast.When(shownAt)).Round(time.Second))
	err = publisher.Play(ctx, fast, messages, nil)
	if err == nil {
		err = clock.Sleep(ctx, time.Until(fast.When(shownAt)))
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	s.instance.Close()
	slow := clock.New(time.Now(), shownAt, 1)
	now.Store(&slow)
	s.instance, err = instance.Open(ctx, s.stack, instance.Options{Clock: slow})
	if err == nil {
		s.console, err = s.instance.OpenConsole(ctx, s.stack, instance.ConsoleOptions{Name: "maya", Log: slog.Default()})
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// stopTime is how long the servers are given to stop.
const stopTime = 20 * time.Second

func (s *school) close() error {
	if s.console != nil {
		s.console.Close()
	}
	if s.instance != nil {
		s.instance.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	return s.stack.Stop(ctx)
}
