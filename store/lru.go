package store

import (
	"container/list"
	"sync"
)

// lru is a bounded memory of what was used last. Values are taken out to be worked on, so that two workers never hold
// the same one.
type lru[V any] struct {
	mu    sync.Mutex
	max   int
	order *list.List // of slot[V], the most recently used in front
	index map[string]*list.Element
}

type slot[V any] struct {
	key   string
	value V
}

func newLRU[V any](size int) *lru[V] {
	return &lru[V]{max: size, order: list.New(), index: make(map[string]*list.Element)}
}

// take removes and returns the value.
func (l *lru[V]) take(key string) (value V, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	element, ok := l.index[key]
	if !ok {
		return value, false
	}
	delete(l.index, key)
	return l.order.Remove(element).(slot[V]).value, true
}

// put stores the value and forgets the one that was longest unused if there are too many.
func (l *lru[V]) put(key string, value V) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if element, ok := l.index[key]; ok {
		l.order.Remove(element)
	}
	l.index[key] = l.order.PushFront(slot[V]{key, value})
	if l.order.Len() > l.max {
		delete(l.index, l.order.Remove(l.order.Back()).(slot[V]).key)
	}
}
