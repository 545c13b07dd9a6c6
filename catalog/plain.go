package catalog

import (
	"unicode/utf8"
)

// Most bodies are small and plain: there is nothing wrong with them. Reading those is most of what an event costs that
// nobody needs, so they are read in one pass here. Whatever is not so simple is left to encoding/json, which also knows
// how to say what is wrong. Where plainObject answers, it answers as encoding/json does; FuzzPlain holds it to that.

// ReadPlain reads a JSON object as encoding/json does, in less time; ok is false if it is not plain, although it may be valid.
func ReadPlain(text []byte) (object map[string]any, ok bool) {
	return plainObject(text, maxForeignNesting, nil)
}

// plainObject reads a JSON object that may nest so deep; ok is false if it is not plain, or not valid. Of the texts only names of members are remembered:
// the rest may be about a person. names may be nil.
func plainObject(body []byte, deepest int, names *texts) (object map[string]any, ok bool) {
	p := plain{body: body, room: deepest, names: names, members: names.takeMembers()}
	ok = p.readBody(&object, nil, nil)
	names.putMembers(p.members)
	return object, ok
}

// plainFields reads a native body without making a map of its top level; ok is false if it is not plain, or not valid, or
// has a key that no native body has. The properties are read into spare, whatever was in it; nil: into a new map.
func plainFields(body []byte, known *texts, spare map[string]any) (f bodyFields, ok bool) {
	f.words = &nativeWords
	p := plain{body: body, room: MaxNesting, known: known, names: known, spare: spare, members: known.takeMembers()}
	ok = p.readBody(nil, &f, nil)
	known.putMembers(p.members)
	return f, ok
}

// plain is where reading has come to.
type plain struct {
	body  []byte
	at    int
	room  int // how many more objects and arrays may be inside one another
	known *texts
	names *texts         // for the names of members
	spare map[string]any // for the properties; nil: there is none
	// members are those of the objects that are being read, the innermost last: a map that has its size from the start is much cheaper than one that grows.
	members []member

	unescaped []byte // the text with escapes that was read last
}

// member is one member of an object.
type member struct {
	name  string
	value any
}

// readBody reads a plain object into one of the first two; the other is nil. wanted is what is wanted of an object; nil: everything.
func (p *plain) readBody(object *map[string]any, f *bodyFields, wanted *part) (ok bool) {
	if len(p.body) > MaxBody || !utf8.Valid(p.body) {
		return false
	}
	p.skipSpace()
	if p.nextByte() != '{' {
		return false
	}
	switch {
	case f != nil:
		ok = p.readMembers(nil, f, nil)
	case wanted != nil:
		*object, ok = p.readParts(wanted)
	default:
		*object, ok = p.readObject(nil)
	}
	if !ok {
		return false
	}
	p.skipSpace()
	return p.at == len(p.body)
}

// enterLevel and leaveLevel count the levels.
func (p *plain) enterLevel() bool {
	p.at++
	p.room--
	return p.room >= 0
}

func (p *plain) leaveLevel() bool {
	p.room++
	return true
}

// readObject reads an object, p is at its brace, into a map that is emptied first; nil: into a new one.
func (p *plain) readObject(into map[string]any) (map[string]any, bool) {
	if into != nil {
		clear(into)
		return into, p.readMembers(into, nil, nil)
	}
	first := len(p.members)
	if !p.readMembers(nil, nil, nil) {
		return nil, false
	}
	into = make(map[string]any, len(p.members)-first)
	for _, m := range p.members[first:] {
		into[m.name] = m.value
	}
	p.members = p.members[:first]
	return into, true
}

// readMembers reads the members of an object, p is at its brace, into one of the first two or, if both are nil, to the end of p.members. Those that are not wanted
// are passed over; a nil wanted is everything.
func (p *plain) readMembers(into map[string]any, f *bodyFields, wanted *part) bool {
	if !p.enterLevel() {
		return false
	}
	if p.takeByte('}') {
		return p.leaveLevel()
	}
	for {
		p.skipSpace()
		key, ok := p.readString()
		if !ok || !p.takeByte(':') {
			return false
		}
		switch {
		case f != nil:
			ok = p.readField(f, key)
		case wanted != nil:
			ok = p.readWanted(into, key, wanted)
		default:
			ok = p.readMember(into, key)
		}
		if !ok {
			return false
		}
		if p.takeByte(',') {
			continue
		}
		return p.takeByte('}') && p.leaveLevel()
	}
}

// readMember reads one member of an object into a map or, if it is nil, to the end of p.members.
func (p *plain) readMember(into map[string]any, key []byte) bool {
	name := p.names.text(key)
	value, ok := p.readValue()
	if into != nil {
		into[name] = value
	} else {
		p.members = append(p.members, member{name: name, value: value})
	}
	return ok
}

// readField reads one member of a native body.
func (p *plain) readField(f *bodyFields, key []byte) (ok bool) {
	switch string(key) {
	case "event":
		f.event, ok = p.readTextField(p.known)
	case "learner_id":
		f.learner, ok = p.readTextField(p.known)
	case "id":
		f.id, ok = p.readTextField(nil)
	case "time":
		ok = p.readTime(f)
	case "properties":
		if p.skipSpace(); p.nextByte() == '{' {
			f.properties, ok = p.readObject(p.spare)
		} else {
			f.properties, ok = p.readValue()
		}
	case "traits":
		known := p.known
		p.known = nil // nothing of a person is remembered
		p.names = nil
		f.traits, ok = p.readValue()
		p.known = known
		p.names = known
	default:
		return false // of another format, or to be refused
	}
	return ok
}

// readTime reads when a native event happened. No string is made of its text, which is read as a time later: that would be an allocation an event.
func (p *plain) readTime(f *bodyFields) (ok bool) {
	p.skipSpace()
	start := p.at
	f.timeText = nil
	if p.nextByte() != '"' {
		f.time, ok = p.readTextField(nil)
		return ok
	}
	text, ok := p.readString()
	f.time = textField{present: true}
	if p.at-start > len(text)+len(`""`) { // it had escapes, and its bytes are good until the next text that has
		f.time.text = string(text)
	} else {
		f.timeText = text
	}
	return ok
}

// readItems reads what is wanted of each item of an array; p is at its bracket.
func (p *plain) readItems(wanted *part) ([]any, bool) {
	if !p.enterLevel() {
		return nil, false
	}
	array := []any{}
	if p.takeByte(']') {
		return array, p.leaveLevel()
	}
	for {
		value, ok := p.readPart(wanted)
		if !ok {
			return nil, false
		}
		if wanted != wantNothing {
			array = append(array, value)
		}
		if p.takeByte(']') {
			return array, p.leaveLevel()
		}
		if !p.takeByte(',') {
			return nil, false
		}
	}
}

func (p *plain) readValue() (any, bool) {
	p.skipSpace()
	switch p.nextByte() {
	case '"':
		text, ok := p.readString()
		return p.known.value(text), ok
	case '{':
		return p.readObject(nil)
	case '[':
		return p.readItems(wantAll)
	case 't':
		return true, p.skipWord("true")
	case 'f':
		return false, p.skipWord("false")
	case 'n':
		return nil, p.skipWord("null")
	}
	return p.readNumber()
}

// readTextField reads a value where a text is expected; a text is not put into an interface, which would be an allocation.
func (p *plain) readTextField(known *texts) (textField, bool) {
	p.skipSpace()
	if p.nextByte() == '"' {
		text, ok := p.readString()
		return textField{text: known.text(text), present: true}, ok
	}
	v, ok := p.readValue()
	return textFieldOf(v), ok
}
