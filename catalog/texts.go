package catalog

import "hash/maphash"

// texts hands out a text that was read before as it was handed out then: names and ids come again and again, and each would
// be an allocation, in an interface two. It has so many places; a text takes that of another which falls on the same. The
// nil texts remember nothing. They are not safe for concurrent use.
type texts struct {
	seed  maphash.Seed
	known [1 << 13]any // strings
}

// maxKnown is how long a text may be to be remembered, in bytes: what is longer seldom comes again.
const maxKnown = 64

func newTexts() *texts { return &texts{seed: maphash.MakeSeed()} }

// text returns the bytes as a string.
func (t *texts) text(b []byte) string {
	if t == nil {
		return string(b)
	}
	text, _ := t.value(b).(string)
	return text
}

// value returns the bytes as a string in an interface.
func (t *texts) value(b []byte) any {
	if t == nil || len(b) > maxKnown {
		return string(b)
	}
	place := &t.known[maphash.Bytes(t.seed, b)%uint64(len(t.known))]
	if known, ok := (*place).(string); ok && known == string(b) {
		return *place
	}
	*place = string(b)
	return *place
}
