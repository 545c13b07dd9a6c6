package simulate_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"homeroom/catalog"
	"homeroom/simulate"
)

// BenchmarkRun measures decoding and deciding together, as `homeroom simulate --summary` does it.
func BenchmarkRun(b *testing.B) {
	cat, err := catalog.Default()
	if err != nil {
		b.Fatal(err)
	}
	rs := ruleset()
	rs.Keys = cat.Keys()
	const events = 20_000
	var in bytes.Buffer
	start := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	for i := range events {
		at := start.Add(time.Duration(i) * time.Minute).Format(time.RFC3339)
		learner, course := fmt.Sprintf("u%d", i*7919%2000), fmt.Sprintf(`"course_id":"c%d"`, i%5)
		switch i % 4 {
		case 0:
			in.WriteString(line(fmt.Sprintf("e%d", i), learner, "enrollment.created", at, course))
		case 1:
			in.WriteString(line(fmt.Sprintf("e%d", i), learner, "assessment.graded", at, fmt.Sprintf(`"assessment_id":"a%d","score_pct":40,"passed":false`, i%50)))
		default:
			in.WriteString(line(fmt.Sprintf("e%d", i), learner, "lesson.started", at, course+fmt.Sprintf(`,"lesson_id":"l%d"`, i%90)))
		}
	}
	for b.Loop() {
		report, err := simulate.Run(context.Background(), bytes.NewReader(in.Bytes()), simulate.Options{
			Ruleset: rs, Decoder: cat, AssumeReachable: true, SummaryOnly: true,
		})
		if err != nil || report.Summary.DeadLetters > 0 {
			b.Fatal(err, report.DeadLetters)
		}
	}
	b.ReportMetric(float64(b.N*events)/b.Elapsed().Seconds(), "events/s")
}
