package rules

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"homeroom/catalog"
	"homeroom/engine"
)

// Completion is what may stand at a place of a file.
type Completion struct {
	// Start and End are what an item replaces, in bytes. Start is the end of the completed text where nothing is offered.
	Start int              `json:"start"`
	End   int              `json:"end"`
	Items []CompletionItem `json:"items"` // the most likely first; never nil
}

// CompletionItem is one word that is offered.
type CompletionItem struct {
	Label  string   `json:"label"`
	Kind   ItemKind `json:"kind"`
	Detail string   `json:"detail,omitempty"` // a few words, such as a type
	Words  string   `json:"words,omitempty"`  // what it means
	Insert string   `json:"insert,omitempty"` // the text to insert, if that is not the label
}

// ItemKind is what kind of word is offered.
type ItemKind string

// The kinds of word.
const (
	ItemKey      ItemKind = "key"
	ItemValue    ItemKind = "value"
	ItemEvent    ItemKind = "event"
	ItemProperty ItemKind = "property"
	ItemVariable ItemKind = "variable"
	ItemFunction ItemKind = "function"
	ItemMessage  ItemKind = "message"
	ItemTopic    ItemKind = "topic"
	ItemLink     ItemKind = "link"
	ItemRule     ItemKind = "rule"
)

// Complete returns what may stand at an offset, in bytes, of a file of a folder: keys of the schema, events, properties of the event that an
// expression looks at, messages, topics, links, rules, variables and functions. The text may be unfinished. files is the folder with what is
// typed.
func Complete(files map[string][]byte, file string, offset int) Completion {
	a, ok := newAssistant(files, file, offset)
	if !ok {
		return Completion{Items: []CompletionItem{}}
	}
	c := a.complete()
	if c.Items == nil {
		c.Items = []CompletionItem{}
	}
	return c
}

// assistant knows a place of a file and what may be named there. It lives as long as one question.
type assistant struct {
	files  map[string][]byte
	file   string
	kind   string // as in SchemaKinds; empty: a message
	o      *outline
	defs   map[string]*schemaNode
	cat    *catalog.Catalog
	fields *fieldTypes
}

// newAssistant prepares for a question. ok is false if there is nothing to be said about the file.
func newAssistant(files map[string][]byte, file string, offset int) (a *assistant, ok bool) {
	content, exists := files[file]
	if !exists || offset < 0 || offset > len(content) || len(content) > maxAssisted {
		return nil, false
	}
	defs, err := schemaDefs()
	if err != nil {
		return nil, false
	}
	cat, err := catalog.Default()
	if err != nil {
		return nil, false
	}
	if own := files[CatalogFile]; len(own) > 0 {
		if extended, err := cat.Extend(CatalogFile, own); err == nil {
			cat = extended
		}
	}
	a = &assistant{
		files:  files,
		file:   file,
		kind:   schemaKind(file),
		o:      readOutline(string(content), offset),
		defs:   defs,
		cat:    cat,
		fields: newFieldTypes(nil, cat),
	}
	return a, a.kind != "" || path.Dir(file) == messagesDir
}

// maxAssisted is the size of the largest file in which words are offered, in bytes.
const maxAssisted = 64 << 10

// complete returns what may stand at the cursor.
func (a *assistant) complete() Completion {
	if a.kind == "" {
		return a.completeMessage()
	}
	n := a.o.at
	switch {
	case n == nil:
		return Completion{Start: a.o.cursor, End: a.o.cursor}
	case a.o.inKey:
		return a.completeKey(n)
	}
	if a.isExpression(n) {
		return a.completeExpression(n)
	}
	start := n.valueFrom
	end := n.valueEnd
	if start >= end {
		start = a.o.cursor
		end = start
	}
	if start < end && strings.IndexByte(`"'`, a.o.text[start]) >= 0 {
		start++
		end = max(start, end-1)
	}
	return Completion{Start: start, End: end, Items: a.values(n, schemasAt(a.defs, a.kind, n))}
}

// completeKey returns the keys that may stand where a word stands, and the values if it is in a list.
func (a *assistant) completeKey(n *outlineNode) Completion {
	c := Completion{Start: n.from, End: n.end}
	parents := schemasAt(a.defs, a.kind, n.parent)
	if n.bare && n.parent.entry {
		c.Items = a.values(n.parent, parents)
	}
	present := n.parent.keys()
	seen := map[string]bool{}
	fitting := fittingSchemas(parents, n)
	undecided := len(fitting) > 1 && len(present) == 0 // which alternative it becomes is said by a key that only this one needs
	for _, s := range fitting {
		for _, name := range s.Properties.names {
			if seen[name] || undecided && len(s.Required) > 0 && s.Required[0] != name || slices.Contains(present, name) && name != n.key {
				continue
			}
			seen[name] = true
			c.Items = append(c.Items, a.keyItem(n, name, s.Properties.byName[name], s))
		}
	}
	c.Items = append(c.Items, a.ownKeys(n)...)
	return c
}

