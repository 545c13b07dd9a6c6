package catalog

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"homeroom/internal/spelling"
	"homeroom/internal/yamlfile"
)

// Limits of a catalog file.
const (
	maxEvents     = 1000
	maxName       = 64 // of an event or a property, in bytes
	maxProperties = 200
)

// Extend reads a catalog file (the format of events.yaml, without admin events) and returns a catalog with its events
// added. An event that is known already may be given more properties and keys, nothing else. file names the source in
// errors; the error is [yamlfile.Problems].
func (c *Catalog) Extend(file string, src []byte) (*Catalog, error) {
	var problems yamlfile.Problems
	r := &reader{
		Reader:  yamlfile.Reader{Source: yamlfile.NewSource(file, src), Problems: &problems},
		builtin: len(c.events) == 0,
		out: &Catalog{
			events:     slices.Clone(c.events),
			byName:     maps.Clone(c.byName),
			translator: c.translator,
			wanted:     c.wanted,
		},
	}
	r.readFile()
	if len(problems) > 0 {
		return nil, problems.Sort()
	}
	for _, e := range r.out.events {
		r.out.names = append(r.out.names, e.Name)
		r.out.folded = append(r.out.folded, spelling.Fold(e.Name))
	}
	return r.out, nil
}

// reader reads one catalog file into out.
type reader struct {
	yamlfile.Reader
	builtin bool // events.yaml itself
	out     *Catalog
}

func (r *reader) readFile() {
	root, ok := r.Root()
	if !ok || root == nil {
		return // an empty file adds nothing
	}
	for _, top := range r.Pairs(root, "the file", []string{"events"}) {
		for _, entry := range r.readMapping(top.Value, "events", nil) {
			r.readEvent(entry)
		}
	}
}

