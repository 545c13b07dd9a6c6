package activities

import (
	"math/rand/v2"
	"testing"
	"time"
)

// queueTime is how long a hand-over takes, on average, at a service that can take capacity learners a second and has load of others: that of a queue with one
// server, and with half as much again of noise.
func queueTime(random *rand.Rand, rate, others, capacity float64) time.Duration {
	busy := min(0.98, (rate+others)/capacity)
	return time.Duration(float64(4*time.Millisecond) / (1 - busy) * (0.75 + random.Float64()/2))
}

// TestABroadcastGivesWay: at a service that a broadcast alone would fill it takes about a fifth, at one that is much faster it takes all, while others need the service it
// takes the least, and afterwards it goes up again.
func TestABroadcastGivesWay(t *testing.T) {
	const rate = 100 // learners a second
	tests := []struct {
		name     string
		capacity float64
		others   float64
		least    float64 // share, on average
		most     float64
	}{
		{"a small machine", 120, 0, 0.12, 0.4},
		{"a cluster", 5_000, 0, 0.9, 1},
		{"a cluster with work of its own", 5_000, 1_000, 0.9, 1},
	}
	for _, test := range tests {
		random := rand.New(rand.NewPCG(1, 1))
		var g giveWay
		sum := 0.0
		for n := range 1_000 {
			g.noteHandOvers(queueTime(random, rate*g.currentShare(), test.others, test.capacity))
			if n >= 200 {
				sum += g.currentShare() / 800
			}
		}
		if sum < test.least || sum > test.most {
			t.Errorf("%s: it takes a share of %.2f, want %.2f to %.2f", test.name, sum, test.least, test.most)
		}
	}

	random := rand.New(rand.NewPCG(2, 1))
	var g giveWay
	phase := func(others float64, batches int) float64 {
		for range batches {
			g.noteHandOvers(queueTime(random, rate*g.currentShare(), others, 1_000))
		}
		return g.currentShare()
	}
	if share := phase(0, 100); share < 0.9 {
		t.Errorf("alone it takes a share of %.2f", share)
	}
	if share := phase(700, 40); share > 0.3 {
		t.Errorf("beside others it takes a share of %.2f", share)
	}
	if share := phase(0, 100); share < 0.9 {
		t.Errorf("alone again it takes a share of %.2f", share)
	}
	for range 400 { // every hand-over takes three times as long as before, at whatever rate
		g.noteHandOvers(12 * time.Millisecond)
	}
	if share := g.currentShare(); share < 0.9 {
		t.Errorf("where giving way does not help it takes a share of %.2f", share)
	}
}
