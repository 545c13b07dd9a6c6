package inputtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"homeroom/internal/clitest"
)

// BenchmarkImport takes in 2,000 learners with 20 events each, in the order of time: no learner's events are together.
// NATS keeps its files on disk.
func BenchmarkImport(b *testing.B) {
	w := clitest.Open(b, "../../examples/academy")
	const learners, each = 2000, 20
	begin := time.Now().AddDate(-1, 0, 0).UTC()
	run := 0
	for b.Loop() {
		b.StopTimer()
		run++
		var lines strings.Builder
		for n := range each {
			for i := range learners {
				learner := fmt.Sprintf("u%d_%d", run, i)
				at := begin.Add(time.Duration(n)*240*time.Hour + time.Duration(i)*time.Second).Format(time.RFC3339)
				switch n {
				case 0:
					lines.WriteString(event("s", learner, "user.signed_up", at, ``, fmt.Sprintf(`"email":"%s@example.org","first_name":"Ada","timezone":"Europe/Berlin"`, learner)))
				case 1, 10:
					lines.WriteString(event(fmt.Sprint("e", n), learner, "enrollment.created", at, fmt.Sprintf(`"course_id":"c%d"`, n), ``))
				default:
					lines.WriteString(event(fmt.Sprint("l", n), learner, "lesson.completed", at, fmt.Sprintf(`"lesson_id":"l%d","course_id":"c%d"`, n, 1+n/10*9), ``))
				}
				lines.WriteByte('\n')
			}
		}
		file := filepath.Join(b.TempDir(), "learners.ndjson")
		if err := os.WriteFile(file, []byte(lines.String()), 0o600); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if report := imports(w, 0, "", file); report.Standings != learners || report.Profiles != learners {
			b.Fatalf("%+v", report)
		}
	}
	b.ReportMetric(float64(b.N)*learners*each/b.Elapsed().Seconds(), "events/s")
}
