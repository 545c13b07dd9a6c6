package deadletters

import (
	"context"
	"slices"
	"time"

	"homeroom/store"
)

// ListOptions say which letters to count and how many to list.
type ListOptions struct {
	Selection
	Limit int // how many of the newest are listed; 0 or less: none
	// OnRead hears how many letters have been read. May be nil.
	OnRead func(done, total int64)
}

// Summary counts dead letters by reason and lists the newest.
type Summary struct {
	Total   int           `json:"total"`
	Reasons []ReasonCount `json:"reasons"` // the most frequent first
	Letters []Letter      `json:"letters"` // the newest first, without bodies
}

// ReasonCount counts the letters with one reason.
type ReasonCount struct {
	Reason string         `json:"reason"`
	Count  int            `json:"count"`
	First  time.Time      `json:"first"`
	Last   time.Time      `json:"last"`
	Events map[string]int `json:"events"` // how many of each event; the rarer ones of many together as "others"
	// Example is the newest.
	Example Letter `json:"example"`
}

// maxEventNames bounds how many names of events are counted for a reason, because publishers can make up any number.
const maxEventNames = 100

// List counts the letters of a selection. It reads no bodies.
func (d *DeadLetters) List(ctx context.Context, o ListOptions) (Summary, error) {
	summary := Summary{Reasons: []ReasonCount{}, Letters: []Letter{}}
	reasons := map[string]*ReasonCount{}
	reader := store.StreamReader{HeadersOnly: true, OnRead: o.OnRead}
	err := d.eachSelected(ctx, reader, o.Selection, func(l Letter) error {
		summary.Total++
		summary.Letters = append(summary.Letters, l)
		if extra := len(summary.Letters) - max(0, o.Limit); extra > 0 {
			summary.Letters = slices.Delete(summary.Letters, 0, extra)
		}
		if reasons[l.Reason] == nil {
			reasons[l.Reason] = new(newReasonCount(l))
		}
		reasons[l.Reason].addLetter(l)
		return nil
	})
	if err != nil {
		return Summary{}, err
	}
	for _, r := range reasons {
		summary.Reasons = append(summary.Reasons, *r)
	}
	sortReasons(summary.Reasons)
	slices.Reverse(summary.Letters)
	return summary, nil
}

func (r *ReasonCount) addLetter(l Letter) {
	r.Count++
	r.Last = l.At
	r.Example = l
	event := l.Event
	if _, counted := r.Events[event]; !counted && len(r.Events) >= maxEventNames {
		event = "others"
	}
	r.Events[event]++
}
