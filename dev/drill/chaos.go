package drill

import (
	"context"
	"math/rand/v2"
	"strings"
	"time"

	"homeroom/dev/process"
	"homeroom/internal/clock"
	"homeroom/internal/standin"
)

// chaosDrill has everything fail that can, in a random order that a seed repeats.
func chaosDrill() Drill {
	return Drill{
		Name:  "chaos",
		About: "three replicas, NATS and Temporal are killed and stopped for a while, the provider fails, and clocks differ, in random order under load",
		setup: setup{
			apart:       true,
			clock:       func(Size) clock.Clock { return clock.New(time.Now(), time.Now(), settlingFactor) },
			settleAfter: 2 * settlingAfter, // a replica that is stopped takes no reports for a while

			mayStayUncertain: true,
		},
		run: func(ctx context.Context, w *world) error {
			seed := w.o.Seed
			if seed == 0 {
				seed = bySize(w.o.Size, uint64(time.Now().UnixNano())%1_000_000, 1)
			}
			w.addNote("seed %d", seed)
			c := chaosRun{world: w, random: rand.New(rand.NewPCG(seed, 0))}
			return c.run(ctx, bySize(w.o.Size, 24, 6))
		},
	}
}

// replicaCount is how many processes of Homeroom run at the same time.
const replicaCount = 3

type chaosRun struct {
	*world
	random   *rand.Rand
	replicas [replicaCount]*process.Process // the first is world.homeroom
	edge     *proxy                         // leads the provider's reports to a replica
}

func (c *chaosRun) killReplicas() {
	for _, p := range c.replicas[1:] {
		if p != nil {
			p.Kill()
		}
	}
}

func (c *chaosRun) run(ctx context.Context, mishaps int) (err error) {
	if c.edge, err = newProxy("127.0.0.1:9"); err != nil {
		return err
	}
	c.stops = append(c.stops, c.edge.closeForGood)
	c.stops = append(c.stops, c.killReplicas)
	c.replicas[0] = c.homeroom
	for i := range c.replicas[1:] {
		if err := c.startReplica(ctx, i+1); err != nil {
			return err
		}
	}
	if err := c.mail.SetWebhook("http://" + c.edge.address + "/webhooks/sendgrid"); err != nil {
		return err
	}
	rate := bySize(c.o.Size, 40, 30)
	n := rate * mishaps * bySize(c.o.Size, 5, 1)
	events, err := c.campusEvents(n, max(n/4, 1), "retry")
	if err != nil {
		return err
	}
	return c.publishUnderLoad(ctx, events, rate, func(ctx context.Context) error {
		for range mishaps {
			if err := c.pauseFor(ctx, "under load", c.randomTime()); err != nil {
				return err
			}
			if err := c.haveMishap(ctx); err != nil {
				return err
			}
		}
		c.mail.ClearFaults()
		return nil
	})
}

// randomTime returns a pause between two mishaps, or the duration of one.
func (c *chaosRun) randomTime() time.Duration {
	most := bySize(c.o.Size, 3*time.Second, time.Second)
	return most/4 + time.Duration(c.random.Int64N(int64(most)))
}

// haveMishap has one thing happen, and the first of its consequences mended.
func (c *chaosRun) haveMishap(ctx context.Context) error {
	i := c.random.IntN(replicaCount)
	switch c.random.IntN(6) {
	case 0:
		c.addNote("kill -9 of replica %d", i)
		c.replicas[i].Kill()
		return c.startReplica(ctx, i)
	case 1:
		return c.freezeReplica(ctx, i)
	case 2:
		c.addNote("kill -9 of NATS")
		return c.restartServer(ctx, process.ServerNATS)
	case 3:
		c.addNote("kill -9 of Temporal")
		return c.restartServer(ctx, process.ServerTemporal)
	case 4:
		c.addNote("kill -9 of replica %d, and of NATS before it is back", i)
		c.replicas[i].Kill()
		if err := c.restartServer(ctx, process.ServerNATS); err != nil {
			return err
		}
		return c.startReplica(ctx, i)
	default:
		c.failProvider()
		return nil
	}
}

// startReplica starts a replica whose clock differs from the others', and directs the provider's reports to it.
func (c *chaosRun) startReplica(ctx context.Context, i int) error {
	skew := time.Duration(c.random.Int64N(int64(time.Minute))) - 30*time.Second
	p, err := c.launchProcess(ctx, process.Order{Clock: clock.New(c.clock.Anchor, c.clock.Start.Add(skew), c.clock.Factor)})
	if err != nil {
		return err
	}
	c.replicas[i] = p
	if i == 0 {
		c.homeroom = p
	}
	c.edge.setTarget(strings.TrimPrefix(p.Edge, "http://"))
	return nil
}

// freezeReplica stops a replica for a while, and has it go on as if no time had passed.
func (c *chaosRun) freezeReplica(ctx context.Context, i int) error {
	how := c.randomTime()
	c.addNote("replica %d is stopped for %s", i, how.Round(10*time.Millisecond))
	if err := c.replicas[i].Freeze(); err != nil {
		return err
	}
	if err := c.pauseFor(ctx, "a replica is stopped", how); err != nil {
		return err
	}
	return c.replicas[i].Thaw()
}

func (c *chaosRun) restartServer(ctx context.Context, which process.Server) error {
	c.killServer(which)
	if err := c.pauseFor(ctx, string(which)+" is away", c.randomTime()); err != nil {
		return err
	}
	return c.startServer(ctx, which)
}

// failProvider gives the provider some faults, and mails in between that it takes.
func (c *chaosRun) failProvider() {
	faults := []standin.Fault{
		{Status: 503, Times: 5},
		{Status: 429, Times: 5},
		{Reset: true},
		{Times: 3},
		{Reset: true, Taken: true},
		{Times: 3},
		{Status: 502, Taken: true},
		{Latency: 500 * time.Millisecond, Times: 5},
	}
	c.random.Shuffle(len(faults), func(a, b int) { faults[a], faults[b] = faults[b], faults[a] })
	c.addNote("the provider fails in several ways")
	c.mail.Fail(faults...)
}
