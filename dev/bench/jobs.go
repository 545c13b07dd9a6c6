package bench

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/catalog"
	"homeroom/dev/instance"
	"homeroom/dev/stack"
	"homeroom/engine"
	"homeroom/internal/clock"
	"homeroom/internal/standin"
	"homeroom/rules"
)

// Sizes are the sizes of the jobs. The zero value is the size that the other engines were given.
type Sizes struct {
	Singles  int           // A: events, a second apart
	Newcomer int           // B and E: new learners with one event each
	Noise    int           // C: events that no rule needs
	Due      int           // D: learners who fall due at the same moment
	Wait     time.Duration // D: time between their event and that moment
	Audience int           // F: learners whom the broadcast reaches
}

func (s Sizes) orDefault() Sizes {
	for _, f := range []struct {
		value    *int
		standard int
	}{{&s.Singles, 50}, {&s.Newcomer, 2000}, {&s.Noise, 20_000}, {&s.Due, 1000}, {&s.Audience, 10_000}} {
		if *f.value == 0 {
			*f.value = f.standard
		}
	}
	if s.Wait == 0 {
		s.Wait = time.Minute
	}
	return s
}

// noiseLearners is the number of learners of job C.
const noiseLearners = 500

// jobAcademy returns the jobs' rules: a failed assessment of kind "now" is answered at once, one of kind "later" after wait. more are further files.
func jobAcademy(wait time.Duration, more map[string][]byte) (*rules.Academy, error) {
	rule := func(name, kind, wait string) []byte {
		return fmt.Appendf(nil, "rule: %s\nwhen: {event: assessment.graded, if: 'event.passed == false && event.grader_type == %q'}\nper: assessment_id\ndo:\n%s  - send: retry\n", name, kind, wait)
	}
	files := map[string][]byte{
		"settings.yaml":     []byte("sender: {from: hello@academy.example, name: Academy, postal_address: \"1 Harbour Lane\"}\n"),
		"messages/retry.md": []byte("---\nsubject: Another go?\n---\nHi {{ learner.first_name | default: \"there\" }}, have another go at it.\n"),
		"rules/now.yaml":    rule("now", kindNow, ""),
		"rules/later.yaml":  rule("later", kindLater, fmt.Sprintf("  - wait: %ds\n", int(wait.Seconds()))),
	}
	maps.Copy(files, more)
	academy, problems := rules.FromBundle(files)
	if academy == nil {
		return nil, fmt.Errorf("the academy of the jobs has mistakes: %w", problems.Err())
	}
	return academy, nil
}

const (
	kindNow   = "now"
	kindLater = "later"
)

// failedAssessment makes the message of a failed assessment. The learner has an address.
func failedAssessment(cat *catalog.Catalog, learner, kind string, at time.Time) (instance.Message, error) {
	return instance.Publisher{Catalog: cat}.Message(catalog.Decoded{
		Event: engine.Event{
			ID:      learner + "-1",
			Name:    "assessment.graded",
			Learner: learner,
			Time:    at,
			Properties: map[string]any{
				"assessment_id": "q1", "score_pct": 30.0, "passed": false, "grader_type": kind,
			},
		},
		Traits: map[string]any{"email": learner + jobDomain},
	})
}

const jobDomain = "@jobs.example"

// job is Homeroom in real time on servers that keep their data on disk.
type job struct {
	o        *Options
	academy  *rules.Academy
	stack    *stack.Stack
	homeroom *instance.Instance
	js       jetstream.JetStream
}

// onDisk runs a job on servers of its own.
func (o *Options) onDisk(ctx context.Context, name string, wait time.Duration, run func(*job) error) error {
	academy, err := jobAcademy(wait, nil)
	if err != nil {
		return err
	}
	return o.onDiskWith(ctx, name, academy, run)
}

// onDiskWith is onDisk with other rules.
func (o *Options) onDiskWith(ctx context.Context, name string, academy *rules.Academy, run func(*job) error) (err error) {
	s, stop, err := o.startServers(ctx, name, standin.Options{Keep: 100_000})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	h, err := instance.Open(ctx, s, realTime(academy, o.Log))
	if err != nil {
		return err
	}
	defer h.Close()
	js, closeConnection, err := connectNATS(s.NATSURL)
	if err != nil {
		return err
	}
	defer closeConnection()
	return run(&job{o, academy, s, h, js})
}

// awaitMails waits until the provider has n mails.
func (j *job) awaitMails(ctx context.Context, stage string, n int) error {
	report := j.o.progressOf(stage)
	return j.stack.Mail.Wait(ctx, func(c standin.Counts) bool {
		report(c.Accepted, n)
		return c.Accepted >= n
	})
}

