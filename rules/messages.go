package rules

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"

	"homeroom/catalog"
	"homeroom/content"
	"homeroom/internal/spelling"
	"homeroom/internal/yamlfile"
)

// loadLibrary parses the message files. It returns nil if one of them is broken.
func loadLibrary(files map[string][]byte, sources map[string]*yamlfile.Source, settings *settingsSpec, out *Problems) *content.Library {
	var messages []*content.Message
	broken := false
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if path.Dir(name) != messagesDir {
			continue
		}
		d := newDecoder(sources[name], "", out)
		if !d.CheckText() {
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
		Links:         settings.links,
		File:          settingsFile,
		LinkLines:     map[string]int{},
		Sender:        content.Sender(settings.sender),
		Location:      settings.Location,
		UTM:           settings.look.utm,
		PublicURL:     settings.look.publicURL,
		LinkedInOrgID: settings.look.organization,
		Accent:        settings.look.accent,
	}
	for name := range settings.links {
		site.LinkLines[name] = settings.places["links."+name].Line
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

// checkMessageTopic holds a message's own topic against those of settings.yaml.
func checkMessageTopic(d *decoder, m *content.Message, settings *settingsSpec) {
	if m.Topic == "" {
		return
	}
	n := &yamlfile.Node{Text: m.Topic, At: yamlfile.Position{Line: 1, Col: 1}}
	for i, line := range d.Source.Lines {
		if strings.HasPrefix(line, "topic:") {
			n.At = yamlfile.Position{Line: i + 1, Col: len("topic: ") + 1}
			break
		}
	}
	settings.checkTopic(d, n)
}

// reportContent turns what package content says into problems. about is put before each message.
func reportContent(err error, sources map[string]*yamlfile.Source, rule, about string, out *Problems) {
	var many Problems
	var one *Problem
	switch {
	case errors.As(err, &many):
	case errors.As(err, &one):
		many = Problems{*one}
	default:
		many = Problems{{Message: err.Error()}}
	}
	for _, p := range many {
		p.Rule = rule
		p.Message = about + p.Message
		if src := sources[p.File]; src != nil && p.Line > 0 {
			p.Source = src.Line(p.Line)
			if p.Col == 0 {
				p.Col = 1 + len(p.Source) - len(strings.TrimLeft(p.Source, " "))
			}
		}
		*out = append(*out, p)
	}
}

// checkMessage looks a message up.
func (c *compiler) checkMessage(d *decoder, n *yamlfile.Node) bool {
	name := n.Text
	c.sent[name] = true
	if c.messages[name] {
		return true
	}
	fix := "write " + messagesDir + "/" + name + ".md"
	if near := spelling.Nearest(name, sortedKeys(c.messages)); near != "" {
		fix = "did you mean " + near + "? Or " + fix
	}
	d.Fail(n.At, fix, "there is no message %s", name)
	return false
}

// checkSend checks that a rule may send a message: it exists, and what it says can be said of what starts the rule.
func (c *compiler) checkSend(d *decoder, message *yamlfile.Node, from origin, handed map[string]handover) {
	name := message.Text
	if !c.checkMessage(d, message) || c.library == nil {
		return
	}
	fine := true
	used := map[string]bool{}
	for _, variable := range c.library.Variables(name) {
		root, rest, _ := strings.Cut(variable, ".")
		field, _, _ := strings.Cut(rest, ".")
		switch {
		case root == "trigger" && !c.carriesField(from, field):
			fine = false
			d.Fail(message.At, triggerFix(field, from), "message %s uses trigger.%s, but %s has no property %q", name, field, from.name, field)
		case root == "trigger":
			c.keep.add(from.name, field)
		case root == varsRoot && handed[field].name == nil:
			fine = false
			d.Fail(message.At, varsFix(field, handed), "message %s uses vars.%s, but this step does not hand it over", name, field)
		case root == varsRoot:
			used[field] = true
		case root == "course" && !from.course:
			fine = false
			d.Fail(message.At, "take it out of the message, or start the rule from an event that belongs to a course",
				"message %s uses %s, but the rule's runs have no course", name, variable)
		}
	}
	for _, given := range sortedKeys(handed) {
		if !used[given] {
			d.Warn(handed[given].name.At, LintUnusedVariable, "take it out, or write {{ vars."+given+" }} in the message",
				"message %s does not use vars.%s", name, given)
		}
	}
	if fine {
		c.tryMessage(d.Rule, name, from, handed)
	}
}

// varsRoot is how a message calls what a step hands over with `with`.
const varsRoot = "vars"

func varsFix(field string, handed map[string]handover) string {
	fix := "add with: {" + field + ": …}"
	if near := spelling.Nearest(field, sortedKeys(handed)); near != "" {
		return "did you mean vars." + near + "? Or " + fix
	}
	return fix
}

func triggerFix(field string, from origin) string {
	var known []string
	if from.event != nil {
		known = propertyNames(from.event)
	}
	if near := spelling.Nearest(field, known); near != "" {
		return "did you mean trigger." + near + "?"
	}
	return "take it out of the message, or start the rule from an event that carries it"
}

// carriesField reports whether a rule's trigger may have a property.
func (c *compiler) carriesField(from origin, field string) bool {
	if field == "time" {
		return true
	}
	_, ok := eventField(c.lang.types.events[from.name], field)
	return ok
}

// tryMessage renders a message in all its locales for sample learners.
func (c *compiler) tryMessage(rule, name string, from origin, handed map[string]handover) {
	given := sampleWith(handed)
	if key := fmt.Sprintf("%s %s %v", name, from.name, given); c.tried[key] {
		return
	} else {
		c.tried[key] = true
	}
	c.renderSample(rule, name, sampleProperties(c.lang.types.events[from.name].Properties), given, from.course)
}

// tryUnsent renders a message that nobody sends with properties of all kinds.
func (c *compiler) tryUnsent(name string) {
	var all []catalog.Property
	for _, ev := range c.cat.Events() {
		all = append(all, ev.Properties...)
	}
	handed := map[string]handover{}
	for _, variable := range c.library.Variables(name) {
		if root, rest, _ := strings.Cut(variable, "."); root == varsRoot {
			field, _, _ := strings.Cut(rest, ".")
			handed[field] = handover{sample: "sample"}
		}
	}
	c.renderSample("", name, sampleProperties(all), sampleWith(handed), true)
}

// handover is a variable that a step hands to its message: where it is named, and a value that it may have.
type handover struct {
	name   *yamlfile.Node
	sample any
}

// sampleOf makes up a value of a type; nil is a type that is not known.
func sampleOf(t *cel.Type) any {
	switch {
	case t == nil:
		return "sample"
	case t.IsExactType(cel.DoubleType):
		return 42.5
	case t.IsExactType(cel.BoolType):
		return true
	case t.IsExactType(cel.TimestampType):
		return time.Date(2026, time.March, 2, 10, 0, 0, 0, time.UTC)
	}
	return "sample"
}

func sampleWith(handed map[string]handover) map[string]any {
	out := map[string]any{}
	for name, h := range handed {
		out[name] = h.sample
	}
	return out
}

func (c *compiler) renderSample(rule, name string, properties, handed map[string]any, course bool) {
	for _, locale := range c.library.Locales(name) {
		for _, sample := range content.Samples(properties) {
			vars := sample.Vars
			vars.With = handed
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
		*c.out = append(*c.out, Problem{
			File:    path.Join(messagesDir, name+".md"),
			Warning: true,
			Lint:    LintUnusedMessage,
			Message: "no rule sends this message",
			Fix:     "delete it, or send it: - send: " + name,
		})
		c.tryUnsent(name)
	}
}
