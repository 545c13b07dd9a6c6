package profile

import (
	"math/rand/v2"
	"testing"
	"time"
)

func day(n float64) time.Time {
	return time.Date(2026, 9, 7, 9, 0, 0, 0, time.UTC).Add(time.Duration(n * 24 * float64(time.Hour)))
}

func TestManySoftBouncesLetAnAddressRest(t *testing.T) {
	for _, c := range []struct {
		name      string
		bounces   []float64 // days
		delivered []float64
		until     float64 // 0: no rest
	}{
		{"none", nil, nil, 0},
		{"four", []float64{0, 1, 2, 3}, nil, 0},
		{"five in fourteen days", []float64{0, 3, 6, 9, 14}, nil, 44},
		{"five in more than fourteen days", []float64{0, 3, 6, 9, 14.1}, nil, 0},
		{"one told twice", []float64{0, 1, 2, 3, 3}, nil, 0},
		{"one told by webhook and list", []float64{0, 1, 2, 3, 3.0005}, nil, 0},
		{"a delivery in between", []float64{0, 1, 2, 4, 5}, []float64{3}, 0},
		{"a delivery before them", []float64{1, 2, 3, 4, 5}, []float64{0}, 35},
		{"a delivery after them ends it", []float64{0, 1, 2, 3, 4}, []float64{6}, 0},
		{"a sixth much later prolongs nothing and ends nothing", []float64{0, 1, 2, 3, 4, 30}, nil, 34},
		{"a sixth soon after prolongs", []float64{0, 1, 2, 3, 4, 10}, nil, 40},
	} {
		t.Run(c.name, func(t *testing.T) {
			for round := range 50 { // whatever the order in which it is heard
				type heard struct {
					at        float64
					delivered bool
				}
				var all []heard
				for _, d := range c.bounces {
					all = append(all, heard{d, false})
				}
				for _, d := range c.delivered {
					all = append(all, heard{d, true})
				}
				order := rand.New(rand.NewPCG(1, uint64(round)))
				if round > 0 && len(c.delivered) == 0 { // a delivery that no refusal was known before is not recorded
					order.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
				}
				var b SoftBounces
				for _, h := range append(all, all...) { // and heard again
					if h.delivered {
						b, _ = b.AddDelivery(day(h.at))
					} else {
						b, _ = b.AddBounce(day(h.at))
					}
				}
				want := time.Time{}
				if c.until > 0 {
					want = day(c.until)
				}
				if got := b.SuppressedUntil(day(5)); !got.Equal(want) {
					t.Fatalf("heard as %v: rests until %v, want %v", all, got, want)
				}
				if !b.SuppressedUntil(day(c.until)).IsZero() {
					t.Fatal("the rest does not end by itself")
				}
			}
		})
	}
}

func TestSoftBouncesAreBounded(t *testing.T) {
	var b SoftBounces
	for n := range 10_000 {
		b, _ = b.AddBounce(day(float64(n)))
	}
	if len(b.At) != maxSoftBounces {
		t.Errorf("%d refusals are kept", len(b.At))
	}
	if again, changed := b.AddBounce(day(3)); changed || len(again.At) != maxSoftBounces {
		t.Error("one that is older than those that are kept is news")
	}
}

func TestSoftBouncesUnderTwoSecretsCountTogether(t *testing.T) {
	var a, b SoftBounces
	for _, n := range []float64{0, 1, 2} {
		a, _ = a.AddBounce(day(n))
	}
	for _, n := range []float64{3, 4} {
		b, _ = b.AddBounce(day(n))
	}
	if got := a.Merge(b).SuppressedUntil(day(5)); !got.Equal(day(34)) {
		t.Errorf("rests until %v", got)
	}
	b, _ = b.AddDelivery(day(6))
	if got := a.Merge(b).SuppressedUntil(day(7)); !got.IsZero() {
		t.Errorf("rests until %v after a delivery", got)
	}
}
