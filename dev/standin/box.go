package standin

import (
	"hash/fnv"
	"strings"
	"sync"
)

const (
	keepBytes    = 64 << 20 // of mail, whatever Options.Keep says
	keepRepeated = 100
)

// box keeps the newest mails and counts all of them. Its memory is bounded but for 16 bytes per distinct send id.
type box struct {
	mu       sync.Mutex
	keep     int
	messages []Message // oldest first
	bytes    int
	counts   Counts
	copies   map[uint64]int // by hash of the send id
	revision uint64         // grows with every change
	changed  chan struct{}  // closed with every change
}

func newBox(keep int) *box {
	b := &box{keep: keep, changed: make(chan struct{})}
	b.forget()
	return b
}

// forget empties the box and starts counting anew.
func (b *box) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.messages = nil
	b.bytes = 0
	b.counts = Counts{Statuses: map[int]int{}, Repeated: []string{}}
	b.copies = map[uint64]int{}
	b.touch()
}

// update changes the counts and wakes whoever waits for a change.
func (b *box) update(change func(*Counts)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(&b.counts)
	b.touch()
}

// touch must be called with the lock held.
func (b *box) touch() {
	b.revision++
	close(b.changed)
	b.changed = make(chan struct{})
}

// take puts mails in the box, the oldest falling out, and sets which copies they are.
func (b *box) take(messages []Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range messages {
		m := &messages[i]
		b.counts.Accepted++
		m.Copy = 1
		if m.SendID == "" {
			b.counts.Unnamed++
		} else {
			m.Copy = b.count(m.SendID)
		}
		b.messages = append(b.messages, *m)
		b.bytes += m.size()
	}
	drop := 0
	for len(b.messages)-drop > b.keep || (b.bytes > keepBytes && len(b.messages)-drop > 1) {
		b.bytes -= b.messages[drop].size()
		b.messages[drop] = Message{} // let its body go
		drop++
	}
	b.messages = b.messages[drop:]
	b.touch()
}

// count says the how manieth mail with this send id this is.
func (b *box) count(sendID string) int {
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

// look returns the counts, the box's revision and a channel that is closed at the next change.
func (b *box) look() (Counts, uint64, <-chan struct{}) {
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

// find returns the kept mails that match the query, newest first.
func (b *box) find(query string) []Message {
	words := strings.Fields(strings.ToLower(query))
	b.mu.Lock()
	defer b.mu.Unlock()
	found := []Message{}
	for i := len(b.messages) - 1; i >= 0; i-- {
		if b.messages[i].matches(words) {
			found = append(found, b.messages[i])
		}
	}
	return found
}

// get returns the kept mail with this message id, or the newest one with this send id.
func (b *box) get(id string) (Message, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := b.at(id); i >= 0 {
		return b.messages[i], true
	}
	return Message{}, false
}

// note remembers what came of a mail, if it is still kept.
func (b *box) note(id string, events ...Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := b.at(id)
	if i < 0 {
		return
	}
	m := &b.messages[i]
	known := m.Events[:len(m.Events):len(m.Events)] // copied when it grows: others may be reading it
	m.Events = append(known, events[:min(len(events), keepEvents-len(known))]...)
	b.touch()
}

// at must be called with the lock held; -1: there is no such mail.
func (b *box) at(id string) int {
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
