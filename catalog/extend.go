package catalog

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Limits of a catalog file.
const (
	maxFile       = 1 << 20
	maxEvents     = 1000
	maxEventName  = 64
	maxProperties = 200
)

// Problem is one mistake in a catalog file.
type Problem struct {
	File      string
	Line, Col int // from 1; 0 if the mistake has no place
	Message   string
	Fix       string // what to do; may be empty
}

func (p Problem) String() string {
	text := fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Col, p.Message)
	if p.Fix != "" {
		text += "; " + p.Fix
	}
	return text
}

// Problems are all mistakes of a catalog file, in its order.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Extend reads a catalog file (the format of events.yaml, without admin events) and returns a catalog with its events
// added. An event that is known already may be given more properties and keys, nothing else. file names the source in
// errors; the error is [Problems].
func (c *Catalog) Extend(file string, src []byte) (*Catalog, error) {
	r := &reader{
		file:    file,
		builtin: len(c.events) == 0,
		out:     &Catalog{events: slices.Clone(c.events), byName: maps.Clone(c.byName)},
	}
	r.read(src)
	if len(r.problems) > 0 {
		slices.SortStableFunc(r.problems, func(a, b Problem) int {
			if a.Line != b.Line {
				return a.Line - b.Line
			}
			return a.Col - b.Col
		})
		return nil, r.problems
	}
	for _, e := range r.out.events {
		r.out.folded = append(r.out.folded, fold(e.Name))
	}
	return r.out, nil
}

// reader reads one catalog file into out and collects what is wrong with it.
type reader struct {
	file     string
	builtin  bool // events.yaml itself
	out      *Catalog
	problems Problems
}

func (r *reader) problem(n ast.Node, fix, format string, args ...any) {
	p := Problem{File: r.file, Message: fmt.Sprintf(format, args...), Fix: fix}
	if n != nil && n.GetToken() != nil && n.GetToken().Position != nil {
		p.Line, p.Col = n.GetToken().Position.Line, n.GetToken().Position.Column
	}
	r.problems = append(r.problems, p)
}

func (r *reader) read(src []byte) {
	if len(src) > maxFile {
		r.problem(nil, "", "the file has %d bytes, at most %d are read", len(src), maxFile)
		return
	}
	doc, err := parser.ParseBytes(src, 0)
	if err != nil {
		r.syntax(err)
		return
	}
	var bodies []ast.Node
	for _, d := range doc.Docs {
		if d.Body != nil {
			bodies = append(bodies, d.Body)
		}
	}
	if len(bodies) == 0 {
		return // an empty file adds nothing
	}
	if len(bodies) > 1 {
		r.problem(bodies[1], "put all events under one events:", "the file holds several documents")
		return
	}
	for _, top := range r.mapping(bodies[0], "the file") {
		if r.known(top, []string{"events"}) {
			for _, entry := range r.mapping(top.Value, "events") {
				r.event(entry)
			}
		}
	}
}

func (r *reader) syntax(err error) {
	p := Problem{File: r.file, Line: 1, Col: 1, Message: err.Error()}
	var yerr yaml.Error
	if errors.As(err, &yerr) {
		p.Message = "not YAML: " + yerr.GetMessage()
		if t := yerr.GetToken(); t != nil && t.Position != nil {
			p.Line = t.Position.Line
			p.Col = t.Position.Column
		}
	}
	r.problems = append(r.problems, p)
}

