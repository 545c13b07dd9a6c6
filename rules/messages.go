package rules

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"homeroom/catalog"
	"homeroom/content"
)

// loadLibrary parses the message files. It returns nil if one of them is broken.
func loadLibrary(files map[string][]byte, sources map[string]*source, settings *settingsSpec, out *Problems) *content.Library {
	var messages []*content.Message
	broken := false
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if path.Dir(name) != messagesDir {
			continue
		}
		d := &decoder{src: sources[name], out: out}
		f := d.src.textFlaw()
		if f == nil {
			f = frontMatter(d.src).nestingFlaw()
		}
		if f != nil {
			d.fail(f.at, f.fix, "%s", f.message)
			broken = true
			continue
		}
		m, err := content.Parse(name, files[name])
		if err != nil {
			reportContent(err, sources, "", "", out)
			broken = true
			continue
		}
		messages = append(messages, m)
		checkMessageTopic(d, m, settings)
	}
	site := content.Site{
		Links: settings.links, File: settingsFile, LinkLines: map[string]int{},
		Sender:   content.Sender(settings.sender),
		Location: settings.Location,
	}
	for name := range settings.links {
		site.LinkLines[name] = settings.places["links."+name].line
	}
	library, err := content.NewLibrary(messages, site)
	if err != nil {
		reportContent(err, sources, "", "", out)
		return nil
	}
	if broken {
		return nil
	}
	return library
}

// frontMatter is the YAML at the head of a message, with the lines where they are in the file.
func frontMatter(src *source) *source {
	end := slices.Index(src.lines[1:], "---")
	if end < 0 {
		return src
	}
	return &source{file: src.file, lines: src.lines[:end+1]}
}

// checkMessageTopic holds a message's own topic against those of settings.yaml.
func checkMessageTopic(d *decoder, m *content.Message, settings *settingsSpec) {
	if m.Topic == "" {
		return
	}
	n := &node{text: m.Topic, at: pos{1, 1}}
	for i, line := range d.src.lines {
		if strings.HasPrefix(line, "topic:") {
			n.at = pos{i + 1, 1 + len("topic:") + 1}
			break
		}
	}
	settings.checkTopic(d, n)
}

// reportContent turns what package content says into problems. about is put before each message.
func reportContent(err error, sources map[string]*source, rule, about string, out *Problems) {
	var many content.Errors
	var one *content.Error
	switch {
	case errors.As(err, &many):
	case errors.As(err, &one):
		many = content.Errors{one}
	default:
		many = content.Errors{{Message: err.Error()}}
	}
	for _, e := range many {
		p := Problem{File: e.File, Line: e.Line, Rule: rule, Message: about + e.Message, Fix: e.Hint}
		if src := sources[e.File]; src != nil && e.Line > 0 {
			p.Source = src.line(e.Line)
			p.Col = 1 + len(p.Source) - len(strings.TrimLeft(p.Source, " "))
		}
		*out = append(*out, p)
	}
}

// message looks a message up.
func (c *compiler) message(d *decoder, n *node) bool {
	name := n.text
	c.sent[name] = true
	if c.messages[name] {
		return true
	}
	fix := "write " + messagesDir + "/" + name + ".md"
	if near := nearest(name, sortedKeys(c.messages)); near != "" {
		fix = "did you mean " + near + "? Or " + fix
	}
	d.fail(n.at, fix, "there is no message %s", name)
	return false
}

// send checks that a rule may send a message: it exists, and what it says can be said of what starts the rule.
func (c *compiler) send(d *decoder, message *node, from origin) {
	name := message.text
	if !c.message(d, message) || c.library == nil {
		return
	}
	fine := true
	for _, variable := range c.library.Variables(name) {
		root, rest, _ := strings.Cut(variable, ".")
		field, _, _ := strings.Cut(rest, ".")
		switch {
		case root == "trigger" && !c.carries(from, field):
			fine = false
			d.fail(message.at, triggerFix(field, from), "message %s uses trigger.%s, but %s has no property %q", name, field, from.name, field)
		case root == "trigger":
			c.keep.add(from.name, field)
		case root == "course" && !from.course:
			fine = false
			d.fail(message.at, "take it out of the message, or start the rule from an event that belongs to a course",
				"message %s uses %s, but the rule's runs have no course", name, variable)
		}
	}
	if fine {
		c.try(d.rule, name, from)
	}
}

func triggerFix(field string, from origin) string {
	var known []string
	if from.event != nil {
		known = propertyNames(from.event)
	}
	if near := nearest(field, known); near != "" {
		return "did you mean trigger." + near + "?"
	}
	return "take it out of the message, or start the rule from an event that carries it"
}

// carries tells whether a rule's trigger may have a property.
func (c *compiler) carries(from origin, field string) bool {
	if field == "time" {
		return true
	}
	_, ok := eventField(c.lang.types.events[from.name], field)
	return ok
}

// try renders a message in all its locales for sample learners.
func (c *compiler) try(rule, name string, from origin) {
	if key := name + " " + from.name; c.tried[key] {
		return
	} else {
		c.tried[key] = true
	}
	c.render(rule, name, sampleProperties(c.lang.types.events[from.name].Properties), from.course)
}

// tryUnsent renders a message that nobody sends with properties of all kinds.
func (c *compiler) tryUnsent(name string) {
	var all []catalog.Property
	for _, ev := range c.cat.Events() {
		all = append(all, ev.Properties...)
	}
	c.render("", name, sampleProperties(all), true)
}

func (c *compiler) render(rule, name string, properties map[string]any, course bool) {
	for _, locale := range c.library.Locales(name) {
		for _, sample := range content.Samples(properties) {
			vars := sample.Vars
			if !course {
				vars.Course = nil
			}
			if _, err := c.library.Render(name, locale, vars); err != nil {
				reportContent(err, c.sources, rule, fmt.Sprintf("for %s: ", sample.About), c.out)
				break
			}
		}
	}
}

// sampleProperties makes up values.
func sampleProperties(properties []catalog.Property) map[string]any {
	out := map[string]any{}
	for _, p := range properties {
		switch p.Type {
		case catalog.Number:
			out[p.Name] = 42.5
		case catalog.Integer:
			out[p.Name] = 3.0
		case catalog.Boolean:
			out[p.Name] = true
		case catalog.Timestamp:
			out[p.Name] = "2026-03-02T10:00:00Z"
		case catalog.Strings:
			out[p.Name] = []any{"one", "two"}
		default:
			out[p.Name] = "sample"
		}
	}
	return out
}

// checkUnsent warns of messages that no rule sends.
func (c *compiler) checkUnsent() {
	for _, name := range sortedKeys(c.messages) {
		if c.sent[name] {
			continue
		}
		*c.out = append(*c.out, Problem{File: path.Join(messagesDir, name+".md"), Warning: true, Lint: LintUnusedMessage,
			Message: "no rule sends this message", Fix: "delete it, or send it: - send: " + name})
		c.tryUnsent(name)
	}
}
