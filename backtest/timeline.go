package backtest

import (
	"cmp"
	"hash/fnv"
	"slices"
)

const (
	// keptExamples is how many timelines are kept of each kind: of learners of whom the most changes, and of any others.
	keptExamples = 5
	// keptRows bounds the rows of a timeline, and rowsBefore those before the first difference.
	keptRows   = 40
	rowsBefore = 3
)

// examples are affected learners: those with the most changes, and others as a hash draws them.
type examples struct {
	most  []example // by changes, the most first
	drawn []example // by hash
}

type example struct {
	learner  string
	hash     uint64
	changes  int
	timeline Timeline
}

func byChanges(a, b example) int {
	return cmp.Or(cmp.Compare(b.changes, a.changes), cmp.Compare(a.hash, b.hash), cmp.Compare(a.learner, b.learner))
}

func byHash(a, b example) int {
	return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.learner, b.learner))
}

// offerLearner keeps a learner if they are among the examples so far. The timeline is made only then.
func (e *examples) offerLearner(learner string, changes int, timeline func() Timeline) {
	one := example{learner: learner, hash: hashOf(learner), changes: changes}
	isMost := isAmongFirst(e.most, one, keptExamples, byChanges)
	isDrawn := isAmongFirst(e.drawn, one, 2*keptExamples, byHash)
	if !isMost && !isDrawn {
		return
	}
	one.timeline = timeline()
	if isMost {
		e.most = insertExample(e.most, one, keptExamples, byChanges)
	}
	if isDrawn {
		e.drawn = insertExample(e.drawn, one, 2*keptExamples, byHash)
	}
}

// hashOf draws learners in an order that has nothing to do with their ids.
func hashOf(learner string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(learner))
	return h.Sum64()
}

// isAmongFirst reports whether one is among the first n.
func isAmongFirst(list []example, one example, n int, order func(a, b example) int) bool {
	return len(list) < n || order(one, list[len(list)-1]) < 0
}

// insertExample puts one in its place and keeps the first n.
func insertExample(list []example, one example, n int, order func(a, b example) int) []example {
	at, _ := slices.BinarySearchFunc(list, one, order)
	list = slices.Insert(list, at, one)
	return list[:min(len(list), n)]
}

func (e *examples) merge(o *examples) {
	for _, one := range o.most {
		e.most = insertExample(e.most, one, keptExamples, byChanges)
	}
	for _, one := range o.drawn {
		e.drawn = insertExample(e.drawn, one, 2*keptExamples, byHash)
	}
}

// timelines returns the examples, each learner once.
func (e *examples) timelines() []Timeline {
	all := []Timeline{}
	for _, one := range e.most {
		all = append(all, one.timeline)
	}
	for _, one := range e.drawn {
		known := slices.ContainsFunc(all, func(t Timeline) bool { return t.Learner == one.learner })
		if !known && len(all) < 2*keptExamples {
			all = append(all, one.timeline)
		}
	}
	return all
}

// newTimeline puts the decisions of both sides beside one another, the part around the first difference.
func newTimeline(learner string, changes int, before, after []decision) Timeline {
	rows := alignRows(before, after)
	first := max(0, slices.IndexFunc(rows, func(r Row) bool { return r.Before == nil || r.After == nil }))
	from := max(0, first-rowsBefore)
	to := min(len(rows), from+keptRows)
	return Timeline{
		Learner: learner,
		Changes: changes,
		Rows:    slices.Clone(rows[from:to]),
		Earlier: from,
		Later:   len(rows) - to,
	}
}

// alignRows merges two lists by time. Equal decisions at one instant are one row.
func alignRows(before, after []decision) []Row {
	rows := make([]Row, 0, len(before)+len(after))
	for i := range before {
		row := newRow(&before[i])
		row.Before = newCell(&before[i])
		rows = append(rows, row)
	}
	mine := len(rows)
	taken := make([]bool, mine)
	from := 0 // rows before that are earlier
	for i := range after {
		d := &after[i]
		for from < mine && rows[from].At.Before(d.at) {
			from++
		}
		cell := newCell(d)
		row := newRow(d)
		same := -1
		for j := from; j < mine && rows[j].At.Equal(d.at); j++ {
			if !taken[j] && rows[j].Rule == row.Rule && rows[j].Scope == row.Scope && rows[j].Message == row.Message && *rows[j].Before == *cell {
				same = j
				break
			}
		}
		if same >= 0 {
			taken[same] = true
			rows[same].After = cell
			continue
		}
		row.After = cell
		rows = append(rows, row)
	}
	slices.SortStableFunc(rows, func(a, b Row) int { return a.At.Compare(b.At) })
	return rows
}

func newRow(d *decision) Row {
	return Row{At: d.at.UTC(), Rule: d.rule, Scope: d.scope, Message: d.message}
}

func newCell(d *decision) *Cell {
	return &Cell{Kind: string(d.kind), Reason: string(d.reason), Until: d.until.UTC()}
}
