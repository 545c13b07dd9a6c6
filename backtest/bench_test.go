package backtest_test

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"testing"

	"homeroom/backtest"
)

// quizRetrySooner is the example's rule with a shorter wait, so that many messages change.
const quizRetrySooner = `rule: quiz-retry
about: Invite a learner who failed an assessment to try again, one hour later.
when:
  event: assessment.graded
  if: event.passed == false && !has(course.completed_at)
per: assessment_id
again: after 30d
until:
  - event: assessment.retried
  - event: course.completed
goal: {event: assessment.graded, if: event.passed, within: 7d}
holdout: 10%
do:
  - wait: 1h
  - send: quiz-retry
`

// BenchmarkRun measures a whole backtest of the example academy: sorting the recording, both rulesets, the comparison. The figure peak-MB is the
// most memory that the process ever had, so run one size at a time: -bench Run/10000000.
func BenchmarkRun(b *testing.B) {
	before := exampleAcademy(b, nil)
	after := exampleAcademy(b, map[string]string{"rules/quiz-retry.yaml": quizRetrySooner})
	for _, events := range []int{150_000, 1_000_000, 10_000_000} {
		b.Run(strconv.Itoa(events), func(b *testing.B) {
			for b.Loop() {
				sorter := sortEvents(b, newFeed(events), after.Catalog, 0)
				result, err := backtest.Run(context.Background(), sorter, sidesOf(before, after))
				if err != nil || result.Events != int64(events) || result.Changes == 0 {
					b.Fatal(err, result)
				}
			}
			b.ReportMetric(float64(events)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(peakMegabytes(b), "peak-MB")
		})
	}
}

// peakMegabytes is the most memory that this process ever had, as Linux knows it; 0 elsewhere.
func peakMegabytes(b *testing.B) float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if found == nil {
		return 0
	}
	var kilobytes int
	if _, err := fmt.Sscan(string(found[1]), &kilobytes); err != nil {
		b.Fatal(err)
	}
	return float64(kilobytes) / 1024
}
