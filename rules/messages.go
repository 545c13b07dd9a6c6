package rules

import (
	"errors"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"homeroom/catalog"
	"homeroom/content"
	"homeroom/engine"
	"homeroom/internal/spelling"
	"homeroom/internal/yamlfile"
)

// loadLibrary parses the message files. What is wrong with one of them hides nothing that is wrong with others. What a stored revision
// says in Markdown was accepted when it was published.
func loadLibrary(files map[string][]byte, sources map[string]*yamlfile.Source, settings *settingsSpec, awaited []string, stored bool, out *Problems) *content.Library {
	var messages []*content.Message
	var unread []*content.Message
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if path.Dir(name) != messagesDir {
			continue
		}
		d := newDecoder(sources[name], "", out)
		isText := d.CheckText()
		m, errs := content.Inspect(name, files[name], awaited...)
		if !stored && m.Body != "" {
			errs = append(errs, m.CheckMarkdown()...)
		}
		switch {
		case !isText:
			unread = append(unread, m)
			continue
		case len(errs) > 0:
			reportContent(errs, sources, "", "", out)
			unread = append(unread, m)
		default:
			messages = append(messages, m)
		}
		checkMessageTopic(d, m, settings)
		checkMessageTarget(d, m, settings)
		checkMessageSender(d, m, settings)
	}
	site := content.Site{
		Links:         settings.links,
		File:          settingsFile,
		LinkLines:     map[string]int{},
		LinksUnread:   settings.linksUnread,
		Sender:        content.Sender(settings.sender),
		Location:      settings.Location,
		UTM:           settings.look.utm,
		PublicURL:     settings.look.publicURL,
		LinkedInOrgID: settings.look.organization,
		Accent:        settings.look.accent,
		Targets:       settings.targets,
		Senders:       settings.allSenders(),
		Staff:         settings.staff,
	}
	for name := range settings.links {
		site.LinkLines[name] = settings.places["links."+name].Line
	}
	library, errs := content.AssembleLibrary(messages, unread, site)
	if err := errs.Err(); err != nil {
		reportContent(err, sources, "", "", out)
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
		missing, _, isMissing := strings.Cut(p.Message, " has no value here")
		p.Message = about + p.Message
		if src := sources[p.File]; src != nil && p.Line > 0 {
			p.Source = src.Line(p.Line)
			if at := strings.Index(p.Source, missing); p.Col == 0 && isMissing && at >= 0 {
				p.Col = 1 + utf8.RuneCountInString(p.Source[:at])
			}
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
	near := spelling.Nearest(name, sortedKeys(c.messages))
	if near != "" {
		fix = "did you mean " + near + "? Or " + fix
	}
	d.FailReplace(n.At, near, fix, "there is no message %s", name)
	return false
}

// checkSend checks that a rule may send a message: it exists, and what it says can be said of what starts the rule.
func (c *compiler) checkSend(d *decoder, message *yamlfile.Node, from origin, handed map[string]handover, certain certainPaths) {
	name := message.Text
	if !c.checkMessage(d, message) {
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
		case from.awaited[root].awaited != nil && field != "time" && !carries(from.awaited[root].event, field):
			fine = false
			event := from.awaited[root].event
			d.Fail(message.At, awaitedFix(root, field, event), "message %s uses %s, but %s has no property %q", name, variable, event.Name, field)
		case from.awaited[root].awaited != nil:
			c.noteReads(from.awaited[root].awaited, field)
			fine = c.checkItem(d, message, variable, from.awaited[root].awaited) && fine
		case c.awaitedNames[root]:
			fine = false
			d.Fail(message.At, "add as: "+root+" to the wait_for before it, or take it out of the message",
				"message %s uses %s, but no wait_for or collect before this step has the name %s", name, variable, root)
		case root == varsRoot && handed[field].name == nil:
			fine = false
			d.Fail(message.At, varsFix(field, handed), "message %s uses vars.%s, but this step does not pass it", name, field)
		case root == varsRoot:
			used[field] = true
		case root == "course" && !from.course:
			fine = false
			d.Fail(message.At, "take it out of the message, or start the rule from an event that belongs to a course",
				"message %s uses %s, but the rule's runs have no course", name, variable)
		}
	}
	for _, given := range sortedKeys(handed) {
		if !used[given] && !c.library.Unread(name) {
			d.Warn(handed[given].name.At, LintUnusedVariable, "take it out, or write {{ vars."+given+" }} in the message",
				"message %s does not use vars.%s", name, given)
		}
	}
	if fine {
		c.tryMessage(d.Rule, name, from, handed, certain)
	}
}

// varsRoot is how a message calls what a step passes with `with`.
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

func awaitedFix(name, field string, ev *catalog.Event) string {
	if near := spelling.Nearest(field, propertyNames(ev)); near != "" {
		return "did you mean " + name + "." + near + "?"
	}
	if ev.Name == engine.EventCollected {
		return "write " + name + ".count, or go through " + name + ".items"
	}
	return "take it out of the message, or wait for an event that carries it"
}

// carries reports whether an event may have a property.
func carries(ev *catalog.Event, property string) bool {
	_, carried := ev.Property(property)
	return carried
}

// carriesField reports whether a rule's trigger may have a property.
func (c *compiler) carriesField(from origin, field string) bool {
	if field == "time" {
		return true
	}
	_, ok := eventField(c.lang.types.events[from.name], field)
	return ok
}

// checkUnsent warns of messages that no rule sends, unless a rule that is wrong may be meant to.
func (c *compiler) checkUnsent() {
	if c.rulesUnread {
		return
	}
	for _, name := range sortedKeys(c.messages) {
		if c.sent[name] || !c.library.Has(name) && !c.library.Unread(name) {
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