var (
	eventName    = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$`)
	propertyName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// event reads one entry of events.
func (r *reader) event(entry *ast.MappingValueNode) {
	name := text(entry.Key)
	old, exists := r.out.byName[name]
	if !exists && (!eventName.MatchString(name) || len(name) > maxEventName) {
		r.problem(entry.Key, fmt.Sprintf("name it thing.happened in small letters, at most %d", maxEventName), "%q is not an event name", name)
		return
	}
	e := &Event{Name: name, Category: "custom", Volume: Medium}
	if exists {
		*e = *old
		e.Properties, e.Keys = slices.Clone(old.Properties), slices.Clone(old.Keys)
	}
	fields := []string{"category", "volume", "activity", "about", "keys", "required", "properties"}
	if r.builtin {
		fields = append(fields, "admin")
	}
	var keys, required ast.Node
	for _, field := range r.mapping(entry.Value, "event "+name) {
		if !r.known(field, fields) {
			continue
		}
		key := text(field.Key)
		if exists && key != "properties" && key != "keys" {
			r.problem(field.Key, "give it more properties and keys only, or name an event of your own", "%s is known already: its %s cannot be changed", name, key)
			continue
		}
		switch key {
		case "category":
			e.Category = r.word(field.Value)
		case "volume":
			e.Volume = r.volume(field.Value)
		case "activity":
			e.Activity = r.flag(field.Value)
		case "admin":
			e.Admin = r.flag(field.Value)
		case "about":
			e.About = r.word(field.Value)
		case "keys":
			keys = field.Value
		case "required":
			required = field.Value
		case "properties":
			r.properties(e, field.Value)
		}
	}
	r.keys(e, keys)
	r.required(e, required)
	r.add(e, entry)
}

// add puts a read event into the catalog, in the place of the one it extends.
func (r *reader) add(e *Event, entry *ast.MappingValueNode) {
	if old, ok := r.out.byName[e.Name]; ok {
		r.out.events[slices.Index(r.out.events, old)] = e
	} else if len(r.out.events) < maxEvents {
		r.out.events = append(r.out.events, e)
	} else {
		r.problem(entry.Key, "", "there are more than %d events", maxEvents)
		return
	}
	r.out.byName[e.Name] = e
}

func (r *reader) properties(e *Event, n ast.Node) {
	for _, entry := range r.mapping(n, "properties of "+e.Name) {
		p := Property{Name: text(entry.Key)}
		switch _, exists := e.Property(p.Name); {
		case exists:
			r.problem(entry.Key, "", "%s has a property %s already", e.Name, p.Name)
			continue
		case !propertyName.MatchString(p.Name) || len(p.Name) > maxEventName:
			r.problem(entry.Key, "use letters, digits and underscores", "%q is not a property name", p.Name)
			continue
		case p.Name == "time":
			r.problem(entry.Key, "give it another name", "event.time is when the event happened, no property can be called time")
			continue
		case len(e.Properties) >= maxProperties:
			r.problem(entry.Key, "", "%s has more than %d properties", e.Name, maxProperties)
			return
		}
		p.Type, p.Learner = r.propertyType(entry.Value)
		e.Properties = append(e.Properties, p)
	}
}

// learnerType is how a file writes a String that holds a learner id.
const learnerType = "learner"

func (r *reader) propertyType(n ast.Node) (t Type, learner bool) {
	types := []string{string(String), string(Number), string(Integer), string(Boolean), string(Timestamp), string(Strings), string(Any), learnerType}
	word := text(n)
	if !slices.Contains(types, word) {
		r.problem(n, suggest(word, types), "%q is not a property type", word)
		return Any, false
	}
	if word == learnerType {
		return String, true
	}
	return Type(word), false
}

func (r *reader) keys(e *Event, n ast.Node) {
	for _, item := range r.list(n, "keys of "+e.Name) {
		name := text(item)
		p, ok := e.Property(name)
		switch {
		case !ok:
			r.problem(item, "add it to properties", "%s has no property %s to be a key", e.Name, name)
		case p.Type != String:
			r.problem(item, "make it a string", "the key %s of %s is a %s", name, e.Name, p.Type)
		case slices.Contains(e.Keys, name):
			r.problem(item, "", "%s is a key of %s already", name, e.Name)
		default:
			e.Keys = append(e.Keys, name)
		}
	}
}

func (r *reader) required(e *Event, n ast.Node) {
	for _, item := range r.list(n, "required of "+e.Name) {
		name := text(item)
		if !slices.Contains(e.Keys, name) {
			r.problem(item, "add it to keys, or don't require it", "%s is required but is not a key of %s", name, e.Name)
			continue
		}
		for i := range e.Properties {
			if e.Properties[i].Name == name {
				e.Properties[i].Required = true
			}
		}
	}
}
