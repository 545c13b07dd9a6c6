package activities

import (
	"sync"
	"time"
)

// giveWay finds the share of its rate that a broadcast may take, so that others need not wait for it. It compares how long hand-overs take with the shortest
// that this process has seen lately: they take longer when Temporal or its database has more to do than it can, whoever causes that. It begins with the lowest share, rises
// while nothing slows down, and falls faster than it rises. The zero value is ready for use. It may be used from several goroutines.
type giveWay struct {
	mu       sync.Mutex
	share    float64       // lowestShare to 1; 0: nothing was noted yet
	noted    int           // batches
	smoothed time.Duration // of the last hand-overs, the newest counting most
	shortest time.Duration // the lowest smoothed value; while the share is the lowest, it is raised a little with each batch
}

const (
	// lowestShare of the rate is taken however slow hand-overs are: a broadcast has to end some day.
	lowestShare = 0.05
	// slowFrom is how many times the shortest a hand-over takes when it counts as slow. In a queue with one server that is at a sixth of its capacity.
	slowFrom = 1.2
	// newestWeight is the weight of the newest hand-overs in smoothed, of the first ones more: single ones vary by half.
	newestWeight = 0.15
	// firstBatches are only noted: a single one that was quick by chance would make all others slow.
	firstBatches = 6
	// fallBy and riseBy change the share once for each batch of hand-overs.
	fallBy = 0.7
	riseBy = 1.1
	// forgetBy raises the shortest: where giving way does not help, a hand-over takes longer than it did for another reason.
	forgetBy = 1.005
)

// currentShare returns the share of the rate that may be taken, lowestShare to 1.
func (g *giveWay) currentShare() float64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return max(lowestShare, g.share)
}

// noteHandOvers takes in how long the hand-overs of a batch took on average.
func (g *giveWay) noteHandOvers(mean time.Duration) {
	if mean <= 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.noted++
	weight := max(newestWeight, 1/float64(g.noted))
	g.smoothed += time.Duration(weight * float64(mean-g.smoothed))
	if g.noted <= firstBatches {
		g.share = lowestShare
		g.shortest = g.smoothed
		return
	}
	if g.share <= lowestShare {
		g.shortest = time.Duration(forgetBy * float64(g.shortest))
	}
	g.shortest = min(g.shortest, g.smoothed)
	change := riseBy
	if float64(g.smoothed) > slowFrom*float64(g.shortest) {
		change = fallBy
	}
	g.share = min(1, max(lowestShare, max(lowestShare, g.share)*change))
}

// meanOf returns the mean of the durations that are not zero; zero: there is none.
func meanOf(durations []time.Duration) time.Duration {
	var sum time.Duration
	n := 0
	for _, d := range durations {
		if d > 0 {
			sum += d
			n++
		}
	}
	return sum / time.Duration(max(1, n))
}
