package console

import (
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"time"
)

// expiring keeps things under secrets that only browsers know, for a while. It forgets them with the process. It is safe for concurrent use.
type expiring[T any] struct {
	age  time.Duration
	most int // how many are kept; beyond, the one that ends first goes

	mu   sync.Mutex
	held map[[sha256.Size]byte]held[T] // by the hash of the secret
}

type held[T any] struct {
	value T
	until time.Time
}

func newExpiring[T any](age time.Duration, most int) *expiring[T] {
	return &expiring[T]{age: age, most: most, held: map[[sha256.Size]byte]held[T]{}}
}

// add keeps a value and returns its secret.
func (e *expiring[T]) add(value T, now time.Time) (secret string) {
	secret = rand.Text() + rand.Text()
	e.mu.Lock()
	defer e.mu.Unlock()
	for key, h := range e.held {
		if !now.Before(h.until) {
			delete(e.held, key)
		}
	}
	if len(e.held) >= e.most {
		e.dropFirst()
	}
	e.held[sha256.Sum256([]byte(secret))] = held[T]{value: value, until: now.Add(e.age)}
	return secret
}

// dropFirst forgets what ends first.
func (e *expiring[T]) dropFirst() {
	var first [sha256.Size]byte
	var until time.Time
	for key, h := range e.held {
		if until.IsZero() || h.until.Before(until) {
			first = key
			until = h.until
		}
	}
	delete(e.held, first)
}

// get returns what is kept under a secret.
func (e *expiring[T]) get(secret string, now time.Time) (value T, found bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	h, found := e.held[sha256.Sum256([]byte(secret))]
	if !found || !now.Before(h.until) {
		return value, false
	}
	return h.value, true
}

// remove returns what is kept under a secret, and forgets it.
func (e *expiring[T]) remove(secret string, now time.Time) (value T, found bool) {
	value, found = e.get(secret, now)
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.held, sha256.Sum256([]byte(secret)))
	return value, found
}
