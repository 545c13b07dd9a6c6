package drill

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"homeroom/dev/process"
	"homeroom/internal/clock"
)

// The time-lapse in which uncertain mails are settled: so much of Homeroom's time passes in a second, and for so long reports are waited for, which is
// 4 s and the 2 s that a call may take.
const (
	settlingFactor = 60
	settlingAfter  = 4 * time.Minute
)

// killDrill kills everything but the provider, at random points under load.
func killDrill() Drill {
	return Drill{
		Name:  "kill",
		About: "kill -9 of Homeroom, NATS and Temporal at random points under load, several times, with their data on disk; what was uncertain is settled by the provider's reports",
		setup: setup{own: true, clock: func(Size) clock.Clock { return clock.New(time.Now(), time.Now(), settlingFactor) }, settleAfter: settlingAfter},
		run: func(ctx context.Context, w *world) error {
			kills := bySize(w.o.Size, 6, 2)
			events, err := w.campusEvents(bySize(w.o.Size, 6000, 240), bySize(w.o.Size, 1500, 100), "retry")
			if err != nil {
				return err
			}
			return w.publishUnderLoad(ctx, events, bySize(w.o.Size, 60, 40), func(ctx context.Context) error {
				for n := range kills {
					alive := bySize(w.o.Size, 3*time.Second, time.Second) + rand.N(bySize(w.o.Size, 15*time.Second, 2*time.Second))
					if err := w.pauseFor(ctx, fmt.Sprintf("kill %d of %d comes", n+1, kills), alive); err != nil {
						return err
					}
					taken := w.mail.Counts().Accepted
					w.killHomeroom()
					if err := w.startHomeroom(ctx, process.Order{}); err != nil {
						return err
					}
					w.addNote("kill %d: after %s, with %d mails out", n+1, alive.Round(10*time.Millisecond), taken)
				}
				return nil
			})
		},
	}
}

// temporalAwayDrill takes Temporal away under load.
func temporalAwayDrill() Drill {
	return Drill{
		Name:  "temporal-away",
		About: "Temporal is away for a minute under load: connections break and are refused",
		run: func(ctx context.Context, w *world) error {
			return w.runAway(ctx, "Temporal", w.toTemporal)
		},
	}
}

// natsAwayDrill takes NATS away from Homeroom under load; the platform goes on publishing.
func natsAwayDrill() Drill {
	return Drill{
		Name:  "nats-away",
		About: "NATS is away from Homeroom for a minute under load, while the platform goes on publishing",
		run: func(ctx context.Context, w *world) error {
			return w.runAway(ctx, "NATS", w.toNATS)
		},
	}
}

func (w *world) runAway(ctx context.Context, name string, way *proxy) error {
	away := bySize(w.o.Size, time.Minute, 4*time.Second)
	around := bySize(w.o.Size, 10*time.Second, time.Second)
	rate := bySize(w.o.Size, 60, 30)
	// The last event is published after the server is back.
	n := rate * int((away + 2*around).Seconds())
	events, err := w.campusEvents(n, max(n/4, 1), "retry")
	if err != nil {
		return err
	}
	return w.publishUnderLoad(ctx, events, rate, func(ctx context.Context) error {
		if err := w.pauseFor(ctx, "under load", around); err != nil {
			return err
		}
		before := w.mail.Counts().Accepted
		way.cutConnections()
		if err := w.pauseFor(ctx, name+" is away", away); err != nil {
			return err
		}
		during := w.mail.Counts().Accepted - before
		if err := way.listenAgain(); err != nil {
			return err
		}
		w.addNote("%s was away for %s: %d mails before, %d meanwhile", name, away, before, during)
		return nil
	})
}