// keyItem offers a key with what follows it: a colon, and what its value begins with.
func (a *assistant) keyItem(n *outlineNode, name string, s, owner *schemaNode) CompletionItem {
	item := CompletionItem{Label: name, Kind: ItemKey, Words: s.Description, Insert: name + ": "}
	all := schemasOf(a.defs, s)
	if item.Words == "" && slices.Contains(owner.Required, name) {
		item.Words = owner.Description
	}
	if item.Words == "" && len(all) > 0 {
		item.Words = all[0].Description
	}
	if len(all) > 0 {
		item.Detail = valueWords(all)
	}
	switch {
	case !n.bare:
		item.Insert = name // the colon is there
	case n.inFlow || len(all) == 0:
	case all[0].holds("array") && !all[0].holds("object") && all[0].def != "name":
		item.Insert = name + ":\n" + strings.Repeat(" ", n.column) + "  - "
	case slices.ContainsFunc(all, isBlock) && !slices.ContainsFunc(all, func(s *schemaNode) bool { return s.holds("string") || s.Enum != nil }):
		item.Insert = name + ":\n" + strings.Repeat(" ", n.column) + "  "
	}
	return item
}

func isBlock(s *schemaNode) bool { return s.holds("object") }

// valueWords says in a few words what a value is.
func valueWords(all []*schemaNode) string {
	for _, s := range all {
		switch {
		case s.def == "duration" || s.def == "share" || s.def == "clock" || s.def == "event" || s.def == "expression":
			return map[string]string{"duration": "a duration", "share": "a share", "clock": "a time of day", "event": "an event", "expression": "a condition or value"}[s.def]
		case len(s.Enum) > 0:
			return strings.Join(enumTexts(s.Enum), " or ")
		case s.holds("boolean"):
			return "true or false"
		}
	}
	return ""
}

func enumTexts(values []any) []string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = fmt.Sprint(v)
	}
	return texts
}

// ownKeys offers the keys that no schema knows: properties of an event in a test, topics and links that messages and rules name.
func (a *assistant) ownKeys(n *outlineNode) []CompletionItem {
	switch parent := n.parent; {
	case a.kind == "test" && parent.key == "properties":
		return a.propertyItems(a.o.value(parent.parent.child("event")), nil)
	case a.kind == "catalog" && parent.key == "events" && parent.parent.parent == nil:
		return a.eventItems(false)
	}
	return nil
}

// values offers the values of a node.
func (a *assistant) values(n *outlineNode, schemas []*schemaNode) []CompletionItem {
	if named := a.namedValues(n, schemas); named != nil {
		return named
	}
	var items []CompletionItem
	seen := map[string]bool{}
	add := func(v any, words string) {
		text := fmt.Sprint(v)
		if number, is := v.(float64); is {
			text = strconv.FormatFloat(number, 'f', -1, 64)
		}
		if !seen[text] {
			seen[text] = true
			items = append(items, CompletionItem{Label: text, Kind: ItemValue, Words: words})
		}
	}
	for _, s := range schemas {
		for _, v := range s.Enum {
			add(v, s.Description)
		}
		if s.holds("boolean") && s.def != "expression" {
			add(true, s.Description)
			add(false, s.Description)
		}
		for _, v := range s.Examples {
			add(v, s.Description)
		}
		if s.Default != nil && !s.holds("boolean") {
			add(s.Default, s.Description)
		}
	}
	return items
}

