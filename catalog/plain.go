package catalog

import (
	"strconv"
	"unicode/utf8"
)

// Most bodies are small and plain: no escapes, nothing wrong with them. Reading those is most of what an event costs that
// nobody needs, so they are read in one pass here. Whatever is not so simple is left to encoding/json, which also knows
// how to say what is wrong. Where plainObject answers, it answers as encoding/json does; FuzzPlain holds it to that.

// plainObject reads a JSON object that may nest so deep; ok is false if it is not plain, or not valid.
func plainObject(body []byte, deepest int) (object map[string]any, ok bool) {
	object = make(map[string]any)
	p := plain{body: body, room: deepest}
	return object, p.read(object, nil)
}

// plainFacts reads a native body without making a map of its top level; ok is false if it is not plain, or not valid, or
// may be of another format. The properties are read into spare, whatever was in it; nil: into a new map.
func plainFacts(body []byte, known *texts, spare map[string]any) (f facts, ok bool) {
	f.words = &nativeWords
	p := plain{body: body, room: MaxNesting, known: known, spare: spare}
	return f, p.read(nil, &f)
}

// plain is where reading has come to.
type plain struct {
	body  []byte
	at    int
	room  int // how many more objects and arrays may be inside one another
	known *texts
	spare map[string]any // for the properties; nil: there is none
}

// read reads a plain object into one of the two; the other is nil.
func (p *plain) read(object map[string]any, f *facts) bool {
	if len(p.body) > MaxBody || !utf8.Valid(p.body) {
		return false
	}
	p.space()
	if p.next() != '{' || !p.members(object, f) {
		return false
	}
	p.space()
	return p.at == len(p.body)
}

// next is the byte that comes next; 0 at the end, which is no valid byte of JSON either.
func (p *plain) next() byte {
	if p.at < len(p.body) {
		return p.body[p.at]
	}
	return 0
}

func (p *plain) space() {
	for p.at < len(p.body) && (p.body[p.at] == ' ' || p.body[p.at] == '\n' || p.body[p.at] == '\t' || p.body[p.at] == '\r') {
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

// object reads an object, p is at its brace, into a map that is emptied first; nil: into a new one.
func (p *plain) object(into map[string]any) (map[string]any, bool) {
	if into == nil {
		into = make(map[string]any)
	}
	clear(into)
	return into, p.members(into, nil)
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
			object[p.known.text(key)], ok = p.value()
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
func (p *plain) fact(f *facts, key []byte) (ok bool) {
	switch string(key) {
	case "event":
		f.event, ok = p.said(p.known)
	case "learner_id":
		f.learner, ok = p.said(p.known)
	case "id":
		f.id, ok = p.said(nil)
	case "time":
		f.time, ok = p.said(nil)
	case "properties":
		if p.space(); p.next() == '{' {
			f.properties, ok = p.object(p.spare)
		} else {
			f.properties, ok = p.value()
		}
	case "traits":
		known := p.known
		p.known = nil // nothing of a person is remembered
		f.traits, ok = p.value()
		p.known = known
	default:
		if isMark(key) {
			return false
		}
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
		text, ok := p.string()
		return p.known.value(text), ok
	case '{':
		return p.object(nil)
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
func (p *plain) said(known *texts) (said, bool) {
	p.space()
	if p.next() == '"' {
		text, ok := p.string()
		return said{text: known.text(text), present: true}, ok
	}
	v, ok := p.value()
	return saidOf(v), ok
}

func (p *plain) word(word string) bool {
	end := p.at + len(word)
	if end > len(p.body) || string(p.body[p.at:end]) != word {
		return false
	}
	p.at = end
	return true
}

// string reads a text without escapes.
func (p *plain) string() ([]byte, bool) {
	if p.next() != '"' {
		return nil, false
	}
	for end := p.at + 1; end < len(p.body); end++ {
		switch b := p.body[end]; {
		case b == '"':
			text := p.body[p.at+1 : end]
			p.at = end + 1
			return text, true
		case b == '\\' || b < ' ':
			return nil, false
		}
	}
	return nil, false
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
	n, err := strconv.ParseFloat(string(p.body[start:p.at]), 64)
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
