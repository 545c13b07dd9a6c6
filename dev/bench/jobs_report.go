package bench

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// peers are the other engines that did the same jobs, and when and how that was measured.
const peers = "Inngest 1.43 on SQLite / Inngest 1.43 on PostgreSQL and Redis / Notifuse 32.2, tuned, on PostgreSQL, in the session of 28 November 2026"

// peerResults are the results of the peers, in their order: medians of three alternating rounds (two for PostgreSQL and Redis) on two cores in one session, in
// which Homeroom 3fdbefe did A in 18.6 / 23.8 / 28 ms, B at 144/s, C at 62,840/s and D in 2.7 / 4.7 s. Ratios hold within a session only. E is of an earlier
// session.
var peerResults = map[string]string{
	"A": "221 / 355 / 397 ms; 220 / 372 / 390 ms; 656 / 1,086 / 1,107 ms",
	"B": "28.8/s, 35.1 ms, 359 MiB; 63.6/s, 30.4 ms, 488 MiB; 39.2/s, 30.5 ms, 160 MiB",
	"C": "1,077/s; 3,739/s; 5,870/s",
	"D": "12.1 / 24.2 s; 7.2 / 14.5 s; 10.5 / 20.2 s",
	"E": "1,000 / 0; 0 / 8; 1 / 0",
}

// jobKind is one of the jobs: how it is done, and how its numbers are shown. The numbers are by name, which ends in the unit.
type jobKind struct {
	letter string
	name   string
	budget string
	do     func(context.Context) (map[string]float64, error)
	value  func(d map[string]float64) string
	met    func(d map[string]float64) bool
	main   string // the number whose spread is told
}

// Jobs does the jobs that letters names, all if it is empty, so many times each, on servers of its own that keep their data on disk. The report has medians
// and spreads. command starts a process that runs [process.Serve].
func (o *Options) Jobs(ctx context.Context, letters string, runs int, s Sizes, command func() *exec.Cmd) (*Report, error) {
	s = s.orDefault()
	r := newReport(fmt.Sprintf("the five jobs on durable storage: SQLite file, JetStream on disk; medians of %d runs\npeers: %s", max(runs, 1), peers))
	for i, job := range o.jobKinds(s, command) {
		if letters != "" && !strings.Contains(strings.ToUpper(letters), job.letter) {
			continue
		}
		var all []map[string]float64
		for n := range max(runs, 1) {
			again := *o
			again.Dir = filepath.Join(o.Dir, fmt.Sprintf("run-%d", n+1))
			one, err := again.jobKinds(s, command)[i].do(ctx)
			if err != nil {
				return r, fmt.Errorf("job %s: %w", job.letter, err)
			}
			all = append(all, one)
		}
		r.addFigure(job.figure(all))
	}
	return r, nil
}

// figure makes one figure of all runs of a job.
func (j *jobKind) figure(runs []map[string]float64) Figure {
	middle := map[string]float64{}
	data := map[string]float64{}
	for name := range runs[0] {
		values := make([]float64, 0, len(runs))
		for _, run := range runs {
			values = append(values, run[name])
		}
		slices.Sort(values)
		middle[name] = medianOf(values)
		data[name] = middle[name]
		data["least_"+name] = values[0]
		data["most_"+name] = values[len(values)-1]
	}
	note := ""
	if theirs := peerResults[j.letter]; theirs != "" {
		note = "peers " + theirs
	}
	if len(runs) > 1 {
		note = strings.TrimSuffix(fmt.Sprintf("from %s to %s; %s", shortNumber(data["least_"+j.main]), shortNumber(data["most_"+j.main]), note), "; ")
	}
	return Figure{
		Name:   j.letter + ": " + j.name,
		Value:  j.value(middle),
		Budget: j.budget,
		Met:    budgetMet(j.met(middle)),
		Note:   note,
		Data:   data,
	}
}