var (
	eventName    = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$`)
	propertyName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// readEvent reads one entry of events.
func (r *reader) readEvent(entry yamlfile.Pair) {
	name := entry.Key.Text
	old, exists := r.out.byName[name]
	if !exists && (!eventName.MatchString(name) || len(name) > maxName) {
		r.Fail(entry.Key.At, fmt.Sprintf("name it thing.happened in small letters, at most %d", maxName), "%q is not an event name", name)
		return
	}
	e := &Event{Name: name, Category: "custom", Volume: Medium}
	if exists {
		*e = *old
		e.Properties = slices.Clone(old.Properties)
		e.Keys = slices.Clone(old.Keys)
	}
	fields := []string{"category", "volume", "activity", "about", "keys", "required", "properties"}
	if r.builtin {
		fields = append(fields, "admin")
	}
	pairs := r.readMapping(entry.Value, "event "+name, fields)
	for _, field := range pairs {
		key := field.Key.Text
		if exists && key != "properties" && key != "keys" {
			r.Fail(field.Key.At, "give it more properties and keys only, or name an event of your own", "%s is known already: its %s cannot be changed", name, key)
			continue
		}
		r.readField(e, key, field.Value)
	}
	r.readKeys(e, valueOf(pairs, "keys"))
	r.readRequired(e, valueOf(pairs, "required"))
	r.addEvent(e, entry.Key)
}

// readField reads what an entry says, but for keys and required, which are read when all properties are known.
func (r *reader) readField(e *Event, key string, value *yamlfile.Node) {
	switch key {
	case "category":
		e.Category = r.readText(value, key)
	case "volume":
		e.Volume = r.readVolume(value)
	case "activity":
		e.Activity, _ = r.Bool(value, key)
	case "admin":
		e.Admin, _ = r.Bool(value, key)
	case "about":
		e.About = r.readText(value, key)
	case "properties":
		r.readProperties(e, value)
	}
}

// valueOf returns the value of a key, or nil.
func valueOf(pairs []yamlfile.Pair, key string) *yamlfile.Node {
	for _, p := range pairs {
		if p.Key.Text == key {
			return p.Value
		}
	}
	return nil
}

// addEvent puts an event into the catalog, in the place of the one it extends.
func (r *reader) addEvent(e *Event, key *yamlfile.Node) {
	if old, ok := r.out.byName[e.Name]; ok {
		r.out.events[slices.Index(r.out.events, old)] = e
	} else if len(r.out.events) < maxEvents {
		r.out.events = append(r.out.events, e)
	} else {
		r.Fail(key.At, "", "there are more than %d events", maxEvents)
		return
	}
	r.out.byName[e.Name] = e
}

func (r *reader) readProperties(e *Event, n *yamlfile.Node) {
	for _, entry := range r.readMapping(n, "properties of "+e.Name, nil) {
		p := Property{Name: entry.Key.Text}
		at := entry.Key.At
		switch _, exists := e.Property(p.Name); {
		case exists:
			r.Fail(at, "", "%s has a property %s already", e.Name, p.Name)
			continue
		case !propertyName.MatchString(p.Name) || len(p.Name) > maxName:
			r.Fail(at, "use letters, digits and underscores", "%q is not a property name", p.Name)
			continue
		case p.Name == "time":
			r.Fail(at, "give it another name", "event.time is when the event happened, no property can be called time")
			continue
		case len(e.Properties) >= maxProperties:
			r.Fail(at, "", "%s has more than %d properties", e.Name, maxProperties)
			return
		}
		p.Type, p.Learner = r.readType(entry.Value)
		e.Properties = append(e.Properties, p)
	}
}

// learnerType is how a file writes a String that holds a learner id.
const learnerType = "learner"

func (r *reader) readType(n *yamlfile.Node) (t Type, learner bool) {
	types := []string{string(String), string(Number), string(Integer), string(Boolean), string(Timestamp), string(URL), string(Strings), string(Any), learnerType}
	word := n.Text
	if !slices.Contains(types, word) {
		r.FailReplace(n.At, spelling.Nearest(word, types), spelling.Suggest(word, types), "%q is not a property type", word)
		return Any, false
	}
	if word == learnerType {
		return String, true
	}
	return Type(word), false
}

func (r *reader) readVolume(n *yamlfile.Node) Volume {
	volumes := []string{string(High), string(Medium), string(Low)}
	if !slices.Contains(volumes, n.Text) {
		r.FailReplace(n.At, spelling.Nearest(n.Text, volumes), spelling.Suggest(n.Text, volumes), "%q is not a volume", n.Text)
		return Medium
	}
	return Volume(n.Text)
}

func (r *reader) readKeys(e *Event, n *yamlfile.Node) {
	for _, item := range r.readList(n, "keys of "+e.Name) {
		name := item.Text
		p, ok := e.Property(name)
		switch {
		case !ok:
			r.Fail(item.At, "add it to properties", "%s has no property %s to be a key", e.Name, name)
		case p.Type != String:
			r.Fail(item.At, "make it a string", "the key %s of %s is a %s", name, e.Name, p.Type)
		case slices.Contains(e.Keys, name):
			r.Fail(item.At, "", "%s is a key of %s already", name, e.Name)
		default:
			e.Keys = append(e.Keys, name)
		}
	}
}

func (r *reader) readRequired(e *Event, n *yamlfile.Node) {
	for _, item := range r.readList(n, "required of "+e.Name) {
		name := item.Text
		if _, ok := e.Property(name); !ok {
			r.Fail(item.At, "add it to properties, or don't require it", "%s is required but is not a property of %s", name, e.Name)
			continue
		}
		for i := range e.Properties {
			if e.Properties[i].Name == name {
				e.Properties[i].Required = true
			}
		}
	}
}

// readMapping returns the pairs of a mapping that may be left empty; see [yamlfile.Reader.Pairs].
func (r *reader) readMapping(n *yamlfile.Node, what string, known []string) []yamlfile.Pair {
	if n.Kind == yamlfile.Null {
		return nil
	}
	return r.Pairs(n, what, known)
}

// readList returns the items of a list that may be missing or empty.
func (r *reader) readList(n *yamlfile.Node, what string) []*yamlfile.Node {
	if n == nil || n.Kind == yamlfile.Null {
		return nil
	}
	items, _ := r.Items(n, what)
	return items
}

func (r *reader) readText(n *yamlfile.Node, what string) string {
	text, _ := r.Text(n, what)
	return strings.TrimSpace(text)
}
