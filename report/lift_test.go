package report

import (
	"math"
	"testing"
)

// The published examples of Newcombe (1998), table II, method 10.
func TestIntervalsAsPublished(t *testing.T) {
	cases := []struct {
		name      string
		a, b      Group
		low, high float64
	}{
		{"56 of 70 against 48 of 80", Group{70, 56}, Group{80, 48}, 0.0524, 0.3339},
		{"9 of 10 against 3 of 10", Group{10, 9}, Group{10, 3}, 0.1705, 0.8090},
		{"6 of 7 against 2 of 7", Group{7, 6}, Group{7, 2}, 0.0582, 0.8062},
		{"5 of 56 against 0 of 29", Group{56, 5}, Group{29, 0}, -0.0381, 0.1926},
		{"0 of 10 against 0 of 20", Group{10, 0}, Group{20, 0}, -0.1611, 0.2775},
		{"10 of 10 against 0 of 10", Group{10, 10}, Group{10, 0}, 0.6075, 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := rateDifference(c.a, c.b)
			if math.Abs(got.Low-c.low) > 0.00006 || math.Abs(got.High-c.high) > 0.00006 {
				t.Errorf("got %.4f to %.4f, want %.4f to %.4f", got.Low, got.High, c.low, c.high)
			}
			if back := rateDifference(c.b, c.a); math.Abs(back.Low+got.High) > 1e-12 || math.Abs(back.High+got.Low) > 1e-12 {
				t.Errorf("the other way round it is %+v, not the opposite of %+v", back, got)
			}
		})
	}
}

func TestTooFewToSay(t *testing.T) {
	cases := []struct {
		name          string
		sent, holdout int
		told          bool
	}{
		{"nobody held out", 1000, 0, false},
		{"one too few held out", 1000, MinGroup - 1, false},
		{"one too few written to", MinGroup - 1, 1000, false},
		{"just enough", MinGroup, MinGroup, true},
	}
	for _, c := range cases {
		if got := LiftOf(Group{People: c.sent}, Group{People: c.holdout}); (got != nil) != c.told {
			t.Errorf("%s: got %v", c.name, got)
		}
	}
}
