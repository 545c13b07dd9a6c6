package store

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/engine"
)

const (
	// pathsPrefix begins the keys of what learners of a course did next.
	pathsPrefix = "paths."
	// pathsAge is for how long, in real time, a count that was read is good enough to decide by.
	pathsAge = 30 * time.Second
	// maxCachedPaths is of how many courses the counts are kept in memory.
	maxCachedPaths = 500
	// keptCounted is how many moves of a partition are remembered in any case, and mostCounted how many at the most; see pathRecord.
	keptCounted = 256
	mostCounted = 8192
	// pathWriters is how many courses are written at a time.
	pathWriters = 16
)

// Paths counts what learners did next, a record a course. A record names no learner.
type Paths struct {
	kv jetstream.KeyValue

	mu      sync.Mutex
	waiting *pathBatch // that the next commit takes; nil: nobody waits
	busy    bool       // a commit is under way
	read    map[string]readPaths
}

// pathRecord is what is stored of a course.
type pathRecord struct {
	Course string           `json:"course,omitempty"`
	Table  engine.PathTable `json:"table"`
	// Counted are the moves that Table holds and that may come again, by partition, oldest first: those of events that the partition's consumer has
	// not acknowledged, and the last few before.
	Counted map[string][]countedMove `json:"counted,omitempty"`
}

// countedMove tells a move from the others of a course.
type countedMove struct {
	Seq   uint64 `json:"s"`
	Event uint32 `json:"e"`
}

// readPaths are counts that were read.
type readPaths struct {
	table engine.PathTable
	at    time.Time
}

// pathBatch is what several lanes want to have counted at once.
type pathBatch struct {
	moves []pathMove
	done  chan struct{}    // closed when errs is known
	errs  map[string]error // by course
}

// pathMove is a move on its way to its record.
type pathMove struct {
	engine.Move
	partition int
	floor     uint64
}

// Count has moves counted, each once however often it is called with them, also by several processes. floor is the stream sequence up to which the partition's
// events are acknowledged, so that their moves do not come again. Calls that come while one is under way are written together. After an error some may
// have been counted, and calling again is safe.
func (p *Paths) Count(ctx context.Context, partition int, floor uint64, moves []engine.Move) error {
	p.mu.Lock()
	if p.waiting == nil {
		p.waiting = &pathBatch{done: make(chan struct{})}
	}
	batch := p.waiting
	for _, m := range moves {
		batch.moves = append(batch.moves, pathMove{Move: m, partition: partition, floor: floor})
	}
	if !p.busy {
		p.busy = true
		go p.commitWaiting(context.WithoutCancel(ctx))
	}
	p.mu.Unlock()
	select {
	case <-batch.done:
		var errs []error
		for _, m := range moves {
			if err := batch.errs[m.Course]; err != nil {
				errs = append(errs, err)
			}
		}
		return errors.Join(errs...)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// commitWaiting writes batches until nobody waits.
func (p *Paths) commitWaiting(ctx context.Context) {
	for {
		p.mu.Lock()
		batch := p.waiting
		p.waiting = nil
		p.busy = batch != nil
		p.mu.Unlock()
		if batch == nil {
			return
		}
		batch.errs = p.commit(ctx, batch.moves)
		close(batch.done)
	}
}

// commit writes the records of a batch, several at a time, and returns what failed, by course.
func (p *Paths) commit(ctx context.Context, moves []pathMove) map[string]error {
	courses := map[string][]pathMove{}
	for _, m := range moves {
		courses[m.Course] = append(courses[m.Course], m)
	}
	var mu sync.Mutex
	errs := map[string]error{}
	var writing sync.WaitGroup
	slots := make(chan struct{}, pathWriters)
	for course, ofCourse := range courses {
		slots <- struct{}{}
		writing.Go(func() {
			defer func() { <-slots }()
			if err := p.writeMoves(ctx, course, ofCourse); err != nil {
				mu.Lock()
				errs[course] = err
				mu.Unlock()
			}
		})
	}
	writing.Wait()
	return errs
}

// writeMoves counts the moves of a course in its record. A record that is too large for a message of NATS forgets which moves it has counted; if it is still too large,
// the moves are not counted: no event waits for a statistic.
func (p *Paths) writeMoves(ctx context.Context, course string, moves []pathMove) error {
	for _, forgets := range []bool{false, true} {
		err := modifyOrReplace(ctx, p.kv, pathsKey(course), func(r *pathRecord, _ bool) (bool, error) {
			r.Course = course
			changed := r.add(moves)
			if forgets {
				r.Counted = nil
			}
			return changed, nil
		})
		if !errors.Is(err, nats.ErrMaxPayload) {
			return err
		}
	}
	return nil
}

// add counts those of the moves that were not counted before, and reports whether there were any.
func (r *pathRecord) add(moves []pathMove) bool {
	changed := false
	for _, m := range moves {
		key := strconv.Itoa(m.partition)
		one := countedMove{Seq: m.Seq, Event: m.Move.Event}
		if slices.Contains(r.Counted[key], one) {
			continue
		}
		r.Table.Add(m.Move)
		if r.Counted == nil {
			r.Counted = map[string][]countedMove{}
		}
		r.Counted[key] = forgetAcknowledged(append(r.Counted[key], one), m.floor)
		changed = true
	}
	return changed
}

// forgetAcknowledged drops the moves of acknowledged events but for the last few.
func forgetAcknowledged(counted []countedMove, floor uint64) []countedMove {
	extra := len(counted) - keptCounted
	if extra <= 0 {
		return counted
	}
	kept := counted[:0]
	for i, c := range counted {
		if i >= extra || c.Seq > floor {
			kept = append(kept, c)
		}
	}
	return kept[max(0, len(kept)-mostCounted):]
}

// Followers returns what learners of a course did after a unit, as it was counted up to half a minute ago. The course "" stands for going from course to
// course. A record that is damaged, or of a newer version, counts as one without moves.
func (p *Paths) Followers(ctx context.Context, course, from string) (engine.Followers, error) {
	p.mu.Lock()
	known, ok := p.read[course]
	p.mu.Unlock()
	if !ok || time.Since(known.at) > pathsAge {
		var r pathRecord
		if _, err := readRecord(ctx, p.kv, pathsKey(course), &r); err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNewer) {
			return engine.Followers{}, err
		}
		known = readPaths{table: r.Table, at: time.Now()}
		p.mu.Lock()
		if p.read == nil || len(p.read) >= maxCachedPaths {
			p.read = map[string]readPaths{}
		}
		p.read[course] = known
		p.mu.Unlock()
	}
	return known.table.Followers(from), nil
}

// pathsKey is the key of a course's record. A course's id may be any text.
func pathsKey(course string) string { return pathsPrefix + hashedKey(course) }
