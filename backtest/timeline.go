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
	Most  []Timeline `json:"most,omitempty"`  // by changes, the most first
	Drawn []Timeline `json:"drawn,omitempty"` // by hash
}

func byChanges(a, b Timeline) int {
	return cmp.Or(cmp.Compare(b.Changes, a.Changes), byHash(a, b))
}

func byHash(a, b Timeline) int {
	return cmp.Or(cmp.Compare(hashOf(a.Learner), hashOf(b.Learner)), cmp.Compare(a.Learner, b.Learner))
}

// offerLearner keeps a learner if they are among the examples so far. The timeline is made only then.
func (e *examples) offerLearner(learner string, changes int, timeline func() Timeline) {
	one := Timeline{Learner: learner, Changes: changes}
	isMost := isAmongFirst(e.Most, one, keptExamples, byChanges)
	isDrawn := isAmongFirst(e.Drawn, one, 2*keptExamples, byHash)
	if !isMost && !isDrawn {
		return
	}
	one = timeline()
	if isMost {
		e.Most = insertExample(e.Most, one, keptExamples, byChanges)
	}
	if isDrawn {
		e.Drawn = insertExample(e.Drawn, one, 2*keptExamples, byHash)
	}
}

// hashOf draws texts in an order that has nothing to do with what they say.
func hashOf(text string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(text))
	return h.Sum64()
}

// isAmongFirst reports whether one is among the first n.
func isAmongFirst(list []Timeline, one Timeline, n int, order func(a, b Timeline) int) bool {
	return len(list) < n || order(one, list[len(list)-1]) < 0
}

// insertExample puts one in its place and keeps the first n.
func insertExample(list []Timeline, one Timeline, n int, order func(a, b Timeline) int) []Timeline {
	at, _ := slices.BinarySearchFunc(list, one, order)
	list = slices.Insert(list, at, one)
	return list[:min(len(list), n)]
}

func (e *examples) merge(o *examples) {
	for _, one := range o.Most {
		e.Most = insertExample(e.Most, one, keptExamples, byChanges)
	}
	for _, one := range o.Drawn {
		e.Drawn = insertExample(e.Drawn, one, 2*keptExamples, byHash)
	}
}

// timelines returns the examples, each learner once.
func (e *examples) timelines() []Timeline {
	all := append([]Timeline{}, e.Most...)
	for _, one := range e.Drawn {
		known := slices.ContainsFunc(all, func(t Timeline) bool { return t.Learner == one.Learner })
		if !known && len(all) < 2*keptExamples {
			all = append(all, one)
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
