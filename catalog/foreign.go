package catalog

import (
	"time"

	"homeroom/internal/spelling"
)

// CodeIgnored marks a body that a source knows and that is not wanted: it counts as read, is no event, and no dead letter.
const CodeIgnored = "ignored"

// IsIgnored reports whether the body is known and not wanted, so that nothing is wrong with it.
func (e *DecodeError) IsIgnored() bool { return e != nil && e.Code == CodeIgnored }

// Translator reads bodies in formats that the catalog itself does not know; *sources.Set is one. It may be used by many
// goroutines at once.
type Translator interface {
	// Translate returns what the first source that recognizes a body makes of it; found is false if none does.
	Translate(m *Foreign) (t Translation, found bool)
	// Wanted returns which parts of a body Translate looks at; nil: at everything.
	Wanted() *Wanted
	// Names reports whether a message's headers name a source, which then reads the body whatever its shape.
	Names(header map[string][]string) bool
	// Items returns the bodies that a body holds, if the source that the headers name says so, or a source recognizes the first of them; found is false if
	// none does.
	Items(header map[string][]string, body map[string]any) (items []any, found bool)
	// Addresses returns the learner's e-mail addresses at the places where any source reads one.
	Addresses(body map[string]any) []string
}

// Foreign is a body with its headers, as a translator sees it. Nobody changes it.
type Foreign struct {
	Header map[string][]string
	Body   map[string]any // what the translator wants of it, or more; objects of which it wants only a part are good until Translate returns
	Raw    []byte         // whole
}

// Translation is what a source makes of a body. Its values are unchecked: the catalog holds them to the event.
type Translation struct {
	Source     string // its name
	Name       string // what the body calls the event; may be empty
	Event      string
	Learner    string // empty: the body does not say
	ID         string
	Time       time.Time // zero: when it arrived
	Properties map[string]any
	Traits     map[string]any
	// Err is why the body is refused, or that it is ignored (see [CodeIgnored]); nil: it is an event.
	Err *DecodeError
}

// WithTranslator returns a catalog that holds bodies which are not native against a translator, before the formats that it
// knows itself.
func (c *Catalog) WithTranslator(t Translator) *Catalog {
	return &Catalog{
		events:     c.events,
		byName:     c.byName,
		names:      c.names,
		folded:     c.folded,
		translator: t,
		wanted:     newPart("", t.Wanted()),
	}
}

// Canonical returns the event that a name means whatever its case and separators: "Lesson Completed" is lesson.completed. ok is
// false if it means none.
func (c *Catalog) Canonical(name string) (event string, ok bool) {
	if _, exact := c.byName[name]; exact {
		return name, true
	}
	if name == "" || len(name) > maxFolded {
		return "", false
	}
	folded := spelling.Fold(name)
	for i, known := range c.folded {
		if known == folded {
			return c.events[i].Name, true
		}
	}
	return "", false
}

// namesSource reports whether a message's headers name a source, so that no other format counts.
func (c *Catalog) namesSource(header map[string][]string) bool {
	return c.translator != nil && len(header) > 0 && c.translator.Names(header)
}

// translate holds a body against the translator. found is false if there is none, or if no source recognizes the body.
func (c *Catalog) translate(header map[string][]string, raw []byte, body envelope, event string) (f bodyFields, found bool, err *DecodeError) {
	if c.translator == nil {
		return bodyFields{}, false, nil
	}
	t, found := c.translator.Translate(&Foreign{Header: header, Body: body, Raw: raw})
	if !found {
		return bodyFields{}, false, nil
	}
	if t.Err != nil {
		return bodyFields{}, true, t.Err
	}
	_, known := c.byName[event]
	return bodyFields{
		event:      textField{text: t.Event, present: true},
		learner:    textField{text: t.Learner, present: t.Learner != ""},
		id:         textField{text: t.ID, present: true},
		at:         t.Time,
		properties: anyObject(t.Properties),
		traits:     anyObject(t.Traits),
		words:      c.wordsOf(t.Source),
		// A platform publishes under its own name for the event.
		ownName: event != "" && !known,
	}, true, nil
}

// anyObject returns an object as a value; nil for none.
func anyObject(object map[string]any) any {
	if object == nil {
		return nil
	}
	return object
}

// wordsOf is sourceWords, made once for each source.
func (c *Catalog) wordsOf(source string) *words {
	c.wordsLock.RLock()
	known := c.words[source]
	c.wordsLock.RUnlock()
	if known != nil {
		return known
	}
	c.wordsLock.Lock()
	defer c.wordsLock.Unlock()
	if c.words == nil {
		c.words = map[string]*words{}
	}
	c.words[source] = sourceWords(source)
	return c.words[source]
}

// sourceWords are the words in which errors speak of what a source reads.
func sourceWords(source string) *words {
	return &words{
		event:      "event",
		learner:    "learner",
		id:         "id",
		time:       "time",
		properties: "properties",
		traits:     "traits",
		says:       "the source " + source + " reads the",
		silent:     "the source " + source + " does not find",
		leaveOut:   "the source",
		subject:    "the subject",
	}
}
