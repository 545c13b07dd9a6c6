// Package timeseries keeps scrapes of /metrics in memory, as Prometheus keeps them, and evaluates queries on them with Prometheus' own engine. The tests of the
// dashboard and of the alerts use it, and the command that draws the dashboard. It must not know Homeroom's metrics.
package timeseries

import (
	"context"
	"strings"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"
)

// Set is series by their labels as text. The zero Set is empty. It may be used by one goroutine at a time.
type Set struct {
	all map[string]*series
}

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

// Add adds a sample, which must be later than those that its series has.
func (s *Set) Add(of labels.Labels, at time.Time, value float64) {
	if s.all == nil {
		s.all = map[string]*series{}
	}
	key := of.String()
	if s.all[key] == nil {
		s.all[key] = &series{labels: of}
	}
	s.all[key].points = append(s.all[key].points, point{at.UnixMilli(), value})
}

// Record adds one scrape, as Prometheus does for one process of the job homeroom.
func (s *Set) Record(scrape, instance string, at time.Time) error {
	p := expfmt.NewTextParser(model.UTF8Validation)
	families, err := p.TextToMetricFamilies(strings.NewReader(scrape))
	if err != nil {
		return err
	}
	for _, family := range families {
		told, err := expfmt.ExtractSamples(&expfmt.DecodeOptions{Timestamp: model.TimeFromUnixNano(at.UnixNano())}, family)
		if err != nil {
			return err
		}
		for _, sample := range told {
			set := map[string]string{"instance": instance, "job": "homeroom"}
			for name, value := range sample.Metric {
				set[string(name)] = string(value)
			}
			s.Add(labels.FromMap(set), at, float64(sample.Value))
		}
	}
	return nil
}

// lookback is Prometheus' default: a sample counts for so long if none follows.
const lookback = 5 * time.Minute

func newEngine() *promql.Engine {
	return promql.NewEngine(promql.EngineOpts{MaxSamples: 10_000_000, Timeout: time.Minute, LookbackDelta: lookback})
}

// AskAt evaluates an expression at one instant.
func (s *Set) AskAt(ctx context.Context, expr string, at time.Time) (promql.Vector, error) {
	query, err := newEngine().NewInstantQuery(ctx, s, nil, expr, at)
	if err != nil {
		return nil, err
	}
	defer query.Close()
	answer, err := query.Exec(ctx).Vector()
	return append(promql.Vector(nil), answer...), err // Close takes the answer back
}

// AskFrom evaluates an expression at the instants from begin to end that are step apart. use gets the answer, which is valid until it returns.
func (s *Set) AskFrom(ctx context.Context, expr string, begin, end time.Time, step time.Duration, use func(promql.Matrix)) error {
	query, err := newEngine().NewRangeQuery(ctx, s, nil, expr, begin, end, step)
	if err != nil {
		return err
	}
	defer query.Close()
	answer, err := query.Exec(ctx).Matrix()
	if err != nil {
		return err
	}
	use(answer)
	return nil
}

// Querier implements storage.Queryable.
func (s *Set) Querier(_, _ int64) (storage.Querier, error) {
	return &storage.MockQuerier{SelectMockFunction: func(_ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
		var found seriesSet
		for _, one := range s.all {
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
