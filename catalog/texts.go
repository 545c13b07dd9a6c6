package catalog

import "encoding/binary"

// texts hands out a text that was read before as it was handed out then: names and ids come again and again, and each would
// be an allocation, in an interface two. It has so many places; a text takes that of another which falls on the same. Small
// whole numbers are handed out in the same way. The nil texts remember nothing. They are not safe for concurrent use.
type texts struct {
	known   [1 << placeBits]any // strings
	numbers [1000]any           // float64
	members []member            // room for the members of objects that are being read; empty
	objects []map[string]any    // that are used again; those after the first lent are empty
	lent    int                 // how many of objects somebody has
}

// maxKnown is how long a text may be to be remembered, in bytes: what is longer seldom comes again.
const maxKnown = 64

// placeBits is how many bits the number of a place has.
const placeBits = 13

func newTexts() *texts { return &texts{} }

// maxSpareMembers is for how many members room is kept.
const maxSpareMembers = 64

// takeMembers returns room for members. t may be nil.
func (t *texts) takeMembers() []member {
	if t == nil {
		return nil
	}
	return t.members[:0]
}

// putMembers puts back the room that takeMembers returned. Nothing that was read stays in it: it may be about a person. t may be nil.
func (t *texts) putMembers(room []member) {
	if t == nil {
		return
	}
	room = room[:cap(room)]
	if len(room) > maxSpareMembers {
		room = nil
	}
	clear(room)
	t.members = room[:0]
}

// maxSpareObjects is how many objects are kept, and maxSpareObject how many members one may have had: what is larger stays large.
const (
	maxSpareObjects = 32
	maxSpareObject  = 32
)

// lendObject returns an empty object that is good until takeBackObjects. t may be nil.
func (t *texts) lendObject() map[string]any {
	if t == nil || t.lent == maxSpareObjects {
		return map[string]any{}
	}
	if t.lent == len(t.objects) {
		t.objects = append(t.objects, map[string]any{})
	}
	t.lent++
	return t.objects[t.lent-1]
}

// takeBackObjects empties all objects that were lent: nothing of a person stays in them.
func (t *texts) takeBackObjects() {
	for i, object := range t.objects[:t.lent] {
		if len(object) > maxSpareObject {
			t.objects[i] = map[string]any{}
			continue
		}
		clear(object)
	}
	t.lent = 0
}

// number returns a whole number from 0 to 999 as a float64.
func (t *texts) number(n int) any {
	if t == nil {
		return float64(n)
	}
	if t.numbers[n] == nil {
		t.numbers[n] = float64(n)
	}
	return t.numbers[n]
}

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
	place := &t.known[placeOf(b)]
	if known, ok := (*place).(string); ok && known == string(b) {
		return *place
	}
	*place = string(b)
	return *place
}

// placeOf returns the place of a text by its length, its first and its last eight bytes: ids differ at their ends. Two texts in one place cost
// time, and nothing else.
func placeOf(b []byte) uint64 {
	const (
		odd   = 0x9E3779B97F4A7C15 // 2^64 divided by the golden ratio, as Knuth's multiplicative hashing has it
		bytes = 8
	)
	mixed := uint64(len(b))
	if len(b) >= bytes {
		mixed ^= binary.LittleEndian.Uint64(b)
		mixed = mixed*odd ^ binary.LittleEndian.Uint64(b[len(b)-bytes:])
	} else {
		for _, letter := range b {
			mixed = mixed<<bytes | uint64(letter)
		}
	}
	return mixed * odd >> (64 - placeBits)
}
