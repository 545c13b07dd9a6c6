package ledgertest

import (
	"context"
	"maps"
	"sync"

	"homeroom/delivery"
)

// Memory is a ledger in memory. The zero value is ready.
type Memory struct {
	mu      sync.Mutex
	entries map[string]delivery.Entry
	last    uint64
}

// Get implements delivery.Ledger.
func (m *Memory) Get(ctx context.Context, sendID string) (delivery.Entry, error) {
	if err := ctx.Err(); err != nil {
		return delivery.Entry{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.entries[sendID], nil
}

// Put implements delivery.Ledger.
func (m *Memory) Put(ctx context.Context, sendID string, e delivery.Entry) (delivery.Entry, error) {
	if err := ctx.Err(); err != nil {
		return delivery.Entry{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.entries[sendID].Revision != e.Revision {
		return delivery.Entry{}, delivery.ErrConflict
	}
	if m.entries == nil {
		m.entries = make(map[string]delivery.Entry)
	}
	m.last++
	e.Revision = m.last
	m.entries[sendID] = e
	return e, nil
}

// Entries returns a copy of everything the ledger holds, by send id.
func (m *Memory) Entries() map[string]delivery.Entry {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.entries)
}
