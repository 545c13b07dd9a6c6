package catalog

import (
	"bytes"
	"strconv"
)

// Wanted says which parts of a JSON value somebody looks at. The zero Wanted: only whether it is there. It does not change once it is in use.
type Wanted struct {
	// All: the value with all that is in it.
	All bool
	// Scalar: a text, a number, true, false or null, whole. Of an object or an array, that it is one.
	Scalar bool
	// Members are those of the object by name, or of the objects in the array. A value of which members are wanted is Scalar, too.
	Members map[string]*Wanted
	// Unique: it tells who somebody is, or it seldom comes again. Its texts are not remembered. Nor is anything in it, if all of it is wanted.
	Unique bool
}

// part is a Wanted in the form in which bodies are read by it: members are found by the length of their name first.
type part struct {
	name    string // of the member; empty at the top
	all     bool
	scalar  bool
	unique  bool
	members [][]*part // by the length of their names: most of a body's names are ruled out by that
}

// newPart prepares a Wanted for reading.
func newPart(name string, w *Wanted) *part {
	if w == nil || w.All {
		return &part{name: name, all: true, unique: w == nil || w.Unique}
	}
	p := &part{name: name, scalar: w.Scalar, unique: w.Unique}
	for name, member := range w.Members {
		for len(p.members) <= len(name) {
			p.members = append(p.members, nil)
		}
		p.members[len(name)] = append(p.members[len(name)], newPart(name, member))
	}
	return p
}

// memberPart returns the part of a member; nil: it is not wanted.
func (w *part) memberPart(name []byte) *part {
	if len(name) >= len(w.members) {
		return nil
	}
	for _, one := range w.members[len(name)] {
		if one.name == string(name) {
			return one
		}
	}
	return nil
}

// What is wanted where nothing else is said.
var (
	wantAll     = &part{all: true, unique: true}
	wantNothing = &part{unique: true}
)

// plainParts reads what is wanted of a JSON object, as plainObject reads all of it: ok is the same for both, and so is what is wanted. The rest is held to the
// grammar and left out; what is wanted only to be there is nil. Objects of which a part is wanted are good until names takes them back.
func plainParts(body []byte, deepest int, wanted *part, names *texts) (object map[string]any, ok bool) {
	if wanted.all {
		return plainObject(body, deepest, names)
	}
	p := plain{body: body, room: deepest, names: names, members: names.takeMembers()}
	ok = p.readBody(&object, nil, wanted)
	names.putMembers(p.members)
	return object, ok
}

// readParts reads what is wanted of an object; p is at its brace.
func (p *plain) readParts(wanted *part) (map[string]any, bool) {
	object := p.names.lendObject()
	return object, p.readMembers(object, nil, wanted)
}

// readWanted reads one member of an object if it is wanted.
func (p *plain) readWanted(into map[string]any, key []byte, wanted *part) bool {
	member := wanted.memberPart(key)
	if member == nil {
		return p.skipValue()
	}
	value, ok := p.readPart(member)
	into[member.name] = value
	return ok
}

// readPart reads what is wanted of a value.
func (p *plain) readPart(wanted *part) (any, bool) {
	switch {
	case wanted == wantAll: // of an item, whose array says what is remembered
		return p.readValue()
	case wanted.all:
		p.known = p.textsFor(wanted)
		return p.readValue()
	case !wanted.scalar:
		return nil, p.skipValue()
	}
	p.skipSpace()
	switch p.nextByte() {
	case '{':
		return p.readParts(wanted)
	case '[':
		return p.readItems(wanted)
	}
	p.known = p.textsFor(wanted)
	return p.readValue()
}

// textsFor returns the texts that remember what is read of a part; nil: nothing of it is remembered.
func (p *plain) textsFor(wanted *part) *texts {
	if wanted.unique {
		return nil
	}
	return p.names
}

// skipValue passes over a value, and reports whether it is one that can be read.
func (p *plain) skipValue() bool {
	p.skipSpace()
	switch p.nextByte() {
	case '"':
		_, ok := p.readString()
		return ok
	case '{':
		return p.readMembers(nil, nil, wantNothing)
	case '[':
		_, ok := p.readItems(wantNothing)
		return ok
	case 't', 'f', 'n':
		_, ok := p.readValue()
		return ok
	}
	number, _, ok := p.scanNumber()
	return ok && isFinite(number)
}

// maxFiniteDigits is how long a number may be that is finite whatever its digits are, in bytes: the largest float64 has 309 before the point.
const maxFiniteDigits = 300

// isFinite reports whether a float64 can hold a number by JSON's grammar.
func isFinite(number []byte) bool {
	if len(number) <= maxFiniteDigits && !bytes.ContainsAny(number, "eE") {
		return true
	}
	_, err := strconv.ParseFloat(string(number), 64)
	return err == nil
}
