package readmodel

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"homeroom/engine"
	"homeroom/report"
)

const (
	benchLearners = 100_000
	benchMessages = 1_000_000
	// benchPace is the time between two messages, so that a million take 90 days.
	benchPace = 90 * 24 * time.Hour / benchMessages
)

// campus is a stream of so many messages of 100,000 learners and 20 rules, made as it is read. A message is three decisions (started; sent, or withheld
// in one of ten cases; converted, put off or exited) and two events (delivered, opened).
type campus struct {
	*fakeStream
	messages int
	each     int // records of a message
	write    func(r *Record, message, part int)
}

func (c *campus) total() uint64 { return uint64(c.messages * c.each) }

func (c *campus) Count(_ context.Context, from uint64) (uint64, error) {
	return c.total() + 1 - min(max(from, 1), c.total()+1), nil
}

func (c *campus) Read(_ context.Context, from uint64, each func(*Record) error) error {
	for n := max(from, 1); n <= c.total(); n++ {
		message := int(n-1) / c.each
		r := Record{
			Sequence: n,
			StoredAt: sentAt(message),
		}
		c.write(&r, message, int(n-1)%c.each)
		if err := each(&r); err != nil {
			return err
		}
	}
	return nil
}

func sentAt(message int) time.Time { return march.Add(time.Duration(message) * benchPace) }

func benchID(what string, n int) string { return fmt.Sprintf("%s%024x", what, n*2654435761) }

func benchLearner(message int) string { return fmt.Sprintf("u_%08d", message*7919%benchLearners) }

func writeDecision(r *Record, message, part int) {
	d := engine.Decision{
		ID:      fmt.Sprintf("%d%031x", part, message),
		At:      sentAt(message),
		Learner: benchLearner(message),
		Rule:    fmt.Sprint("rule-", message%20),
		Scope:   fmt.Sprint("course_id=crs_", message%50),
		Run:     benchID("run", message),
		Message: fmt.Sprint("message-", message%20),
	}
	held := message%10 == 0
	switch part {
	case 0:
		d.Kind = engine.KindStarted
		d.Detail = "course.completed"
	case 1:
		d.Kind = engine.KindSent
		d.Channel = engine.ChannelEmail
		d.Exposure = &engine.Exposure{
			Group:   engine.GroupTreated,
			Holdout: 10,
			Within:  7 * 86400,
		}
		if held {
			d.Kind = engine.KindWithheld
			d.Reason = engine.ReasonHoldout
			d.Exposure.Group = engine.GroupHoldout
		} else {
			d.Send = benchID("send", message)
		}
	case 2:
		d.Kind = []engine.Kind{engine.KindConverted, engine.KindDeferred, engine.KindExited}[message%3]
		d.Reason = engine.ReasonCap
	}
	r.Decision = &d
}

func writeEvent(r *Record, message, part int) {
	r.Event = &engine.Event{
		ID:      fmt.Sprintf("%d%031x", part, message),
		Name:    []string{"email.delivered", engine.EventEmailOpened}[part],
		Learner: benchLearner(message),
		Time:    sentAt(message).Add(time.Hour),
		Properties: map[string]any{
			"send_id": benchID("send", message),
		},
	}
}

func newCampus(messages int) Sources {
	return Sources{
		Decisions: &campus{fakeStream: newStream(), messages: messages, each: 3, write: writeDecision},
		Events:    &campus{fakeStream: newStream(), messages: messages, each: 2, write: writeEvent},
	}
}

// processorTime is what this process has used, on all processors.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkIntake takes b.N decisions into a new file.
func BenchmarkIntake(b *testing.B) {
	m := openModel(b, filepath.Join(b.TempDir(), "report.db"))
	source := newCampus(b.N / 3)
	b.ResetTimer()
	if err := m.refreshStream(b.Context(), decisionStream, source.Decisions); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkReport reports over a million messages. Each report opens the file, as a process does that was just started, and closes it.
func BenchmarkReport(b *testing.B) {
	path := filepath.Join(b.TempDir(), "report.db")
	sources := newCampus(benchMessages)
	grow := func(messages int) int {
		sources.Decisions.(*campus).messages += messages
		sources.Events.(*campus).messages += messages
		return sources.Decisions.(*campus).messages
	}
	look := func(b *testing.B, since time.Duration) report.Report {
		b.Helper()
		now := sentAt(grow(0))
		q := Query{Sharing: []string{"message-3"}}
		if since > 0 {
			q.Since = now.Add(-since)
		}
		m, err := Open(b.Context(), path)
		if err != nil {
			b.Fatal(err)
		}
		summary, err := m.Count(b.Context(), sources, q)
		if err != nil {
			b.Fatal(err)
		}
		if err := m.Close(); err != nil {
			b.Fatal(err)
		}
		return summary.Report(report.Options{Now: now})
	}
	begin := time.Now()
	before := processorTime(b)
	if got := look(b, 0).Total.Sent; got != benchMessages*9/10 {
		b.Fatalf("%d messages were counted", got)
	}
	b.Logf("the first report, which takes everything in: %v, %v of processor time", time.Since(begin), processorTime(b)-before)
	for _, since := range []time.Duration{0, 30 * 24 * time.Hour} {
		look(b, since)
		for _, messages := range []int{0, 200, 1000} {
			b.Run(fmt.Sprintf("since=%v/after=%d", since, messages*5), func(b *testing.B) {
				measureLooks(b, func() { grow(messages) }, func() { look(b, since) })
			})
		}
	}
	b.Run("everything-again", func(b *testing.B) {
		forget := func() {
			m := openModel(b, path)
			if _, err := m.db.ExecContext(b.Context(), "DELETE FROM summary"); err != nil {
				b.Fatal(err)
			}
			if err := m.Close(); err != nil {
				b.Fatal(err)
			}
		}
		measureLooks(b, forget, func() { look(b, 0) })
	})
}

// measureLooks reports the processor time of a look, on all processors, and the wall time of the quickest.
func measureLooks(b *testing.B, prepare, look func()) {
	used := time.Duration(0)
	quickest := time.Duration(math.MaxInt64)
	for b.Loop() {
		b.StopTimer()
		prepare()
		before := processorTime(b)
		begin := time.Now()
		b.StartTimer()
		look()
		quickest = min(quickest, time.Since(begin))
		used += processorTime(b) - before
	}
	b.ReportMetric(float64(used.Milliseconds())/float64(b.N), "cpu-ms/op")
	b.ReportMetric(float64(quickest.Milliseconds()), "quickest-ms")
}