// failedNewcomers makes failed assessments of n new learners, all at the same time.
func failedNewcomers(cat *catalog.Catalog, kind string, n int, at time.Time) ([]instance.Message, error) {
	var all []instance.Message
	for i := range n {
		m, err := failedAssessment(cat, fmt.Sprintf("n%d", i), kind, at)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

// jobA measures the time from an event to a message that is sent at once.
func (o *Options) jobA(ctx context.Context, s Sizes) (lags []time.Duration, err error) {
	err = o.onDisk(ctx, "job-a", s.Wait, func(j *job) error {
		lags, err = j.measureSingles(ctx, "job A", "a", s.Singles)
		return err
	})
	return lags, err
}

// measureSingles publishes the events of n new learners, about a second apart, and returns the time from each to its message. prefix begins the learners' ids.
func (j *job) measureSingles(ctx context.Context, stage, prefix string, n int) (lags []time.Duration, err error) {
	random := rand.New(rand.NewPCG(j.o.Seed, 1))
	published := map[string]time.Time{}
	publisher := instance.Publisher{JS: j.js, Catalog: j.academy.Catalog}
	report := j.o.progressOf(stage)
	for i := range n + 1 { // the first one is not counted: connections are opened and rules compiled
		learner := fmt.Sprint(prefix, i)
		m, err := failedAssessment(j.academy.Catalog, learner, kindNow, time.Now())
		if err != nil {
			return nil, err
		}
		published[learner+jobDomain] = time.Now()
		if err := publisher.Publish(ctx, m); err != nil {
			return nil, err
		}
		report(i, n)
		if err := clock.Sleep(ctx, 700*time.Millisecond+time.Duration(random.Int64N(int64(600*time.Millisecond)))); err != nil {
			return nil, err
		}
	}
	first := prefix + "0" + jobDomain
	for len(lags) < n {
		lags = lags[:0]
		for _, mail := range j.stack.Mail.Messages("") {
			if at, ours := published[mail.To[0].Email]; ours && mail.To[0].Email != first {
				lags = append(lags, mail.At.Sub(at))
			}
		}
		if err := clock.Sleep(ctx, 100*time.Millisecond); err != nil {
			return nil, err
		}
	}
	return lags, nil
}

// jobB measures how fast new learners get a message each, from the first event published to the last mail at the provider.
func (o *Options) jobB(ctx context.Context, s Sizes) (result perSecond, err error) {
	err = o.onDisk(ctx, "job-b", s.Wait, func(j *job) error {
		messages, err := failedNewcomers(j.academy.Catalog, kindNow, s.Newcomer, time.Now())
		if err != nil {
			return err
		}
		lap := startStopwatch()
		if err := publishAll(ctx, j.js, messages, nil); err != nil {
			return err
		}
		if err := j.awaitMails(ctx, "job B: mails", s.Newcomer); err != nil {
			return err
		}
		result = lap(s.Newcomer)
		return nil
	})
	return result, err
}

// jobC measures how fast triggers read events that no rule needs, from the first published to the last acknowledged, and
// how fast the events were published meanwhile.
func (o *Options) jobC(ctx context.Context, s Sizes) (result, published perSecond, err error) {
	err = o.onDisk(ctx, "job-c", s.Wait, func(j *job) error {
		messages, err := pausedVideos(j.academy.Catalog, s.Noise)
		if err != nil {
			return err
		}
		before := int(j.homeroom.App.Stats().Unneeded)
		lap := startStopwatch()
		if err := publishAll(ctx, j.js, messages, nil); err != nil {
			return err
		}
		published = lap(s.Noise)
		for int(j.homeroom.App.Stats().Unneeded)-before < s.Noise {
			if err := clock.Sleep(ctx, 10*time.Millisecond); err != nil {
				return err
			}
		}
		result = lap(s.Noise)
		return nil
	})
	return result, published, err
}

// pausedVideos makes n events of one kind that no rule needs.
func pausedVideos(cat *catalog.Catalog, n int) ([]instance.Message, error) {
	var all []instance.Message
	now := time.Now()
	for i := range n {
		m, err := instance.Publisher{Catalog: cat}.Message(catalog.Decoded{
			Event: engine.Event{
				ID:         fmt.Sprint("e", i),
				Name:       "video.paused",
				Learner:    fmt.Sprintf("c%d", i%noiseLearners),
				Time:       now,
				Properties: map[string]any{"video_id": "vid_1", "current_time_seconds": float64(i), "total_duration": 900.0},
			},
		})
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

// jobD measures how late the messages are of learners who fall due at the same moment.
func (o *Options) jobD(ctx context.Context, s Sizes) (lags []time.Duration, err error) {
	err = o.onDisk(ctx, "job-d", s.Wait, func(j *job) error {
		at := time.Now()
		messages, err := failedNewcomers(j.academy.Catalog, kindLater, s.Due, at)
		if err != nil {
			return err
		}
		if err := publishAll(ctx, j.js, messages, nil); err != nil {
			return err
		}
		due := at.Add(s.Wait)
		if err := clock.Sleep(ctx, time.Until(due)); err != nil {
			return err
		}
		if early := j.stack.Mail.Counts().Accepted; early > 0 {
			return fmt.Errorf("job D: %d messages went before they were due", early)
		}
		if behind := s.Due - int(j.homeroom.App.Stats().HandedOver); behind > 0 {
			return fmt.Errorf("job D: the events of %d learners were not handed over when they fell due: use a longer wait", behind)
		}
		if err := j.awaitMails(ctx, "job D: mails", s.Due); err != nil {
			return err
		}
		for _, mail := range j.stack.Mail.Messages("") {
			lags = append(lags, mail.At.Sub(due))
		}
		return nil
	})
	return lags, err
}

// percentile returns the p-th percentile, 0 to 100, of durations in any order: the least that at least p of a hundred do not exceed; 0 if there are none.
func percentile(lags []time.Duration, p float64) time.Duration {
	if len(lags) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(lags))
	return sorted[max(0, int(math.Ceil(p*float64(len(sorted))/100))-1)]
}
