package readmodel

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"homeroom/engine"
	"homeroom/report"
)

// generated is a stream of as many sent messages, each to a learner of their own, made as they are read.
type generated struct {
	*fakeStream
	total uint64
}

func (g *generated) Count(_ context.Context, from uint64) (uint64, error) {
	return g.total + 1 - min(max(from, 1), g.total+1), nil
}

func (g *generated) Read(_ context.Context, from uint64, each func(*Record) error) error {
	exposure := &engine.Exposure{Group: engine.GroupTreated, Holdout: 10, Within: 7 * 86400}
	for n := max(from, 1); n <= g.total; n++ {
		learner := fmt.Sprintf("learner-%08d", n)
		err := each(&Record{
			Sequence: n,
			StoredAt: march.Add(time.Duration(n) * time.Millisecond),
			Decision: &engine.Decision{
				ID:       learner + "/quiz/again/sent",
				At:       march,
				Learner:  learner,
				Rule:     "quiz",
				Kind:     engine.KindSent,
				Message:  "again",
				Run:      learner + "/quiz",
				Send:     learner + "/quiz/again",
				Channel:  "email",
				Exposure: exposure,
			},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// BenchmarkIntake takes in b.N decisions into a new file.
func BenchmarkIntake(b *testing.B) {
	m := openModel(b, filepath.Join(b.TempDir(), "report.db"))
	source := &generated{fakeStream: newStream(), total: uint64(b.N)}
	b.ResetTimer()
	if err := m.refreshStream(b.Context(), decisionStream, source); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkReport counts a million messages from a file that is up to date.
func BenchmarkReport(b *testing.B) {
	m := openModel(b, filepath.Join(b.TempDir(), "report.db"))
	sources := Sources{
		Decisions: &generated{fakeStream: newStream(), total: 1_000_000},
		Events:    newStream(),
	}
	var c *report.Counter
	start := func() Counter {
		c = report.NewCounter(reportOptions())
		return c
	}
	if err := m.Count(b.Context(), sources, time.Time{}, start); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := m.Count(b.Context(), sources, time.Time{}, start); err != nil {
			b.Fatal(err)
		}
		if got := c.Report().Total.Sent; got != 1_000_000 {
			b.Fatalf("%d messages were counted", got)
		}
	}
}
