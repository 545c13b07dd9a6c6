package rules

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"cel.dev/cel-go/common/types"

	"homeroom/catalog"
	"homeroom/engine"
)

// isExpression reports whether the value of a node is an expression.
func (a *assistant) isExpression(n *outlineNode) bool {
	return slices.ContainsFunc(schemasAt(a.defs, a.kind, n), func(s *schemaNode) bool { return s.def == "expression" })
}

// awaitedWords explains the name that a wait_for gives to its event.
const awaitedWords = "The event that a wait_for calls so, which may not have come: has(…) asks. Of a collect, what it gathered."

var (
	lastWord   = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_.]*$|$`)
	restOfWord = regexp.MustCompile(`^[A-Za-z0-9_]*`)
	inNumber   = regexp.MustCompile(`(^|[^A-Za-z0-9_.])[0-9][A-Za-z0-9_.]*$`)
	pastOpen   = regexp.MustCompile(`\b(sent|count) *\( *["']([^"']*)$`)
)

// completeExpression offers what an expression may name at the cursor.
func (a *assistant) completeExpression(n *outlineNode) Completion {
	s := a.viewOf(n)
	from := n.valueFrom
	if from >= n.valueEnd || from > a.o.cursor {
		from = a.o.cursor
	}
	before := a.o.text[from:a.o.cursor]
	if m := pastOpen.FindStringSubmatch(before); m != nil {
		c := Completion{Start: a.o.cursor - len(m[2]), End: a.o.cursor}
		if m[1] == "sent" {
			c.Items = a.messageItems()
		} else {
			c.Items = a.eventItems(false)
		}
		return c
	}
	if inQuotes(before) || inNumber.MatchString(before) {
		return Completion{Start: a.o.cursor, End: a.o.cursor}
	}
	owner, word := splitOwner(lastWord.FindString(before))
	end := a.o.cursor + len(restOfWord.FindString(a.o.text[a.o.cursor:]))
	c := Completion{Start: a.o.cursor - len(word), End: end}
	if owner != "" {
		c.Items = a.fieldItems(s, owner)
		return c
	}
	for _, name := range s.variableNames() {
		words := variableWords[name]
		if words == "" {
			words = awaitedWords
		}
		c.Items = append(c.Items, CompletionItem{Label: name, Kind: ItemVariable, Detail: s.eventOf(name), Words: words})
	}
	for _, f := range celFunctions {
		if f.member {
			continue
		}
		c.Items = append(c.Items, f.item())
	}
	return c
}

// splitOwner splits a dotted name before its last part; without a dot there is no owner.
func splitOwner(dotted string) (owner, last string) {
	if dot := strings.LastIndexByte(dotted, '.'); dot >= 0 {
		return dotted[:dot], dotted[dot+1:]
	}
	return "", dotted
}

// eventOf returns which event a variable is; empty: none.
func (s exprView) eventOf(variable string) string {
	switch variable {
	case "event":
		return s.event
	case "trigger":
		return s.trigger
	}
	return s.awaitedEvents()[variable]
}

// inQuotes reports whether an expression ends inside a text, apart from the quotes that YAML puts around it.
func inQuotes(text string) bool {
	var quote rune
	for i, r := range text {
		switch {
		case quote == 0 && i > 0 && (r == '"' || r == '\''):
			quote = r
		case r == quote:
			quote = 0
		}
	}
	return quote != 0
}

// fieldItems offers what may follow an owner and a dot.
func (a *assistant) fieldItems(s exprView, owner string) []CompletionItem {
	switch {
	case owner == "event":
		return append(a.propertyItems(s.event, nil), timeItem("event", s.event)...)
	case owner == "trigger":
		return append(a.propertyItems(s.trigger, nil), timeItem("trigger", s.trigger)...)
	case owner == "learner.traits":
		var items []CompletionItem
		for _, p := range catalog.TraitTypes() {
			items = append(items, CompletionItem{Label: p.Name, Kind: ItemProperty, Detail: propertyType(p), Words: "A trait that Homeroom knows; publishers may send others."})
		}
		for _, name := range a.traitsSet() {
			items = append(items, CompletionItem{Label: name, Kind: ItemProperty, Words: "A trait that a rule of this folder sets."})
		}
		return items
	}
	if s.awaitedEvents()[owner] == engine.EventCollected {
		return []CompletionItem{{Label: engine.CollectedCount, Kind: ItemProperty, Detail: "a number", Words: "How many events came, also those that are no items."}}
	}
	if event := s.awaitedEvents()[owner]; event != "" {
		return append(a.propertyItems(event, nil), timeItem("event", event)...)
	}
	if fields := a.fieldsOfVariable(s, owner); fields != nil {
		var items []CompletionItem
		for _, name := range sortedKeys(fields) {
			items = append(items, CompletionItem{Label: name, Kind: ItemProperty, Detail: typeName(fields[name].Type.String()), Words: fieldWords[owner+"."+name]})
		}
		return items
	}
	return a.memberItems(s, owner)
}

// timeItem offers the time of an event.
func timeItem(variable, event string) []CompletionItem {
	if event == "" {
		return nil
	}
	return []CompletionItem{{Label: "time", Kind: ItemProperty, Detail: "a time", Words: fieldWords[variable+".time"]}}
}

// fieldsOfVariable returns the fields of a variable that is no event; nil if there is no such variable.
func (a *assistant) fieldsOfVariable(s exprView, name string) map[string]*types.FieldType {
	switch {
	case name == "learner":
		return a.fields.learner
	case name == "course" && s.course:
		return a.fields.course
	case name == "course.previous" && s.course:
		return a.fields.previous
	case name == "course.next" && s.course, name == "learner.next_course":
		return a.fields.next
	}
	return nil
}

// fieldType returns the type of a dotted name, as people call it; empty: not known.
func (a *assistant) fieldType(s exprView, dotted string) string {
	if dotted == "now" {
		return "a time"
	}
	dot := strings.LastIndexByte(dotted, '.')
	if dot < 0 {
		return ""
	}
	owner := dotted[:dot]
	field := dotted[dot+1:]
	if event := s.eventOf(owner); event != "" && a.fields.events[event] != nil {
		if ft, known := eventField(a.fields.events[event], field); known {
			return typeName(ft.Type.String())
		}
	}
	if ft := a.fieldsOfVariable(s, owner)[field]; ft != nil {
		return typeName(ft.Type.String())
	}
	return ""
}

// memberItems offers the functions that are called with a dot on a value of the owner's type.
func (a *assistant) memberItems(s exprView, owner string) []CompletionItem {
	kind := a.fieldType(s, owner)
	if kind == "" {
		return nil
	}
	var items []CompletionItem
	for _, f := range celFunctions {
		if f.member && slices.Contains(f.of, kind) {
			items = append(items, f.item())
		}
	}
	return items
}

// completeMessage offers what a message may name at the cursor: keys of its front matter, and values inside {{ }} and {% %}.
func (a *assistant) completeMessage() Completion {
	before := a.o.text[:a.o.cursor]
	c := Completion{Start: a.o.cursor, End: a.o.cursor}
	if open := max(strings.LastIndex(before, "{{"), strings.LastIndex(before, "{%")); open < 0 || strings.Contains(before[open:], "}") {
		return a.completeFront(c)
	}
	owner, last := splitOwner(lastWord.FindString(before))
	c.Start -= len(last)
	c.End += len(restOfWord.FindString(a.o.text[a.o.cursor:]))
	c.Items = a.templateItems(owner)
	return c
}

// completeFront offers keys and topics in the front matter of a message.
func (a *assistant) completeFront(c Completion) Completion {
	n := a.o.at
	if !strings.HasPrefix(a.o.text, "---") || strings.Count(a.o.text[:a.o.cursor], "\n---") > 0 || n == nil {
		return c
	}
	if a.o.inKey {
		c.Start = n.from
		c.End = n.end
		for _, name := range sortedKeys(frontWords) {
			if a.o.root.child(name) == nil {
				c.Items = append(c.Items, CompletionItem{Label: name, Kind: ItemKey, Words: frontWords[name], Insert: name + ": "})
			}
		}
	} else if n.key == "topic" {
		if n.valueFrom < n.valueEnd {
			c.Start = n.valueFrom
			c.End = n.valueEnd
		}
		c.Items = a.topicItems()
	}
	return c
}

// templateItems offers what may follow an owner and a dot in a message; without an owner the variables.
func (a *assistant) templateItems(owner string) []CompletionItem {
	var items []CompletionItem
	switch owner {
	case "":
		for _, name := range sortedKeys(templateWords) {
			items = append(items, CompletionItem{Label: name, Kind: ItemVariable, Words: templateWords[name]})
		}
	case "links":
		return a.linkItems()
	case "trigger":
		items = append(a.sendersOf().properties, timeItem("trigger", "any")...)
	case varsRoot:
		return a.sendersOf().variables
	case "learner":
		items = a.fieldItems(exprView{}, "learner.traits")[1:2] // first_name stands at the top in a message
		for _, name := range []string{"id", "locale", "timezone", "traits", "next_course", "next_course_reason"} {
			items = append(items, CompletionItem{Label: name, Kind: ItemProperty, Words: fieldWords["learner."+name]})
		}
	case "course":
		for _, name := range []string{"title", "url", "id", "next", "next_reason", "risk_reason"} {
			items = append(items, CompletionItem{Label: name, Kind: ItemProperty, Words: fieldWords["course."+name]})
		}
	case "learner.traits":
		return a.fieldItems(exprView{}, owner)
	case "course.next", "learner.next_course":
		for _, name := range sortedKeys(a.fields.next) {
			items = append(items, CompletionItem{Label: name, Kind: ItemProperty, Words: fieldWords[owner+"."+name]})
		}
	}
	return items
}

func (a *assistant) linkItems() []CompletionItem {
	settings := a.outlineOf(settingsFile)
	links := settings.root.child("links")
	var items []CompletionItem
	for _, name := range links.keys() {
		items = append(items, CompletionItem{Label: name, Kind: ItemLink, Words: settings.value(links.child(name))})
	}
	return items
}

// messageSenders is what the rules that send a message hand to it.
type messageSenders struct {
	properties []CompletionItem // of the events that start them
	variables  []CompletionItem // that they pass with `with`
}

// sendersOf looks for the rules that send the message of this file.
func (a *assistant) sendersOf() messageSenders {
	name, _, _ := strings.Cut(path.Base(a.file), ".")
	var found messageSenders
	add := func(list *[]CompletionItem, item CompletionItem) {
		if !slices.ContainsFunc(*list, func(i CompletionItem) bool { return i.Label == item.Label }) {
			*list = append(*list, item)
		}
	}
	for _, rule := range a.ruleItems() {
		o := a.outlineOf(rulesDir + "/" + rule.Label + ".yaml")
		o.root.walk(func(n *outlineNode) {
			if n.key != "send" || o.value(n) != name {
				return
			}
			for _, item := range a.propertyItems(a.triggerOf(o).trigger, nil) {
				add(&found.properties, item)
			}
			for _, variable := range n.parent.child("with").keys() {
				add(&found.variables, CompletionItem{Label: variable, Kind: ItemVariable, Words: "Passed by the rule " + rule.Label + "."})
			}
		})
	}
	return found
}

// propertyType says what a property holds.
func propertyType(p catalog.Property) string {
	switch {
	case p.Learner:
		return "a learner's id"
	case p.Type == catalog.URL:
		return "a web address"
	case p.Type == catalog.Any:
		return "anything"
	}
	return typeName(celType(p.Type).String())
}

// propertyWords says what the catalog knows of a property.
func propertyWords(ev *catalog.Event, p catalog.Property) string {
	words := "A property of " + ev.Name + "."
	switch {
	case p.Required:
		words += " It is always there."
	case !isStateTrigger(ev.Name):
		words += " It may be missing: has(…) asks."
	}
	if slices.Contains(ev.Keys, p.Name) && p.Name != engine.KeyCourse {
		words += " It says what the event is about, so a rule can run per " + p.Name + "."
	}
	return words
}
