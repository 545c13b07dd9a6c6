package store

import "sync"

// lru is a bounded memory of what was used last. Values are taken out to be worked on, so that two workers never hold
// the same one.
type lru[V any] struct {
	mu    sync.Mutex
	max   int
	index map[string]*slot[V]
	ring  slot[V] // its next is the most recently used, its prev the one that was longest unused
	spare *slot[V]
}

type slot[V any] struct {
	key        string
	value      V
	prev, next *slot[V]
}

func newLRU[V any](size int) *lru[V] {
	l := &lru[V]{max: size, index: make(map[string]*slot[V])}
	l.ring.prev = &l.ring
	l.ring.next = &l.ring
	return l
}

// take removes and returns the value.
func (l *lru[V]) take(key string) (value V, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, ok := l.index[key]
	if !ok {
		return value, false
	}
	return l.remove(s), true
}

// put stores the value and forgets the one that was longest unused if there are too many.
func (l *lru[V]) put(key string, value V) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s, ok := l.index[key]; ok {
		l.remove(s)
	}
	s := l.spare
	if s == nil {
		s = &slot[V]{}
	}
	l.spare = nil
	*s = slot[V]{key: key, value: value, prev: &l.ring, next: l.ring.next}
	s.prev.next = s
	s.next.prev = s
	l.index[key] = s
	if len(l.index) > l.max {
		l.remove(l.ring.prev)
	}
}

// remove takes a slot out. The caller holds the lock.
func (l *lru[V]) remove(s *slot[V]) V {
	delete(l.index, s.key)
	s.prev.next = s.next
	s.next.prev = s.prev
	value := s.value
	*s = slot[V]{}
	l.spare = s
	return value
}
