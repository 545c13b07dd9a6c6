package engine

import (
	"cmp"
	"slices"
	"time"
)

// Progress is how far a learner was in a course at a time.
type Progress struct {
	At    time.Time `json:"at"`
	Pct   float64   `json:"pct,omitempty"`
	Done  int       `json:"done,omitempty"`  // lessons
	Total int       `json:"total,omitempty"` // lessons
	// Lacks names the figures that the event did not tell and that an earlier mark has: bits of lacksPct, lacksDone and lacksTotal.
	Lacks int `json:"lacks,omitempty"`
}

const (
	lacksPct = 1 << iota
	lacksDone
	lacksTotal
)

// addProgress takes a mark in and reports whether it is kept. A mark that is older than all of maxProgress kept ones is not.
func (c *Course) addProgress(ev *Event, at time.Time) bool {
	mark := Progress{At: at}
	if n, ok := ev.Number("progress_pct"); ok {
		mark.Pct = n
	} else {
		mark.Lacks |= lacksPct
	}
	if n, ok := ev.Number("lessons_done"); ok {
		mark.Done = wholeCount(n)
	} else {
		mark.Lacks |= lacksDone
	}
	if n, ok := ev.Number("total_lessons"); ok {
		mark.Total = wholeCount(n)
	} else {
		mark.Lacks |= lacksTotal
	}
	return c.insertProgress(mark)
}

// insertProgress keeps a mark unless it is known, says nothing or is too old, and reports whether it did.
func (c *Course) insertProgress(mark Progress) bool {
	i, known := slices.BinarySearchFunc(c.Progress, mark, compareProgress)
	if known || mark.Lacks == lacksPct|lacksDone|lacksTotal || i == 0 && len(c.Progress) == maxProgress {
		return false
	}
	c.Progress = slices.Insert(c.Progress, i, mark)
	if len(c.Progress) > maxProgress {
		c.forgetProgress()
	}
	if c.Previous != nil {
		c.derive()
	}
	return true
}

func compareProgress(a, b Progress) int {
	return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Pct, b.Pct), cmp.Compare(a.Done, b.Done), cmp.Compare(a.Total, b.Total), cmp.Compare(b.Lacks, a.Lacks))
}

// forgetProgress drops the oldest mark. What the next one lacks it takes over, unless another run of the course began in between.
func (c *Course) forgetProgress() {
	oldest := c.Progress[0]
	next := &c.Progress[1]
	_, _, from := c.runAsOf(endOfTime)
	if from.IsZero() || oldest.At.Before(from) == next.At.Before(from) {
		*next = foldProgress([]Progress{oldest, *next}, time.Time{}, endOfTime)
	}
	c.Progress = slices.Delete(c.Progress, 0, 1)
}

// foldProgress is what the marks from `from` to `to` say together: of each figure the latest.
func foldProgress(marks []Progress, from, to time.Time) Progress {
	folded := Progress{Lacks: lacksPct | lacksDone | lacksTotal}
	for _, mark := range marks {
		if mark.At.Before(from) || mark.At.After(to) {
			continue
		}
		folded.At = mark.At
		if mark.Lacks&lacksPct == 0 {
			folded.Pct = mark.Pct
		}
		if mark.Lacks&lacksDone == 0 {
			folded.Done = mark.Done
		}
		if mark.Lacks&lacksTotal == 0 {
			folded.Total = mark.Total
		}
		folded.Lacks &= mark.Lacks
	}
	return folded
}

// ProgressNow is the latest progress in the present run of the course; zero: none is known.
func (c *Course) ProgressNow() Progress {
	_, _, from := c.runAsOf(endOfTime)
	now := foldProgress(c.Progress, from, endOfTime)
	now.Lacks = 0
	return now
}

// progressAsOf is the progress at t in the run of the course that began at from. Where it has been forgotten, it is the oldest mark that has not.
func (c *Course) progressAsOf(from, t time.Time) Progress {
	if len(c.Progress) == maxProgress && c.Progress[0].At.After(t) {
		t = c.Progress[0].At
	}
	return foldProgress(c.Progress, from, t)
}
