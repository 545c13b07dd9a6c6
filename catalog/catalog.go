package catalog

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"homeroom/engine"
)

// Type is the type of a property.
type Type string

// The property types. Integer is a number without a fraction; Strings is an array of strings, and a lone string is
// taken as an array of one.
const (
	String    Type = "string"
	Number    Type = "number"
	Integer   Type = "integer"
	Boolean   Type = "boolean"
	Timestamp Type = "timestamp" // RFC 3339 text
	URL       Type = "url"       // text: a complete address that begins with https:// or http://
	Strings   Type = "strings"
	Any       Type = "any" // any JSON value
)

// Volume is how often an event is published, as the seed has it.
type Volume string

// The volume classes.
const (
	High   Volume = "high"
	Medium Volume = "medium"
	Low    Volume = "low"
)

// Event is one kind of event. The catalog hands out its own: don't change them.
type Event struct {
	Name       string
	Category   string // acquire, activate, engage, monetise, advocate, operational, messaging, profile or a team's own
	Volume     Volume
	Admin      bool // has no learner; published under the learner "_"
	Activity   bool // a learner does this with their own hands: counts as activity by default
	About      string
	Properties []Property
	Keys       []string // entity keys among Properties, in order
}

// Property is one property of an event.
type Property struct {
	Name     string
	Type     Type
	Required bool // the event is refused without it
	Learner  bool // a String that holds a learner id
}

// Property returns the named property.
func (e *Event) Property(name string) (Property, bool) {
	for _, p := range e.Properties {
		if p.Name == name {
			return p, true
		}
	}
	return Property{}, false
}

// Decoded is one event as it arrived.
type Decoded struct {
	Event engine.Event
	// Traits are the profile updates that came along; nil if none. A trait that is nil is to be forgotten.
	Traits map[string]any
}

// Catalog is a set of events. It never changes; Extend makes a new one.
type Catalog struct {
	events []*Event
	byName map[string]*Event
	names  []string  // in order
	folded []string  // the names without case and separators
	texts  sync.Pool // of *texts

	translator Translator // nil: none
	wanted     *part      // what the translator looks at; nil without one
	wordsLock  sync.RWMutex
	words      map[string]*words // of the translator's sources, by name
}

//go:embed events.yaml
var builtin []byte

var parsed = sync.OnceValues(func() (*Catalog, error) {
	c, err := (&Catalog{byName: map[string]*Event{}}).Extend("events.yaml", builtin)
	if err != nil {
		return nil, fmt.Errorf("read the built-in events: %w", err)
	}
	return c, nil
})

// Default returns the built-in catalog.
func Default() (*Catalog, error) { return parsed() }

// Event returns the named event.
func (c *Catalog) Event(name string) (*Event, bool) {
	e, ok := c.byName[name]
	return e, ok
}

// Events returns all events: the built-in ones in the seed's order, then a team's in theirs.
func (c *Catalog) Events() []*Event { return slices.Clone(c.events) }

// Keys returns the entity keys of each event that has any.
func (c *Catalog) Keys() map[string][]string {
	keys := make(map[string][]string, len(c.events))
	for _, e := range c.events {
		if len(e.Keys) > 0 {
			keys[e.Name] = slices.Clone(e.Keys)
		}
	}
	return keys
}

// Match returns the names that a pattern covers, in the catalog's order. A * stands for any text: "lesson.*", "*".
func (c *Catalog) Match(pattern string) []string {
	var names []string
	for _, e := range c.events {
		if matchesPattern(pattern, e.Name) {
			names = append(names, e.Name)
		}
	}
	return names
}

func matchesPattern(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == name
	}
	first := parts[0]
	last := parts[len(parts)-1]
	if !strings.HasPrefix(name, first) {
		return false
	}
	name = name[len(first):]
	for _, part := range parts[1 : len(parts)-1] {
		_, after, ok := strings.Cut(name, part)
		if !ok {
			return false
		}
		name = after
	}
	return strings.HasSuffix(name, last)
}
