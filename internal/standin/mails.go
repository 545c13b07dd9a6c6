package standin

import (
	"hash/fnv"
	"strings"
	"sync"
)

const (
	keepBytes    = 64 << 20 // of mail, in addition to the limit of Options.Keep
	keepRepeated = 100
)

// mailStore keeps the newest mails and counts all of them. Its memory is bounded, except for 16 bytes per distinct send id.
type mailStore struct {
	mu       sync.Mutex
	keep     int
	messages []Message // oldest first
	bytes    int
	counts   Counts
	copies   map[uint64]int // by hash of the send id
	revision uint64         // grows with every change
	changed  chan struct{}  // closed with every change
}

func newMailStore(keep int) *mailStore {
	b := &mailStore{keep: keep, changed: make(chan struct{})}
	b.forgetAll()
	return b
}

// forgetAll drops all mails and counts.
func (b *mailStore) forgetAll() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.messages = nil
	b.bytes = 0
	b.counts = Counts{Statuses: map[int]int{}, Repeated: []string{}}
	b.copies = map[uint64]int{}
	b.notifyChanged()
}

// updateCounts changes the counts and wakes those who wait for a change.
func (b *mailStore) updateCounts(change func(*Counts)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(&b.counts)
	b.notifyChanged()
}

// notifyChanged wakes those who wait for a change. The caller holds the lock.
func (b *mailStore) notifyChanged() {
	b.revision++
	close(b.changed)
	b.changed = make(chan struct{})
}

// addMessages adds mails, sets their Copy fields, and drops the oldest mails above the limits.
func (b *mailStore) addMessages(messages []Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range messages {
		m := &messages[i]
		b.counts.Accepted++
		m.Copy = 1
		if m.SendID == "" {
			b.counts.Unnamed++
		} else {
			m.Copy = b.countCopy(m.SendID)
		}
		b.messages = append(b.messages, *m)
		b.bytes += m.sizeInBytes()
	}
	drop := 0
	for len(b.messages)-drop > b.keep || (b.bytes > keepBytes && len(b.messages)-drop > 1) {
		b.bytes -= b.messages[drop].sizeInBytes()
		b.messages[drop] = Message{} // release its body
		drop++
	}
	b.messages = b.messages[drop:]
	b.notifyChanged()
}

// countCopy counts a mail with this send id and returns how many there have been.
func (b *mailStore) countCopy(sendID string) int {
	h := fnv.New64a()
	_, _ = h.Write([]byte(sendID))
	key := h.Sum64()
	b.copies[key]++
	if b.copies[key] > 1 {
		b.counts.Duplicates++
		if b.copies[key] == 2 && len(b.counts.Repeated) < keepRepeated {
			b.counts.Repeated = append(b.counts.Repeated, sendID)
		}
	}
	return b.copies[key]
}

// readCounts returns the counts, the store's revision and a channel that is closed at the next change.
func (b *mailStore) readCounts() (Counts, uint64, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	counts := b.counts
	counts.Statuses = make(map[int]int, len(b.counts.Statuses))
	for k, v := range b.counts.Statuses {
		counts.Statuses[k] = v
	}
	counts.Repeated = append([]string{}, b.counts.Repeated...)
	return counts, b.revision, b.changed
}

// findMessages returns the kept mails that match the query, newest first.
func (b *mailStore) findMessages(query string) []Message {
	words := strings.Fields(strings.ToLower(query))
	b.mu.Lock()
	defer b.mu.Unlock()
	found := []Message{}
	for i := len(b.messages) - 1; i >= 0; i-- {
		if b.messages[i].matchesWords(words) {
			found = append(found, b.messages[i])
		}
	}
	return found
}

// getMessage returns the kept mail with this message id, or the newest one with this send id.
func (b *mailStore) getMessage(id string) (Message, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := b.indexOf(id); i >= 0 {
		return b.messages[i], true
	}
	return Message{}, false
}

// addEvents adds events to a mail, if it is still kept.
func (b *mailStore) addEvents(id string, events ...Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := b.indexOf(id)
	if i < 0 {
		return
	}
	m := &b.messages[i]
	known := m.Events[:len(m.Events):len(m.Events)] // append must copy, because others may read the old slice
	m.Events = append(known, events[:min(len(events), keepEvents-len(known))]...)
	b.notifyChanged()
}

// indexOf returns the index of the mail with this message id, or of the newest with this send id; -1 if there is none. The
// caller holds the lock.
func (b *mailStore) indexOf(id string) int {
	bySend := -1
	for i := len(b.messages) - 1; i >= 0; i-- {
		switch {
		case b.messages[i].ID == id:
			return i
		case bySend < 0 && id != "" && b.messages[i].SendID == id:
			bySend = i
		}
	}
	return bySend
}
