package bench

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"homeroom/catalog"
	"homeroom/dev/instance"
	"homeroom/engine"
	"homeroom/internal/clock"
	"homeroom/worker"
	"homeroom/workflows"
)

// broadcastFiles are what job F adds to the rules of the jobs.
func broadcastFiles() map[string][]byte {
	return map[string][]byte{
		"rules/announce.yaml":  []byte("rule: announce\nwhen: {broadcast: true, audience: {in: course}}\ndo: [{send: announce}]\n"),
		"messages/announce.md": []byte("---\nsubject: News\n---\nHi {{ learner.first_name | default: \"there\" }}, there is news.\n"),
	}
}

const broadcastCourse = "crs_go"

// collectionPercent is how much garbage is collected at once, for [debug.SetGCPercent]. Temporal, NATS, the provider and Homeroom have one collector here, because they are one process, and while it
// works, a twentieth of the time with the usual percent, a message takes ten times as long. That would be measured, and not the broadcast. Elsewhere each has a collector of its own.
const collectionPercent = 600

// besideBroadcast are job A's lags alone and beside a broadcast, and how far the broadcast came.
type besideBroadcast struct {
	alone, beside []time.Duration
	reached       int // learners whom the broadcast had reached when the last message of A was there
}

// jobF sends twice as many single messages as job A, because of 50 the p99 is the slowest. It measures their lags, and then again while a broadcast reaches learners without a rate
// of somebody's own. It does not wait for the broadcast's end: that everybody gets it is the drill's to show.
func (o *Options) jobF(ctx context.Context, s Sizes) (result besideBroadcast, err error) {
	s.Singles *= 2
	if os.Getenv("GOGC") == "" {
		defer debug.SetGCPercent(debug.SetGCPercent(collectionPercent))
	}
	academy, err := jobAcademy(s.Wait, broadcastFiles())
	if err != nil {
		return result, err
	}
	err = o.onDiskWith(ctx, "job-f", academy, func(j *job) error {
		if err := j.enrollAudience(ctx, s.Audience); err != nil {
			return err
		}
		if result.alone, err = j.measureSingles(ctx, "job F, alone", "alone", s.Singles); err != nil {
			return err
		}
		event := engine.Event{
			ID:         "bench",
			Name:       engine.EventBroadcast,
			Properties: map[string]any{engine.KeyBroadcastRule: "announce", engine.KeyCourse: broadcastCourse},
		}
		if _, err := worker.StartBroadcast(ctx, j.homeroom.Temporal, workflows.BroadcastInput{Event: event}); err != nil {
			return err
		}
		if err := j.awaitMails(ctx, "job F: the broadcast begins", s.Singles+2); err != nil {
			return err
		}
		if result.beside, err = j.measureSingles(ctx, "job F, beside a broadcast", "beside", s.Singles); err != nil {
			return err
		}
		result.reached = j.stack.Mail.Counts().Accepted - 2*(s.Singles+1)
		return nil
	})
	return result, err
}

// enrollAudience publishes an enrollment of each learner of the audience and waits until all are known.
func (j *job) enrollAudience(ctx context.Context, n int) error {
	var all []instance.Message
	for i := range n {
		learner := fmt.Sprint("m", i)
		m, err := instance.Publisher{Catalog: j.academy.Catalog}.Message(catalog.Decoded{
			Event: engine.Event{
				ID:         learner + "-1",
				Name:       engine.EventEnrolled,
				Learner:    learner,
				Time:       time.Now(),
				Properties: map[string]any{"course_id": broadcastCourse},
			},
			Traits: map[string]any{"email": learner + jobDomain},
		})
		if err != nil {
			return err
		}
		all = append(all, m)
	}
	if err := publishAll(ctx, j.js, all, nil); err != nil {
		return err
	}
	report := j.o.progressOf("job F: enrollments")
	for {
		_, known, err := j.homeroom.App.Store().Standings.Ranges(ctx, 0, 1)
		if err != nil || known >= n {
			return err
		}
		report(known, n)
		if err := clock.Sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

func (o *Options) numbersF(ctx context.Context, s Sizes) (map[string]float64, error) {
	f, err := o.jobF(ctx, s)
	ms := func(lags []time.Duration, p float64) float64 { return inMicroseconds(percentile(lags, p)) / 1000 }
	return map[string]float64{
		"p50_ms":       ms(f.beside, 50),
		"p99_ms":       ms(f.beside, 99),
		"alone_p50_ms": ms(f.alone, 50),
		"alone_p99_ms": ms(f.alone, 99),
		"reached":      float64(f.reached),
	}, err
}

// jobKindF is job F as a kind of job.
func (o *Options) jobKindF(s Sizes) jobKind {
	return jobKind{
		letter: "F",
		name:   fmt.Sprintf("A beside a broadcast to %s, p50 / p99", withCommas(float64(s.Audience))),
		budget: "p99 ≤ 2 × alone",
		do:     func(ctx context.Context) (map[string]float64, error) { return o.numbersF(ctx, s) },
		value: func(d map[string]float64) string {
			return fmt.Sprintf("%.0f / %.0f ms, alone %.0f / %.0f ms; %s reached meanwhile", d["p50_ms"], d["p99_ms"], d["alone_p50_ms"], d["alone_p99_ms"], withCommas(d["reached"]))
		},
		met:  func(d map[string]float64) bool { return d["p99_ms"] <= 2*d["alone_p99_ms"] },
		main: "p99_ms",
	}
}
