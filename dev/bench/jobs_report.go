package bench

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// publishedResults are the results of other engines in the same jobs, on a machine of this kind (2 cores for everything,
// single runs, November 2026): Notifuse 32.2, tuned, on PostgreSQL; Inngest 1.43's dev server, in memory; Inngest 1.43 on
// PostgreSQL and Redis.
var publishedResults = map[string][3]string{
	"A": {"994 / 1,970 / 2,021 ms", "253 / 353 / 381 ms", "189 / 342 / 384 ms"},
	"B": {"22/s", "52/s", "14/s"},
	"C": {"4,635/s", "11,129/s", "3,224/s"},
	"D": {"19.9 / 32.8 s", "10.9 / 19.3 s", "43.5 / 79.2 s"},
	"E": {"1 / 0", "1,000 / 0", "0 / 8"},
}

func peerResults(job string) string {
	p := publishedResults[job]
	return fmt.Sprintf("Notifuse %s; Inngest dev %s; Inngest %s", p[0], p[1], p[2])
}

// Jobs runs the jobs that letters names, all five if it is empty, each on servers of its own that keep their data on disk.
// command starts a process that runs [process.Serve].
func (o *Options) Jobs(ctx context.Context, letters string, s Sizes, command func() *exec.Cmd) (*Report, error) {
	s = s.orDefault()
	r := newReport("the five jobs on durable storage: SQLite file, JetStream on disk")
	for _, job := range []struct {
		letter string
		do     func(context.Context) (Figure, error)
	}{
		{"A", func(ctx context.Context) (Figure, error) { return o.figureA(ctx, s) }},
		{"B", func(ctx context.Context) (Figure, error) { return o.figureB(ctx, s) }},
		{"C", func(ctx context.Context) (Figure, error) { return o.figureC(ctx, s) }},
		{"D", func(ctx context.Context) (Figure, error) { return o.figureD(ctx, s) }},
		{"E", func(ctx context.Context) (Figure, error) { return o.figureE(ctx, s, command) }},
	} {
		if letters != "" && !strings.Contains(strings.ToUpper(letters), job.letter) {
			continue
		}
		f, err := job.do(ctx)
		if err != nil {
			return r, fmt.Errorf("job %s: %w", job.letter, err)
		}
		f.Note = strings.TrimSpace(peerResults(job.letter) + " " + f.Note)
		r.addFigure(f)
	}
	return r, nil
}

func (o *Options) figureA(ctx context.Context, s Sizes) (Figure, error) {
	lags, err := o.jobA(ctx, s)
	p50 := percentile(lags, 50)
	p95 := percentile(lags, 95)
	p99 := percentile(lags, 99)
	return Figure{
		Name:   fmt.Sprintf("A: %d messages at once, p50 / p95 / p99", len(lags)),
		Value:  fmt.Sprintf("%d / %d / %d ms", p50.Milliseconds(), p95.Milliseconds(), p99.Milliseconds()),
		Budget: "≤ 30 / 100 / 250 ms",
		Met:    budgetMet(p50 <= 30*time.Millisecond && p95 <= 100*time.Millisecond && p99 <= 250*time.Millisecond),
		Data:   map[string]float64{"p50_ms": inMicroseconds(p50) / 1000, "p95_ms": inMicroseconds(p95) / 1000, "p99_ms": inMicroseconds(p99) / 1000},
	}, err
}

func (o *Options) figureB(ctx context.Context, s Sizes) (Figure, error) {
	b, err := o.jobB(ctx, s)
	return Figure{
		Name:   fmt.Sprintf("B: %s new learners, a message each", withCommas(float64(s.Newcomer))),
		Value:  fmt.Sprintf("%.0f/s", b.rate()),
		Budget: "≥ 100/s",
		Met:    budgetMet(b.rate() >= 100),
		Data:   map[string]float64{"messages_per_s": b.rate(), "processor_us_per_message": b.processorEach()},
	}, err
}

func (o *Options) figureC(ctx context.Context, s Sizes) (Figure, error) {
	c, published, err := o.jobC(ctx, s)
	return Figure{
		Name:   fmt.Sprintf("C: %s events that no rule needs, %d learners", withCommas(float64(s.Noise)), noiseLearners),
		Value:  withCommas(c.rate()) + "/s",
		Budget: "≥ 50,000/s",
		Met:    budgetMet(c.rate() >= 50_000),
		Note:   fmt.Sprintf("(published at %s/s meanwhile)", withCommas(published.rate())),
		Data:   map[string]float64{"events_per_s": c.rate(), "published_per_s": published.rate(), "processor_us_per_event": c.processorEach()},
	}, err
}

func (o *Options) figureD(ctx context.Context, s Sizes) (Figure, error) {
	lags, err := o.jobD(ctx, s)
	p50 := percentile(lags, 50)
	p99 := percentile(lags, 99)
	return Figure{
		Name:   fmt.Sprintf("D: %s due at the same moment, lag p50 / p99", withCommas(float64(s.Due))),
		Value:  fmt.Sprintf("%.1f / %.1f s", p50.Seconds(), p99.Seconds()),
		Budget: "≤ 3 / 8 s",
		Met:    budgetMet(p50 <= 3*time.Second && p99 <= 8*time.Second),
		Data:   map[string]float64{"p50_s": p50.Seconds(), "p99_s": p99.Seconds()},
	}, err
}

func (o *Options) figureE(ctx context.Context, s Sizes, command func() *exec.Cmd) (Figure, error) {
	kill, err := o.jobE(ctx, s, command)
	return Figure{
		Name:   "E: kill -9 half-way through B, lost / doubled",
		Value:  fmt.Sprintf("%d / %d, %d uncertain", kill.lost, kill.doubled, kill.uncertain),
		Budget: "0 / 0",
		Met:    budgetMet(kill.lost == 0 && kill.doubled == 0),
		Data:   map[string]float64{"lost": float64(kill.lost), "doubled": float64(kill.doubled), "uncertain": float64(kill.uncertain)},
	}, err
}
