package drill

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"homeroom/dev/process"
)

// killDrill kills everything but the provider, at random points under load.
func killDrill() Drill {
	return Drill{
		Name:  "kill",
		About: "kill -9 of Homeroom, NATS and Temporal at random points under load, several times, with their data on disk",
		setup: setup{own: true},
		run: func(ctx context.Context, w *world) error {
			kills := of(w.o.Size, 6, 2)
			events, err := w.crowd(of(w.o.Size, 6000, 240), of(w.o.Size, 1500, 100), "retry")
			if err != nil {
				return err
			}
			return w.load(ctx, events, of(w.o.Size, 60, 40), func(ctx context.Context) error {
				for n := range kills {
					alive := of(w.o.Size, 3*time.Second, time.Second) + rand.N(of(w.o.Size, 15*time.Second, 2*time.Second))
					if err := w.pause(ctx, fmt.Sprintf("kill %d of %d comes", n+1, kills), alive); err != nil {
						return err
					}
					taken := w.mail.Counts().Accepted
					w.kill()
					if err := w.start(ctx, process.Order{}); err != nil {
						return err
					}
					w.note("kill %d: after %s, with %d mails out", n+1, alive.Round(10*time.Millisecond), taken)
				}
				return nil
			})
		},
	}
}

// temporalAway takes Temporal away under load.
func temporalAway() Drill {
	return Drill{
		Name:  "temporal-away",
		About: "Temporal is away for a minute under load: connections break and are refused",
		run: func(ctx context.Context, w *world) error {
			return w.away(ctx, "Temporal", w.toTemporal)
		},
	}
}

// natsAway takes NATS away from Homeroom under load; the platform goes on publishing.
func natsAway() Drill {
	return Drill{
		Name:  "nats-away",
		About: "NATS is away from Homeroom for a minute under load, while the platform goes on publishing",
		run: func(ctx context.Context, w *world) error {
			return w.away(ctx, "NATS", w.toNATS)
		},
	}
}

func (w *world) away(ctx context.Context, name string, way *proxy) error {
	away := of(w.o.Size, time.Minute, 4*time.Second)
	around := of(w.o.Size, 10*time.Second, time.Second)
	rate := of(w.o.Size, 60, 30)
	// The last event comes a while after the server does.
	n := rate * int((away + 2*around).Seconds())
	events, err := w.crowd(n, max(n/4, 1), "retry")
	if err != nil {
		return err
	}
	return w.load(ctx, events, rate, func(ctx context.Context) error {
		if err := w.pause(ctx, "under load", around); err != nil {
			return err
		}
		before := w.mail.Counts().Accepted
		way.cut()
		if err := w.pause(ctx, name+" is away", away); err != nil {
			return err
		}
		during := w.mail.Counts().Accepted - before
		if err := way.mend(); err != nil {
			return err
		}
		w.note("%s was away for %s: %d mails before, %d meanwhile", name, away, before, during)
		return nil
	})
}