// medianOf returns the middle of sorted values; of an even number the mean of the two in the middle.
func medianOf(sorted []float64) float64 {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// shortNumber writes a number with commas, or, below a hundred, with one digit after the point.
func shortNumber(n float64) string {
	if n < 100 {
		return fmt.Sprintf("%.1f", n)
	}
	return withCommas(n)
}

// jobKinds are the five jobs that other engines did too, and job F, with the goals of docs/performance.md.
func (o *Options) jobKinds(s Sizes, command func() *exec.Cmd) []jobKind {
	return []jobKind{
		{
			letter: "A",
			name:   fmt.Sprintf("%d messages at once, p50 / p95 / p99", s.Singles),
			budget: "≤ 20 / 30 / 60 ms",
			do:     func(ctx context.Context) (map[string]float64, error) { return o.numbersA(ctx, s) },
			value: func(d map[string]float64) string {
				return fmt.Sprintf("%.0f / %.0f / %.0f ms", d["p50_ms"], d["p95_ms"], d["p99_ms"])
			},
			met:  func(d map[string]float64) bool { return d["p50_ms"] <= 20 && d["p95_ms"] <= 30 && d["p99_ms"] <= 60 },
			main: "p50_ms",
		},
		{
			letter: "B",
			name:   fmt.Sprintf("%s new learners, a message each", withCommas(float64(s.Newcomer))),
			budget: "≥ 200/s, ≤ 8 ms, ≤ 400 MiB",
			do:     func(ctx context.Context) (map[string]float64, error) { return o.numbersB(ctx, s) },
			value: func(d map[string]float64) string {
				return fmt.Sprintf("%.0f/s, %.1f ms of processor a message, at most %.0f MiB", d["messages_per_s"], d["processor_ms_per_message"], d["peak_memory_mib"])
			},
			met: func(d map[string]float64) bool {
				return d["messages_per_s"] >= 200 && d["processor_ms_per_message"] <= 8 && d["peak_memory_mib"] <= 400
			},
			main: "messages_per_s",
		},
		{
			letter: "C",
			name:   fmt.Sprintf("%s events that no rule needs, %d learners", withCommas(float64(s.Noise)), noiseLearners),
			budget: "≥ 0.9 of publishing alone",
			do:     func(ctx context.Context) (map[string]float64, error) { return o.numbersC(ctx, s) },
			value: func(d map[string]float64) string {
				return fmt.Sprintf("%s/s, %.2f of publishing alone (%s/s)", withCommas(d["events_per_s"]), d["part_of_publishing"], withCommas(d["published_alone_per_s"]))
			},
			met:  func(d map[string]float64) bool { return d["part_of_publishing"] >= 0.9 },
			main: "events_per_s",
		},
		{
			letter: "D",
			name:   fmt.Sprintf("%s due at the same moment, lag p50 / p99", withCommas(float64(s.Due))),
			budget: "≤ 2 / 4 s",
			do:     func(ctx context.Context) (map[string]float64, error) { return o.numbersD(ctx, s) },
			value:  func(d map[string]float64) string { return fmt.Sprintf("%.1f / %.1f s", d["p50_s"], d["p99_s"]) },
			met:    func(d map[string]float64) bool { return d["p50_s"] <= 2 && d["p99_s"] <= 4 },
			main:   "p50_s",
		},
		{
			letter: "E",
			name:   "kill -9 half-way through B, lost / doubled",
			budget: "0 / 0",
			do:     func(ctx context.Context) (map[string]float64, error) { return o.numbersE(ctx, s, command) },
			value: func(d map[string]float64) string {
				return fmt.Sprintf("%.0f / %.0f, %.0f uncertain", d["lost"], d["doubled"], d["uncertain"])
			},
			met:  func(d map[string]float64) bool { return d["lost"] == 0 && d["doubled"] == 0 },
			main: "uncertain",
		},
		o.jobKindF(s),
	}
}

func (o *Options) numbersA(ctx context.Context, s Sizes) (map[string]float64, error) {
	lags, err := o.jobA(ctx, s)
	ms := func(p float64) float64 { return inMicroseconds(percentile(lags, p)) / 1000 }
	return map[string]float64{"p50_ms": ms(50), "p95_ms": ms(95), "p99_ms": ms(99)}, err
}

func (o *Options) numbersB(ctx context.Context, s Sizes) (map[string]float64, error) {
	forgetPeakMemory()
	b, err := o.jobB(ctx, s)
	return map[string]float64{
		"messages_per_s":           b.rate(),
		"processor_ms_per_message": b.processorEach() / 1000,
		"peak_memory_mib":          float64(peakMemory()) / (1 << 20),
	}, err
}

func (o *Options) numbersC(ctx context.Context, s Sizes) (map[string]float64, error) {
	alone, err := o.publishAlone(ctx, s)
	if err != nil {
		return nil, err
	}
	c, published, err := o.jobC(ctx, s)
	return map[string]float64{
		"events_per_s":           c.rate(),
		"published_per_s":        published.rate(),
		"published_alone_per_s":  alone.rate(),
		"part_of_publishing":     c.rate() / alone.rate(),
		"processor_us_per_event": c.processorEach(),
	}, err
}

func (o *Options) numbersD(ctx context.Context, s Sizes) (map[string]float64, error) {
	lags, err := o.jobD(ctx, s)
	return map[string]float64{"p50_s": percentile(lags, 50).Seconds(), "p99_s": percentile(lags, 99).Seconds()}, err
}

func (o *Options) numbersE(ctx context.Context, s Sizes, command func() *exec.Cmd) (map[string]float64, error) {
	kill, err := o.jobE(ctx, s, command)
	if err != nil {
		return nil, err
	}
	return map[string]float64{"lost": float64(kill.lost), "doubled": float64(kill.doubled), "uncertain": float64(kill.uncertain)}, nil
}

// publishAlone measures how fast the events of job C are published while nobody reads them.
func (o *Options) publishAlone(ctx context.Context, s Sizes) (result perSecond, err error) {
	err = o.onDisk(ctx, "job-c-alone", time.Minute, func(j *job) error {
		j.homeroom.App.Stop()
		messages, err := pausedVideos(j.academy.Catalog, s.Noise)
		if err != nil {
			return err
		}
		lap := startStopwatch()
		if err := publishAll(ctx, j.js, messages, nil); err != nil {
			return err
		}
		result = lap(s.Noise)
		return nil
	})
	return result, err
}
