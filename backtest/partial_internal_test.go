package backtest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"homeroom/engine"
)

// largePartial returns the counts of so many messages on each side, with as many shapes as there may be, of which one in four cannot be rendered, over two years, with
// the longest timelines.
func largePartial(messages int) *Partial {
	random := rand.New(rand.NewPCG(1, 2))
	p := NewPartial()
	id := strings.Repeat("u", 36)
	for _, side := range []*sideCounts{&p.Before, &p.After} {
		for hour := range int64(2 * 365 * 24) {
			side.Hours[hour+480_000] = 100 + random.IntN(9_000)
		}
		for n := range 1_000 {
			side.Months.Learners[n] = random.IntN(1_000_000)
		}
		for n := range messages {
			shapes := map[uint64]outcome{}
			for range maxShapes {
				one := outcome{order: random.Uint64(), count: random.IntN(100_000)}
				if len(shapes)%4 == 0 {
					one.failed = &failure{Locale: "de-DE", Learner: id, problem: strings.Repeat("p", 200)}
				}
				shapes[random.Uint64()] = one
			}
			side.Rendered[messageKey{rule: fmt.Sprintf("a-rule-with-a-name-%d", n), message: fmt.Sprintf("a-message-with-a-name-%d", n)}] = shapes
		}
	}
	for n := range messages {
		*p.countsOf(fmt.Sprintf("a-rule-with-a-name-%d", n), fmt.Sprintf("a-message-with-a-name-%d", n)) = Counts{Before: 1e6, After: 1e6, Same: 1e6, OtherTime: 1e6, NoLonger: 1e6, New: 1e6}
	}
	for n := range 3 * keptExamples {
		learner := fmt.Sprintf("%s%d", id, n)
		p.Examples.offerLearner(learner, n, func() Timeline {
			var before, after []decision
			for row := range 2 * keptRows {
				d := decision{
					at:      time.Date(2026, 3, 2, row, 0, 0, 0, time.UTC),
					kind:    engine.KindDeferred,
					reason:  engine.ReasonQuietHours,
					rule:    "a-rule-with-a-name-1",
					scope:   strings.Repeat("s", 128),
					message: "a-message-with-a-name-1",
					until:   time.Date(2026, 3, 3, row, 0, 0, 0, time.UTC),
				}
				before = append(before, d)
				d.at = d.at.Add(time.Minute)
				after = append(after, d)
			}
			return newTimeline(learner, n, before, after)
		})
	}
	return p
}

// TestAPartialIsSmall: that of 200 messages can be handed on, whatever learners do; one of a folder beyond all measure is an error that says so.
func TestAPartialIsSmall(t *testing.T) {
	if err := largePartial(200).CheckSize(); err != nil {
		t.Error(err)
	}
	if err := largePartial(1500).CheckSize(); !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v", err)
	}
}
