package engine

import (
	"slices"
	"sort"
	"strings"
	"sync"
	"time"
)

// What is counted of a course's paths at the most. The rest is not told apart.
const (
	MaxPathUnits      = 500 // units of a course, and courses of an academy
	maxPathSuccessors = 32  // units that are counted after one unit
	maxUnitID         = 128 // bytes of a unit's id
)

// Followers are what learners did next, as far as it was counted.
type Followers struct {
	// After is, by unit, how many learners came to it for the first time right after the unit that was asked about.
	After map[string]int
	// Visits is, by unit, how many learners came to it at all.
	Visits map[string]int
	// Moves is how many first visits after any other unit were counted in all.
	Moves int
}

// PathTable counts the moves of a course. The zero PathTable is one without moves. What it holds is bounded, whatever learners do.
type PathTable struct {
	// Names are the units; the others are known by their index among these.
	Names  []string    `json:"names,omitempty"`
	Visits []int       `json:"visits,omitempty"`
	After  []pathCount `json:"after,omitempty"`
	// Moves counts all first visits that had a unit before them, those that are not told apart included.
	Moves int `json:"moves,omitempty"`
}

// pathCount is how often To was visited right after From.
type pathCount struct {
	From int `json:"f"`
	To   int `json:"t"`
	N    int `json:"n"`
}

// Add counts a move.
func (p *PathTable) Add(m Move) {
	if m.From != "" {
		p.Moves++
	}
	to := p.unitIndex(m.To, true)
	if to < 0 {
		return
	}
	p.Visits[to]++
	if from := p.unitIndex(m.From, m.From != ""); from >= 0 {
		p.addAfter(from, to)
	}
}

// addAfter counts one more visit of to right after from. Where a unit has too many successors, the rarest gives its place to a new one.
func (p *PathTable) addAfter(from, to int) {
	n := 0
	rarest := -1
	for i := range p.After {
		if p.After[i].From != from {
			continue
		}
		if p.After[i].To == to {
			p.After[i].N++
			return
		}
		if n++; rarest < 0 || p.After[i].N < p.After[rarest].N {
			rarest = i
		}
	}
	one := pathCount{From: from, To: to, N: 1}
	if n >= maxPathSuccessors {
		p.After[rarest] = one
		return
	}
	p.After = append(p.After, one)
}

// unitIndex returns the index of a unit; -1: it is not told apart. grow makes room for it, if there is any.
func (p *PathTable) unitIndex(unit string, grow bool) int {
	at := slices.Index(p.Names, unit)
	if at >= 0 || !grow || len(p.Names) >= MaxPathUnits {
		return at
	}
	p.Names = append(p.Names, unit)
	p.Visits = append(p.Visits, 0)
	return len(p.Names) - 1
}

// Followers returns what learners did after a unit; an empty one is none.
func (p *PathTable) Followers(from string) Followers {
	f := Followers{After: map[string]int{}, Visits: map[string]int{}, Moves: p.Moves}
	for i, name := range p.Names {
		if p.Visits[i] > 0 {
			f.Visits[name] = p.Visits[i]
		}
	}
	if at := p.unitIndex(from, false); at >= 0 {
		for _, c := range p.After {
			if c.From == at {
				f.After[p.Names[c.To]] = c.N
			}
		}
	}
	return f
}

// Check reports whether a table that was stored can be one.
func (p *PathTable) Check() bool {
	n := len(p.Names)
	if len(p.Visits) != n || n > MaxPathUnits || p.Moves < 0 || slices.Min(append([]int{0}, p.Visits...)) < 0 {
		return false
	}
	return !slices.ContainsFunc(p.After, func(c pathCount) bool {
		return c.From < 0 || c.From >= n || c.To < 0 || c.To >= n || c.N < 0
	})
}

// PathLog counts moves with their times, so that a host on a virtual clock can ask what had been counted at an instant. It is safe for concurrent use; the
// zero PathLog is empty.
type PathLog struct {
	mu      sync.RWMutex
	courses map[string]*coursePaths
}

// coursePaths are the times of a course's moves, in unix milliseconds, ascending.
type coursePaths struct {
	visits map[string][]int64
	after  map[[2]string][]int64
	from   map[string][]string // the successors of a unit
	moves  []int64
}

// pathStep is how far behind a virtual clock a PathLog answers, so that the answer does not depend on which learner is decided first.
const pathStep = time.Minute

// Add counts a move that was heard at an instant. Instants never go back, unless Sort is called before anything is asked.
func (l *PathLog) Add(m Move, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.courses == nil {
		l.courses = map[string]*coursePaths{}
	}
	c := l.courses[m.Course]
	if c == nil {
		c = &coursePaths{visits: map[string][]int64{}, after: map[[2]string][]int64{}, from: map[string][]string{}}
		l.courses[strings.Clone(m.Course)] = c // a part of an event would keep all of it in memory
	}
	ms := at.UnixMilli()
	m.From = strings.Clone(m.From)
	m.To = strings.Clone(m.To)
	c.visits[m.To] = append(c.visits[m.To], ms)
	if m.From == "" {
		return
	}
	c.moves = append(c.moves, ms)
	pair := [2]string{m.From, m.To}
	if len(c.after[pair]) == 0 {
		c.from[m.From] = append(c.from[m.From], m.To)
	}
	c.after[pair] = append(c.after[pair], ms)
}

// Sort puts moves that were added in any order into the order of their times.
func (l *PathLog) Sort() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.courses {
		slices.Sort(c.moves)
		for _, times := range c.visits {
			slices.Sort(times)
		}
		for _, times := range c.after {
			slices.Sort(times)
		}
	}
}

// Followers returns what learners had done after a unit before the minute of an instant.
func (l *PathLog) Followers(course, from string, at time.Time) Followers {
	l.mu.RLock()
	defer l.mu.RUnlock()
	f := Followers{After: map[string]int{}, Visits: map[string]int{}}
	c := l.courses[course]
	if c == nil {
		return f
	}
	before := at.Truncate(pathStep).UnixMilli()
	f.Moves = countBefore(c.moves, before)
	for unit, times := range c.visits {
		if n := countBefore(times, before); n > 0 {
			f.Visits[unit] = n
		}
	}
	for _, to := range c.from[from] {
		if n := countBefore(c.after[[2]string{from, to}], before); n > 0 {
			f.After[to] = n
		}
	}
	return f
}

// countBefore counts the times, which ascend, that lie before another.
func countBefore(times []int64, before int64) int {
	return sort.Search(len(times), func(i int) bool { return times[i] >= before })
}
