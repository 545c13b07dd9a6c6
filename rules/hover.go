package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// HoverWords explain a word of a file.
type HoverWords struct {
	Start int    `json:"start"` // of the word, in bytes
	End   int    `json:"end"`
	Title string `json:"title"`
	Words string `json:"words"`
}

// Hover explains the word at an offset, in bytes, of a file of a folder: a key, an event, a property, a message, a topic, a function. ok is
// false if there is nothing to say about it.
func Hover(files map[string][]byte, file string, offset int) (words HoverWords, ok bool) {
	a, ok := newAssistant(files, file, offset)
	if !ok {
		return HoverWords{}, false
	}
	if a.kind == "" {
		words, ok = a.hoverTemplate()
	} else {
		words, ok = a.hoverNode()
	}
	return words, ok && strings.TrimSpace(words.Words) != ""
}

// hoverNode explains a key or a value of a YAML file.
func (a *assistant) hoverNode() (HoverWords, bool) {
	n := a.o.at
	if n == nil {
		return HoverWords{}, false
	}
	if a.o.inKey {
		h := HoverWords{Start: n.from, End: n.end, Title: n.key, Words: a.keyWords(n)}
		if h.Words == "" {
			return a.hoverItem(h, a.completeKey(n).Items)
		}
		return h, true
	}
	if a.o.cursor < n.valueFrom || a.o.cursor > n.valueEnd {
		return HoverWords{}, false
	}
	if a.isExpression(n) {
		return a.hoverExpression(n)
	}
	c := a.complete()
	return a.hoverItem(HoverWords{Start: c.Start, End: c.End, Title: a.o.text[c.Start:c.End]}, c.Items)
}

// hoverItem explains a word by what is offered in its place.
func (a *assistant) hoverItem(h HoverWords, items []CompletionItem) (HoverWords, bool) {
	at := slices.IndexFunc(items, func(i CompletionItem) bool { return i.Label == h.Title })
	if at < 0 {
		return HoverWords{}, false
	}
	item := items[at]
	h.Words = item.Words
	switch item.Kind {
	case ItemEvent:
		var names []string
		for _, p := range a.propertyItems(item.Label, nil) {
			names = append(names, p.Label)
		}
		h.Words += "\nProperties: " + strings.Join(names, ", ")
	case ItemFunction, ItemProperty, ItemVariable:
		if item.Detail != "" {
			h.Title += " · " + item.Detail
		}
	case ItemMessage:
		h.Title = "message " + h.Title
	case ItemTopic:
		h.Title = "topic " + h.Title
	case ItemKey, ItemValue, ItemLink, ItemRule:
	}
	return h, true
}

// keyWords explains a key by the schema, with its default and what it may be.
func (a *assistant) keyWords(n *outlineNode) string {
	var lines []string
	for _, parent := range fittingSchemas(schemasAt(a.defs, a.kind, n.parent), n) {
		s := parent.Properties.byName[n.key]
		if s == nil {
			continue
		}
		if slices.Contains(parent.Required, n.key) && parent.Description != "" {
			lines = append(lines, parent.Description)
		}
		for _, one := range schemasOf(a.defs, s) {
			lines = append(lines, one.Description)
			switch {
			case len(one.Enum) > 0:
				lines = append(lines, "One of "+strings.Join(enumTexts(one.Enum), ", ")+".")
			case len(one.Examples) > 0:
				lines = append(lines, "For example "+strings.Join(enumTexts(one.Examples), ", ")+".")
			}
			if one.Default != nil {
				lines = append(lines, fmt.Sprintf("Without it: %v.", one.Default))
			}
		}
	}
	var words []string
	for _, line := range lines {
		if line != "" && !slices.Contains(words, line) {
			words = append(words, line)
		}
	}
	return strings.Join(words, "\n")
}

var dottedWord = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*`)

// wordAt returns the dotted word around the cursor between two offsets, up to the end of the part that the cursor is in. part is where that
// part begins.
func (o *outline) wordAt(from, end int) (word string, part, stop int) {
	for _, m := range dottedWord.FindAllStringIndex(o.text[from:end], -1) {
		start := from + m[0]
		stop := from + m[1]
		if o.cursor < start || o.cursor > stop {
			continue
		}
		if dot := strings.IndexByte(o.text[o.cursor:stop], '.'); dot >= 0 {
			stop = o.cursor + dot
		}
		part = start
		if dot := strings.LastIndexByte(o.text[start:stop], '.'); dot >= 0 {
			part = start + dot + 1
		}
		return o.text[start:stop], part, stop
	}
	return "", 0, 0
}

// hoverExpression explains a word of an expression.
func (a *assistant) hoverExpression(n *outlineNode) (HoverWords, bool) {
	s := a.viewOf(n)
	if quoted, ok := a.hoverQuoted(n); ok {
		return quoted, true
	}
	word, part, stop := a.o.wordAt(n.valueFrom, n.valueEnd)
	if word == "" {
		return HoverWords{}, false
	}
	h := HoverWords{Start: part, End: stop, Title: a.o.text[part:stop]}
	owner := strings.TrimSuffix(strings.TrimSuffix(word, h.Title), ".")
	if owner != "" {
		return a.hoverItem(h, a.fieldItems(s, owner))
	}
	about, is := variableWords[word]
	if s.awaitedEvents()[word] != "" {
		about = awaitedWords
		is = true
	}
	if is {
		h.Words = about
		if event := s.eventOf(word); event != "" {
			h.Title += " · " + event
		}
		return h, true
	}
	for _, f := range celFunctions {
		if f.name == word && !f.member {
			h.Title = f.usage
			h.Words = f.words
			return h, true
		}
	}
	return HoverWords{}, false
}

var quotedWord = regexp.MustCompile(`\b(sent|count) *\( *["']([^"']*)["']`)

// hoverQuoted explains the message of sent() and the event of count().
func (a *assistant) hoverQuoted(n *outlineNode) (HoverWords, bool) {
	for _, m := range quotedWord.FindAllStringSubmatchIndex(a.o.text[n.valueFrom:n.valueEnd], -1) {
		start := n.valueFrom + m[4]
		end := n.valueFrom + m[5]
		if a.o.cursor < start || a.o.cursor > end {
			continue
		}
		items := a.messageItems()
		if a.o.text[n.valueFrom+m[2]:n.valueFrom+m[3]] == "count" {
			items = a.eventItems(true)
		}
		return a.hoverItem(HoverWords{Start: start, End: end, Title: a.o.text[start:end]}, items)
	}
	return HoverWords{}, false
}

// hoverTemplate explains a word inside {{ }} or {% %} of a message.
func (a *assistant) hoverTemplate() (HoverWords, bool) {
	before := a.o.text[:a.o.cursor]
	open := max(strings.LastIndex(before, "{{"), strings.LastIndex(before, "{%"))
	if open < 0 || strings.Contains(before[open:], "}") {
		return HoverWords{}, false
	}
	line := strings.IndexByte(a.o.text[a.o.cursor:]+"\n", '\n')
	word, part, stop := a.o.wordAt(open+2, a.o.cursor+line)
	if word == "" {
		return HoverWords{}, false
	}
	h := HoverWords{Start: part, End: stop, Title: a.o.text[part:stop]}
	return a.hoverItem(h, a.templateItems(strings.TrimSuffix(strings.TrimSuffix(word, h.Title), ".")))
}
