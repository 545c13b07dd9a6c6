package doctortest

import (
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"

	"homeroom/dev/timeseries"
)

// samples are series in memory that queries are evaluated on.
type samples struct{ timeseries.Set }

// load adds series in the notation of `promtool test rules`, a sample a minute from the Unix epoch on.
func (s *samples) load(t *testing.T, lines ...string) {
	t.Helper()
	for _, line := range lines {
		of, values, err := parser.ParseSeriesDesc(line)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		for i, v := range values {
			if !v.Omitted {
				s.Add(of, time.Unix(0, 0).Add(time.Duration(i)*time.Minute), v.Value)
			}
		}
	}
}

// record adds one scrape, as Prometheus does for one process.
func (s *samples) record(t *testing.T, scrape string, at time.Time) {
	t.Helper()
	if err := s.Record(scrape, "homeroom:9090", at); err != nil {
		t.Fatal(err)
	}
}

// ask evaluates an expression at one instant.
func (s *samples) ask(t *testing.T, expr string, at time.Time) promql.Vector {
	t.Helper()
	answer, err := s.AskAt(t.Context(), expr, at)
	if err != nil {
		t.Errorf("%s: %v", expr, err)
	}
	return answer
}
