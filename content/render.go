package content

import (
	"fmt"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"

	"homeroom/internal/cleantext"
	"homeroom/internal/locale"
)

// Rendered is a mail as one learner gets it.
type Rendered struct {
	Locale    string // of the version that was chosen; "" is the default
	Subject   string // one line
	Preheader string // one line; may be empty
	HTML      string // a whole document
	Text      string // the same in plain text, links written out
	// Fragment and Plain are HTML and Text without the frame around them: for pages that have one of their own.
	Fragment, Plain string
	// Actions are the buttons and share links, in the order of the text.
	Actions []Action
	// Targets are where the links lead that Outward counts: "referral", links.PlaceCertificate, and each place to share,
	// if the message uses them and the learner may. URLs.
	Targets map[string]string
	// Push is the message as a phone shows it.
	Push Notification
	// PostTo is where the channel webhook posts the message; the zero Target: nowhere.
	PostTo Target
}

// Action is something to press.
type Action struct {
	Label string `json:"label"`
	URL   string `json:"url"`
}

// Render renders a message for a learner. The locale picks the version (de-AT, then de, then the default). The error
// is an *Error (or wraps ErrNoMessage): the message cannot be sent to this learner as it is.
func (l *Library) Render(name, locale string, vars Vars) (Rendered, error) {
	m := l.Message(name, locale)
	if m == nil {
		return Rendered{}, fmt.Errorf("%w: %s", ErrNoMessage, name)
	}
	out, err := l.renderMessage(m, vars)
	if err == nil {
		out.PostTo, _ = l.Target(name)
	}
	return out, err
}

func (l *Library) renderMessage(m *Message, vars Vars) (Rendered, error) {
	w := wordsFor(m.Locale)
	written := l.localeOf(m, vars.Learner.Locale)
	s := &sheet{dialect: dialectFor(locale.FormatOf(written)), samples: vars.Samples, minor: IsMinor(vars.Learner.Traits), missing: make(map[string]error), marker: l.newMarker(vars.Outward)}
	out := Rendered{Locale: m.Locale, Targets: make(map[string]string)}
	bindings := l.bindVariables(m, s, vars, w, out.Targets)
	var err error
	if out.Subject, err = m.subject.renderLine(s, bindings); err != nil {
		return Rendered{}, err
	}
	out.Subject = cleantext.Line(out.Subject)
	if out.Subject == "" {
		return Rendered{}, &Error{File: m.File, Line: m.subject.lineNo, Message: "the subject is empty for this learner"}
	}
	if out.Preheader, err = m.preheader.renderLine(s, bindings); err != nil {
		return Rendered{}, err
	}
	out.Preheader = cleantext.Line(out.Preheader)
	push, err := m.push.renderLine(s, bindings)
	if err != nil {
		return Rendered{}, err
	}
	markdown, err := m.body.renderTemplate(bindings)
	if err != nil {
		return Rendered{}, err
	}
	joined, _ := joinTableRows(markdown)
	src := []byte(joined)
	doc := markdownParser().Parse(text.NewReader(src))

	page := pageWriter{sheet: s, source: src, words: w, theme: newTheme(l.site.Accent)}
	direction := locale.Direction(written)
	if direction == locale.RightToLeft {
		page.theme.start = "right"
	}
	if err := page.writeBlocks(doc); err != nil {
		return Rendered{}, &Error{File: m.File, Message: err.Error()}
	}
	plain := textWriter{sheet: s, source: src, words: w}
	plain.writeBlocks(doc)

	f := frame{lang: written, dir: direction, site: l.site, words: w, theme: page.theme, subject: out.Subject, preheader: out.Preheader}
	if err := f.setLinks(vars.Outward, s.marker); err != nil {
		return Rendered{}, &Error{File: m.File, Message: err.Error()}
	}
	out.Fragment = page.String()
	out.Plain = strings.TrimSpace(plain.String()) + "\n"
	out.Actions = s.actions
	out.Push = notificationOf(out, push)
	out.HTML = f.frameHTML(out.Fragment)
	out.Text = f.frameText(out.Plain)
	return out, nil
}

// localeOf returns the locale (BCP 47) that a message is written in for a learner: the learner's own, if the message is in that language.
func (l *Library) localeOf(m *Message, learner string) string {
	written := m.Locale
	if written == "" {
		written = defaultLanguage
	}
	if own := canonicalLocale(learner); locale.SameLanguage(own, written) {
		return own
	}
	return written
}

// defaultLanguage is that of messages whose file names none.
const defaultLanguage = "en"

// bindVariables returns the variables of a message, and records in targets where those links lead that are counted.
func (l *Library) bindVariables(m *Message, s *sheet, vars Vars, w words, targets map[string]string) map[string]any {
	bindings := vars.liquidBindings(l.zoneOf(vars.Learner), w)
	bindings[sheetKey] = s
	sender := l.SenderOf(m.Name)
	bindings["sender"] = printableFields(map[string]string{
		"name": sender.Name, "from": sender.From, "reply_to": sender.ReplyTo, "postal_address": sender.PostalAddress,
	})
	for name, link := range printableFields(map[string]string{
		"unsubscribe_url": vars.Outward.Unsubscribe, "preferences_url": vars.Outward.Preferences,
	}) {
		bindings[name] = link
	}
	referral := printableFields(map[string]string{"code": vars.Outward.ReferralCode})
	if !s.minor && len(referral) > 0 {
		bindings[referralRoot] = referral
	}
	bindings["links"] = l.bindLinks(m, s, bindings)
	l.bindReferral(m, s, bindings, vars.Outward, targets)
	l.bindShare(m, s, bindings, vars, w, targets)
	return bindings
}

// renderLine renders the template to one line of plain text.
func (t *template) renderLine(s *sheet, bindings map[string]any) (string, error) {
	out, err := t.renderTemplate(bindings)
	return s.fillLine(out), err
}

// bindLinks renders the links that a message uses. One that cannot be rendered is left out, and the sheet knows why.
func (l *Library) bindLinks(m *Message, s *sheet, outer map[string]any) map[string]any {
	names := make(map[string]bool)
	for _, t := range m.allTemplates() {
		for _, v := range t.variables {
			if v.root() == "links" {
				names[v.parts[1]] = true
			}
		}
		if t.share {
			names["certificate"] = true
		}
		if t.usesRoot(referralRoot) {
			names[referralRoot] = true
		}
	}
	trigger, _ := outer[triggerRoot].(map[string]any)
	bindings := make(map[string]any, len(trigger)+len(linkRoots)+1)
	for k, v := range trigger {
		bindings[k] = v
	}
	for root := range linkRoots {
		bindings[root] = outer[root]
	}
	bindings[sheetKey] = s
	links := make(map[string]any, len(names))
	for name := range names {
		rendered, err := l.links[name].renderTemplate(bindings)
		var link string
		if err == nil {
			link, err = s.fillURL(rendered)
		}
		if err != nil {
			s.missing["links."+name] = fmt.Errorf("links.%s cannot be written: %w", name, err)
			continue
		}
		links[name] = link
	}
	return links
}

// lineText joins the raw lines of a block.
func lineText(n ast.Node, source []byte) string {
	var b strings.Builder
	for i := range n.Lines().Len() {
		seg := n.Lines().At(i)
		b.Write(seg.Value(source))
	}
	return b.String()
}
