package console

import (
	"strconv"
	"strings"
	"time"
)

// The size of a curve's drawing and of the part in which its lines run, in units of its view box.
const (
	chartWidth  = 720
	chartHeight = 220
	chartLeft   = 48
	chartRight  = 12
	chartTop    = 12
	chartBottom = 28
)

// chart is a drawing of values over time.
type chart struct {
	Lines []chartLine
	Band  string // the points of the polygon between two bounds; empty: there is none
	// Whiskers are estimates with their bounds, and Early are instants of which nothing can be said yet.
	Whiskers []chartWhisker
	Early    []string // their places on the axis of time
	Marks    []chartMark
	Dates    []chartMark
	Zero     string // the height of zero, where the scale goes below it; empty: it does not
}

// chartLine is a line by its class and its points.
type chartLine struct{ Class, Points string }

// chartWhisker is an estimate at a place of the axis of time, with its bounds at places of the other.
type chartWhisker struct{ At, Estimate, Low, High string }

// chartMark is a text at a place of an axis.
type chartMark struct{ At, Text string }

// scale places instants and values in a drawing.
type scale struct {
	from time.Time
	to   time.Time
	low  float64
	high float64
}

func (s scale) x(at time.Time) string {
	share := 0.5
	if span := s.to.Sub(s.from); span > 0 {
		share = float64(at.Sub(s.from)) / float64(span)
	}
	return strconv.FormatFloat(chartLeft+share*(chartWidth-chartLeft-chartRight), 'f', 1, 64)
}

func (s scale) y(value float64) string {
	share := (max(s.low, min(s.high, value)) - s.low) / (s.high - s.low)
	return strconv.FormatFloat(chartHeight-chartBottom-share*(chartHeight-chartTop-chartBottom), 'f', 1, 64)
}

// drawLine returns the points of a line through the values of instants.
func (s scale) drawLine(n int, at func(int) (time.Time, float64)) string {
	points := make([]string, n)
	for i := range n {
		instant, value := at(i)
		points[i] = s.x(instant) + "," + s.y(value)
	}
	return strings.Join(points, " ")
}

// newChart returns a drawing with its axes and without a line. The values of the marks are written by format.
func newChart(s scale, values []float64, format func(float64) string) *chart {
	c := &chart{}
	for _, value := range values {
		c.Marks = append(c.Marks, chartMark{At: s.y(value), Text: format(value)})
	}
	middle := s.from.Add(s.to.Sub(s.from) / 2)
	for _, at := range []time.Time{s.from, middle, s.to} {
		c.Dates = append(c.Dates, chartMark{At: s.x(at), Text: at.UTC().Format("02 Jan")})
	}
	return c
}