// namedValues offers what the folder or the catalog names; nil if the value is no such name.
func (a *assistant) namedValues(n *outlineNode, schemas []*schemaNode) []CompletionItem {
	key := n.key
	if n.entry && n.parent != nil {
		key = n.parent.key
	}
	isEvent := slices.ContainsFunc(schemas, func(s *schemaNode) bool { return s.def == "event" })
	switch {
	case isEvent && a.kind == "test", isEvent && n.parent != nil && n.parent == a.o.root.child("when"):
		return a.eventItems(true)
	case isEvent, a.kind == "settings" && key == "events":
		return a.eventItems(false)
	case a.kind == "rule" && key == "per":
		return a.perItems()
	case a.kind == "rule" && key == "rule":
		return []CompletionItem{{Label: strings.TrimSuffix(path.Base(a.file), ".yaml"), Kind: ItemRule, Detail: "the file's name"}}
	case key == "send" || a.kind == "test" && slices.Contains([]string{"sent", "withheld", "failed", "skipped", "deferred"}, key):
		return a.messageItems()
	case key == "topic":
		return a.topicItems()
	case a.kind == "rule" && key == "to":
		return a.staffItems()
	case a.kind == "test" && slices.Contains([]string{"rule", "rules", "exited", "started", "converted"}, key):
		return a.ruleItems()
	}
	return nil
}

// eventItems offers the events of learners, and with all set those without a learner too.
func (a *assistant) eventItems(all bool) []CompletionItem {
	var items []CompletionItem
	for _, ev := range a.cat.Events() {
		if ev.Admin && !all {
			continue
		}
		items = append(items, CompletionItem{Label: ev.Name, Kind: ItemEvent, Detail: ev.Category, Words: strings.TrimSpace(ev.About)})
	}
	return items
}

// propertyItems offers the properties of an event that wanted reports true for; wanted nil: all of them.
func (a *assistant) propertyItems(event string, wanted func(catalog.Property) bool) []CompletionItem {
	ev := a.fields.events[event]
	if ev == nil {
		return nil
	}
	var items []CompletionItem
	for _, p := range ev.Properties {
		if wanted == nil || wanted(p) {
			items = append(items, CompletionItem{Label: p.Name, Kind: ItemProperty, Detail: propertyType(p), Words: propertyWords(ev, p)})
		}
	}
	return items
}

// perItems offers the properties that may tell one run from another.
func (a *assistant) perItems() []CompletionItem {
	trigger := a.triggerOf(a.o)
	items := a.propertyItems(trigger.trigger, func(p catalog.Property) bool { return p.Type != catalog.Strings && p.Type != catalog.Any })
	if trigger.course && !slices.ContainsFunc(items, func(i CompletionItem) bool { return i.Label == engine.KeyCourse }) {
		items = append(items, CompletionItem{Label: engine.KeyCourse, Kind: ItemProperty, Detail: "a text", Words: "The course that the event belongs to."})
	}
	ev := a.fields.events[trigger.trigger]
	slices.SortStableFunc(items, func(x, y CompletionItem) int { // entity keys first
		return boolRank(ev != nil && slices.Contains(ev.Keys, x.Label)) - boolRank(ev != nil && slices.Contains(ev.Keys, y.Label))
	})
	return items
}

func boolRank(first bool) int {
	if first {
		return 0
	}
	return 1
}

func (a *assistant) messageItems() []CompletionItem {
	var items []CompletionItem
	for _, name := range sortedKeys(messageNames(a.files)) {
		items = append(items, CompletionItem{Label: name, Kind: ItemMessage, Words: a.subjectOf(name)})
	}
	return items
}

// subjectOf returns the subject of a message; empty if there is none.
func (a *assistant) subjectOf(message string) string {
	for line := range strings.Lines(string(a.files[messagesDir+"/"+message+".md"])) {
		if subject, is := strings.CutPrefix(line, "subject:"); is {
			return strings.Trim(strings.TrimSpace(subject), `"'`)
		}
	}
	return ""
}

func (a *assistant) topicItems() []CompletionItem {
	settings := a.outlineOf(settingsFile)
	var items []CompletionItem
	for _, topic := range settings.root.child("topics").keys() {
		items = append(items, CompletionItem{Label: topic, Kind: ItemTopic, Words: settings.value(settings.root.child("topics").child(topic).child("title"))})
	}
	return items
}

func (a *assistant) ruleItems() []CompletionItem {
	var items []CompletionItem
	for _, file := range slices.Sorted(maps.Keys(a.files)) {
		if path.Dir(file) == rulesDir {
			o := a.outlineOf(file)
			items = append(items, CompletionItem{Label: strings.TrimSuffix(path.Base(file), ".yaml"), Kind: ItemRule, Words: firstSentence(o.value(o.root.child("about")))})
		}
	}
	return items
}

func firstSentence(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if at := strings.IndexAny(text, ".:"); at > 0 {
		return text[:at+1]
	}
	return text
}

// outlineOf returns another file as an outline, without a cursor.
func (a *assistant) outlineOf(file string) *outline {
	return readOutline(string(a.files[file]), len(a.files[file])+1)
}
