package deadletters

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"

	"homeroom/store"
	"homeroom/subjects"
)

// Counter keeps what it counted and reads only what came since. After a letter was deleted it counts anew. It is safe for concurrent use, and keeps no body.
type Counter struct {
	letters *DeadLetters

	mu      sync.Mutex
	counted store.StreamState
	total   uint64
	reasons map[string]*keptReason
}

// keptReason is what is kept of a reason.
type keptReason struct {
	ReasonCount
	newest []Letter // at most maxKept, the oldest first
}

// maxKept is how many letters of each reason are kept.
const maxKept = 50

// NewCounter returns a counter that has counted nothing.
func NewCounter(d *DeadLetters) *Counter { return &Counter{letters: d} }

// List counts the letters with a reason (empty: all), and lists the newest of them, at most limit and 50.
func (c *Counter) List(ctx context.Context, reason string, limit int) (Summary, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.catchUp(ctx); err != nil {
		return Summary{}, err
	}
	summary := Summary{Reasons: []ReasonCount{}, Letters: []Letter{}}
	for name, r := range c.reasons {
		if reason != "" && name != reason {
			continue
		}
		one := r.ReasonCount
		one.Events = maps.Clone(one.Events)
		summary.Total += one.Count
		summary.Reasons = append(summary.Reasons, one)
		summary.Letters = append(summary.Letters, r.newest...)
	}
	sortReasons(summary.Reasons)
	slices.SortFunc(summary.Letters, func(a, b Letter) int { return cmp.Compare(b.Sequence, a.Sequence) })
	summary.Letters = summary.Letters[:min(len(summary.Letters), max(0, limit), maxKept)]
	return summary, nil
}

// catchUp counts what came since. If something was deleted, or what was read is not what the stream says that it holds (a replica that lags may have
// answered), nothing that was counted is relied on any longer.
func (c *Counter) catchUp(ctx context.Context) error {
	reader := store.StreamReader{JS: c.letters.js, Directly: c.letters.directly, HeadersOnly: true}
	now, err := reader.StreamState(ctx, subjects.DeadStream)
	if err != nil {
		return err
	}
	if appended := now.Last - c.counted.Last; !now.Created.Equal(c.counted.Created) || now.Last < c.counted.Last || now.Messages != c.counted.Messages+appended {
		c.forgetAll()
	}
	reader.From = c.counted.Last + 1
	err = readSelected(ctx, reader, Selection{}, func(l Letter) error {
		if l.Sequence <= now.Last {
			c.addLetter(l)
		}
		return nil
	})
	if err != nil {
		c.forgetAll()
		return err
	}
	c.counted = now
	if c.total != now.Messages {
		c.counted = store.StreamState{} // so that the next look counts anew
	}
	return nil
}

func (c *Counter) forgetAll() {
	c.counted = store.StreamState{}
	c.total = 0
	c.reasons = map[string]*keptReason{}
}

func (c *Counter) addLetter(l Letter) {
	c.total++
	kept := c.reasons[l.Reason]
	if kept == nil {
		kept = &keptReason{ReasonCount: newReasonCount(l)}
		c.reasons[l.Reason] = kept
	}
	kept.addLetter(l)
	kept.newest = append(kept.newest, l)
	if len(kept.newest) > maxKept {
		kept.newest = slices.Delete(kept.newest, 0, 1)
	}
}

func newReasonCount(l Letter) ReasonCount {
	return ReasonCount{
		Reason: l.Reason,
		First:  l.At,
		Events: map[string]int{},
	}
}

// sortReasons puts the most frequent first.
func sortReasons(reasons []ReasonCount) {
	slices.SortFunc(reasons, func(a, b ReasonCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason))
	})
}
