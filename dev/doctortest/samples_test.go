package doctortest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"
)

// samples are series in memory that queries are evaluated on, by their labels as text.
type samples map[string]*series

type series struct {
	labels labels.Labels
	points []chunks.Sample
}

// point is one sample of a series.
type point struct {
	at    int64 // in milliseconds
	value float64
}

func (p point) T() int64                      { return p.at }
func (p point) F() float64                    { return p.value }
func (p point) H() *histogram.Histogram       { return nil }
func (p point) FH() *histogram.FloatHistogram { return nil }
func (p point) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (p point) Copy() chunks.Sample           { return p }

func (s samples) add(of labels.Labels, at time.Time, value float64) {
	key := of.String()
	if s[key] == nil {
		s[key] = &series{labels: of}
	}
	s[key].points = append(s[key].points, point{at.UnixMilli(), value})
}

// load adds series in the notation of `promtool test rules`, a sample a minute from the Unix epoch on.
func (s samples) load(t *testing.T, lines ...string) {
	t.Helper()
	for _, line := range lines {
		of, values, err := parser.ParseSeriesDesc(line)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		for i, v := range values {
			if !v.Omitted {
				s.add(of, time.Unix(0, 0).Add(time.Duration(i)*time.Minute), v.Value)
			}
		}
	}
}

// record adds one scrape, as Prometheus does for one process.
func (s samples) record(t *testing.T, scrape string, at time.Time) {
	t.Helper()
	p := expfmt.NewTextParser(model.UTF8Validation)
	families, err := p.TextToMetricFamilies(strings.NewReader(scrape))
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		told, err := expfmt.ExtractSamples(&expfmt.DecodeOptions{Timestamp: model.TimeFromUnixNano(at.UnixNano())}, family)
		if err != nil {
			t.Fatal(err)
		}
		for _, sample := range told {
			set := map[string]string{"instance": "homeroom:9090", "job": "homeroom"}
			for name, value := range sample.Metric {
				set[string(name)] = string(value)
			}
			s.add(labels.FromMap(set), at, float64(sample.Value))
		}
	}
}

// Querier implements storage.Queryable.
func (s samples) Querier(_, _ int64) (storage.Querier, error) {
	return &storage.MockQuerier{SelectMockFunction: func(_ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
		var found seriesSet
		for _, one := range s {
			fits := true
			for _, m := range matchers {
				fits = fits && m.Matches(one.labels.Get(m.Name))
			}
			if fits {
				found.left = append(found.left, storage.NewListSeries(one.labels, one.points))
			}
		}
		return &found
	}}, nil
}

// seriesSet implements storage.SeriesSet over a list.
type seriesSet struct {
	now  storage.Series
	left []storage.Series
}

func (s *seriesSet) Next() bool {
	if len(s.left) == 0 {
		return false
	}
	s.now = s.left[0]
	s.left = s.left[1:]
	return true
}
func (s *seriesSet) At() storage.Series              { return s.now }
func (*seriesSet) Err() error                        { return nil }
func (*seriesSet) Warnings() annotations.Annotations { return nil }

// ask evaluates an expression at one instant.
func (s samples) ask(t *testing.T, expr string, at time.Time) promql.Vector {
	t.Helper()
	ctx := context.Background()
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 1_000_000, Timeout: time.Minute, LookbackDelta: 5 * time.Minute})
	query, err := engine.NewInstantQuery(ctx, s, nil, expr, at)
	if err != nil {
		t.Errorf("%s: %v", expr, err)
		return nil
	}
	defer query.Close()
	answer, err := query.Exec(ctx).Vector()
	if err != nil {
		t.Errorf("%s: %v", expr, err)
	}
	return append(promql.Vector(nil), answer...)
}
