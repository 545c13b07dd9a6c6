package catalog

import (
	"strconv"
	"unicode/utf8"
)

// Most bodies are small and plain: no escapes, nothing wrong with them. Reading those is most of what an event costs that
// nobody needs, so they are read in one pass here. Whatever is not so simple is left to encoding/json, which also knows
// how to say what is wrong. Where plainObject answers, it answers as encoding/json does; FuzzPlain holds it to that.

// maxPlain is the largest body that is read in one pass. Its texts are parts of one string, and a text that is kept keeps
// the whole, which must not be much.
const maxPlain = 2 << 10

// plainObject reads a JSON object that may nest so deep; ok is false if it is not plain, or not valid.
func plainObject(body []byte, deepest int) (object map[string]any, ok bool) {
	object = make(map[string]any)
	return object, readPlain(body, deepest, object, nil)
}

// plainFacts reads a native body without making a map of its top level; ok is false if it is not plain, or not valid, or
// may be of another format.
func plainFacts(body []byte) (f facts, ok bool) {
	f.words = &native
	return f, readPlain(body, MaxNesting, nil, &f)
}

// readPlain reads a plain object into one of the two; the other is nil.
func readPlain(body []byte, deepest int, object map[string]any, f *facts) bool {
	if len(body) > maxPlain || !utf8.Valid(body) {
		return false
	}
	p := plain{text: string(body), room: deepest}
	p.space()
	if p.next() != '{' || !p.members(object, f) {
		return false
	}
	p.space()
	return p.at == len(p.text)
}

// plain is where reading has come to.
type plain struct {
	text string
	at   int
	room int // how many more objects and arrays may be inside one another
}

// next is the byte that comes next; 0 at the end, which is no valid byte of JSON either.
func (p *plain) next() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func (p *plain) space() {
	for p.at < len(p.text) && (p.text[p.at] == ' ' || p.text[p.at] == '\n' || p.text[p.at] == '\t' || p.text[p.at] == '\r') {
		p.at++
	}
}

// takes reads the byte, and the space before it, if it comes next.
func (p *plain) takes(b byte) bool {
	p.space()
	if p.next() != b {
		return false
	}
	p.at++
	return true
}

// enter and leave count the levels.
func (p *plain) enter() bool {
	p.at++
	p.room--
	return p.room >= 0
}

func (p *plain) leave() bool {
	p.room++
	return true
}

// object reads an object; p is at its brace.
func (p *plain) object() (map[string]any, bool) {
	object := make(map[string]any)
	return object, p.members(object, nil)
}

// members reads the members of an object, p is at its brace, into one of the two.
func (p *plain) members(object map[string]any, f *facts) bool {
	if !p.enter() {
		return false
	}
	if p.takes('}') {
		return p.leave()
	}
	for {
		p.space()
		key, ok := p.string()
		if !ok || !p.takes(':') {
			return false
		}
		if f != nil {
			ok = p.fact(f, key)
		} else {
			object[key], ok = p.value()
		}
		if !ok {
			return false
		}
		if p.takes('}') {
			return p.leave()
		}
		if !p.takes(',') {
			return false
		}
	}
}

// fact reads one member of a native body.
func (p *plain) fact(f *facts, key string) (ok bool) {
	switch key {
	case "event":
		f.event, ok = p.said()
	case "learner_id":
		f.learner, ok = p.said()
	case "id":
		f.id, ok = p.said()
	case "time":
		f.time, ok = p.said()
	case "properties":
		f.properties, ok = p.value()
	case "traits":
		f.traits, ok = p.value()
	case "specversion", "type": // another format's, perhaps
		return false
	default:
		_, ok = p.value()
	}
	return ok
}

// array reads an array; p is at its bracket.
func (p *plain) array() ([]any, bool) {
	if !p.enter() {
		return nil, false
	}
	array := []any{}
	if p.takes(']') {
		return array, p.leave()
	}
	for {
		value, ok := p.value()
		if !ok {
			return nil, false
		}
		array = append(array, value)
		if p.takes(']') {
			return array, p.leave()
		}
		if !p.takes(',') {
			return nil, false
		}
	}
}

func (p *plain) value() (any, bool) {
	p.space()
	switch p.next() {
	case '"':
		return p.string()
	case '{':
		return p.object()
	case '[':
		return p.array()
	case 't':
		return true, p.word("true")
	case 'f':
		return false, p.word("false")
	case 'n':
		return nil, p.word("null")
	}
	return p.number()
}

// said reads a value where a text is expected; a text is not put into an interface, which would be an allocation.
func (p *plain) said() (said, bool) {
	p.space()
	if p.next() == '"' {
		text, ok := p.string()
		return said{text: text, present: true}, ok
	}
	v, ok := p.value()
	return saidOf(v), ok
}

func (p *plain) word(word string) bool {
	end := p.at + len(word)
	if end > len(p.text) || p.text[p.at:end] != word {
		return false
	}
	p.at = end
	return true
}

// string reads a text without escapes.
func (p *plain) string() (string, bool) {
	if p.next() != '"' {
		return "", false
	}
	for end := p.at + 1; end < len(p.text); end++ {
		switch b := p.text[end]; {
		case b == '"':
			text := p.text[p.at+1 : end]
			p.at = end + 1
			return text, true
		case b == '\\' || b < ' ':
			return "", false
		}
	}
	return "", false
}

// number reads a number: JSON's grammar first, which strconv's is wider than.
func (p *plain) number() (float64, bool) {
	start := p.at
	if p.next() == '-' {
		p.at++
	}
	if p.next() == '0' {
		p.at++
	} else if !p.digits() {
		return 0, false
	}
	if p.next() == '.' {
		p.at++
		if !p.digits() {
			return 0, false
		}
	}
	if b := p.next(); b == 'e' || b == 'E' {
		p.at++
		if b := p.next(); b == '+' || b == '-' {
			p.at++
		}
		if !p.digits() {
			return 0, false
		}
	}
	n, err := strconv.ParseFloat(p.text[start:p.at], 64)
	return n, err == nil
}

// digits reads one digit or more.
func (p *plain) digits() bool {
	start := p.at
	for b := p.next(); '0' <= b && b <= '9'; b = p.next() {
		p.at++
	}
	return p.at > start
}
