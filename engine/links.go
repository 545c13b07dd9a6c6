package engine

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Link attributes an entity to a course.
type Link struct {
	Key    string `json:"k"` // such as assessment_id=a1
	Course string `json:"c"`
}

// Links are in the order in which they were learned, at most maxLinks. They are packed as JSON, because they are most of a standing and nobody reads them: base64
// of three parts each. The course and the name of the key are their place among those before, from 1, or 0 and a new text; of the entity's id follows
// how many bytes it shares with the last id of that key, and the rest. Numbers are varints, and a text is its length and its bytes. Older records have a list of
// objects.
type Links []Link

var errLinks = errors.New("the links of a standing are damaged")

// linkedCourse is the course that an entity is known to belong to. There are many links and this is asked of most events, so no
// key is put together to compare.
func (s *Standing) linkedCourse(key, id string) string {
	n := len(key)
	length := n + 1 + len(id)
	last := length - 1
	for i := len(s.Links) - 1; i >= 0; i-- {
		k := s.Links[i].Key
		if len(k) != length || id != "" && k[last] != id[len(id)-1] { // ids of one kind differ at the end, if at all
			continue
		}
		if k[n+1:] == id && k[n] == '=' && k[:n] == key {
			return s.Links[i].Course
		}
	}
	return ""
}

// attribute returns the course of an event as CourseOf does, and remembers which course the event's other entities belong to. learned reports whether that is news.
// keys are the event's. Each entity is looked for among the links once, which was 6 % of a simulation when it was done twice.
func (s *Standing) attribute(ev *Event, keys []string) (course string, learned bool) {
	var room [8]string
	linked := room[:0] // the courses of the first entities, as far as they were looked for
	course, _ = ev.Text(KeyCourse)
	for i := 0; i < len(keys) && course == ""; i++ {
		if id, ok := ev.Text(keys[i]); ok {
			course = s.linkedCourse(keys[i], id)
		}
		linked = append(linked, course)
	}
	if course == "" {
		return "", false
	}
	kept := course
	if n := len(s.Links); n > 0 && s.Links[n-1].Course == course {
		kept = s.Links[n-1].Course // the same text once: each would keep the body alive that it was read from
	}
	for i, key := range keys {
		if key == KeyCourse {
			continue
		}
		id, ok := ev.Text(key)
		if !ok {
			continue
		}
		known := ""
		if i < len(linked) {
			known = linked[i]
		} else {
			known = s.linkedCourse(key, id)
		}
		if known == course {
			continue
		}
		s.Links = append(s.Links, Link{Key: key + "=" + id, Course: kept})
		learned = true
	}
	if extra := len(s.Links) - maxLinks; extra > 0 {
		s.Links = slices.Delete(s.Links, 0, extra)
	}
	return course, learned
}

// MarshalJSON implements json.Marshaler.
func (l Links) MarshalJSON() ([]byte, error) {
	const usual = 12 // bytes of a link
	packed := make([]byte, 0, usual*len(l))
	var courses, names textTable
	var lastIDs []string // by the place of the name
	for i := range l {
		packed, _ = courses.pack(packed, l[i].Course)
		name, id := cutLinkKey(l[i].Key)
		var place int
		packed, place = names.pack(packed, name)
		if place == len(lastIDs) {
			lastIDs = append(lastIDs, "")
		}
		shared := countShared(lastIDs[place], id)
		packed = binary.AppendUvarint(packed, uint64(shared))
		packed = packText(packed, id[shared:])
		lastIDs[place] = id
	}
	text := append(make([]byte, 0, base64.StdEncoding.EncodedLen(len(packed))+len(`""`)), '"')
	return append(base64.StdEncoding.AppendEncode(text, packed), '"'), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (l *Links) UnmarshalJSON(raw []byte) error {
	if bytes.HasPrefix(raw, []byte("[")) {
		var list []Link // of an older version
		if err := json.Unmarshal(raw, &list); err != nil {
			return fmt.Errorf("%w: %w", errLinks, err)
		}
		*l = list
		return nil
	}
	var packed []byte
	if err := json.Unmarshal(raw, &packed); err != nil {
		return fmt.Errorf("%w: %w", errLinks, err)
	}
	*l = nil
	var courses, names textTable
	var lastIDs []string
	for r := (unpacker{rest: packed}); len(r.rest) > 0; {
		course := courses.unpack(&r)
		name := names.unpack(&r)
		shared := r.number()
		rest := r.text()
		if r.damaged {
			return errLinks
		}
		if name == len(lastIDs) {
			lastIDs = append(lastIDs, "")
		}
		last := &lastIDs[name]
		if shared > uint64(len(*last)) {
			return errLinks
		}
		key := names[name] + (*last)[:shared] + rest
		*last = key[len(names[name]):]
		*l = append(*l, Link{Key: key, Course: courses[course]})
	}
	return nil
}

// cutLinkKey cuts a link's key into the name of the key, with its equals sign, and the entity's id.
func cutLinkKey(key string) (name, id string) {
	at := strings.IndexByte(key, '=') + 1
	return key[:at], key[at:]
}

// countShared counts the bytes with which both texts begin.
func countShared(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

func packText(packed []byte, text string) []byte {
	return append(binary.AppendUvarint(packed, uint64(len(text))), text...)
}

// textTable are the texts that were packed or unpacked so far. Each is written once.
type textTable []string

// pack adds a text, and returns its place in the table.
func (t *textTable) pack(packed []byte, text string) (longer []byte, place int) {
	if place = slices.Index(*t, text); place >= 0 {
		return binary.AppendUvarint(packed, uint64(place)+1), place
	}
	*t = append(*t, text)
	return packText(append(packed, 0), text), len(*t) - 1
}

// unpack reads a text, and returns its place in the table.
func (t *textTable) unpack(r *unpacker) (place int) {
	number := r.number()
	switch {
	case number == 0:
		*t = append(*t, r.text())
		return len(*t) - 1
	case number > uint64(len(*t)):
		r.damaged = true
		return 0
	}
	return int(number) - 1
}

// unpacker reads numbers and texts. If there are none, it is damaged.
type unpacker struct {
	rest    []byte
	damaged bool
}

func (r *unpacker) number() uint64 {
	number, size := binary.Uvarint(r.rest)
	if size <= 0 {
		r.damaged = true
		return 0
	}
	r.rest = r.rest[size:]
	return number
}

func (r *unpacker) text() string {
	size := r.number()
	if size > uint64(len(r.rest)) {
		r.damaged = true
		return ""
	}
	text := string(r.rest[:size])
	r.rest = r.rest[size:]
	return text
}
