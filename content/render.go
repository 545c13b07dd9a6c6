package content

import (
	"fmt"
	"strings"
	"sync"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// Rendered is a mail as one learner gets it.
type Rendered struct {
	Locale    string // of the version that was chosen; "" is the default
	Subject   string // one line
	Preheader string // one line; may be empty
	HTML      string // a whole document
	Text      string // the same in plain text, links written out
}

// Render renders a message for a learner. The locale picks the version (de-AT, then de, then the default). The error
// is an *Error (or wraps ErrNoMessage): the message cannot be sent to this learner as it is.
func (l *Library) Render(name, locale string, vars Vars) (Rendered, error) {
	m := l.Message(name, locale)
	if m == nil {
		return Rendered{}, fmt.Errorf("%w: %s", ErrNoMessage, name)
	}
	return l.render(m, vars)
}

func (l *Library) render(m *Message, vars Vars) (Rendered, error) {
	w := wordsFor(m.Locale)
	s := &sheet{minor: IsMinor(vars.Learner.Traits), missing: make(map[string]error)}
	bindings := vars.bindings(vars.Learner.location(l.site.Location))
	bindings[sheetKey] = s
	bindings["sender"] = known(map[string]string{
		"name": l.site.Sender.Name, "from": l.site.Sender.From,
		"reply_to": l.site.Sender.ReplyTo, "postal_address": l.site.Sender.PostalAddress,
	})
	if vars.UnsubscribeURL != "" {
		bindings["unsubscribe_url"] = dropMarkers(vars.UnsubscribeURL)
	}
	bindings["links"] = l.bindLinks(m, s, bindings)
	l.bindShare(m, s, bindings, vars, w)

	out := Rendered{Locale: m.Locale}
	var err error
	if out.Subject, err = m.subject.line(s, bindings); err != nil {
		return Rendered{}, err
	}
	if out.Subject == "" {
		return Rendered{}, &Error{File: m.File, Line: m.subject.lineNo, Message: "the subject is empty for this learner"}
	}
	if out.Preheader, err = m.preheader.line(s, bindings); err != nil {
		return Rendered{}, err
	}
	markdown, err := m.body.render(bindings)
	if err != nil {
		return Rendered{}, err
	}
	src := []byte(markdown)
	doc := markdownParser().Parse(text.NewReader(src))

	page := pageWriter{sheet: s, source: src, words: w, theme: newTheme(l.site.Accent)}
	if err := page.blocks(doc); err != nil {
		return Rendered{}, &Error{File: m.File, Message: err.Error()}
	}
	plain := textWriter{sheet: s, source: src, words: w}
	plain.blocks(doc)

	f := frame{site: l.site, words: w, theme: page.theme, subject: out.Subject, preheader: out.Preheader}
	if vars.UnsubscribeURL != "" {
		if f.unsubscribe, err = safeURL(vars.UnsubscribeURL); err != nil {
			return Rendered{}, &Error{File: m.File, Message: "the unsubscribe link: " + err.Error()}
		}
	}
	out.HTML = f.html(page.String())
	out.Text = f.text(plain.String())
	return out, nil
}

// line renders the template to one line of plain text.
func (t *template) line(s *sheet, bindings map[string]any) (string, error) {
	out, err := t.render(bindings)
	return s.line(out), err
}

// bindLinks renders the links that a message uses. One that cannot be rendered is left out, and the sheet knows why.
func (l *Library) bindLinks(m *Message, s *sheet, outer map[string]any) map[string]any {
	names := make(map[string]bool)
	for _, t := range m.templates() {
		for _, v := range t.variables {
			if v.root() == "links" {
				names[v.parts[1]] = true
			}
		}
		if t.share {
			names["certificate"] = true
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
		rendered, err := l.links[name].render(bindings)
		var link string
		if err == nil {
			link, err = s.url(rendered)
		}
		if err != nil {
			s.missing["links."+name] = fmt.Errorf("links.%s cannot be written: %w", name, err)
			continue
		}
		links[name] = link
	}
	return links
}

// bindShare adds the share links to the variables, if the message uses them and the learner may see them.
func (l *Library) bindShare(m *Message, s *sheet, bindings map[string]any, vars Vars, w words) {
	uses := false
	for _, t := range m.templates() {
		uses = uses || t.share
	}
	if !uses || s.minor {
		return
	}
	links, _ := bindings["links"].(map[string]any)
	course, _ := bindings["course"].(map[string]any)
	trigger, _ := bindings[triggerRoot].(map[string]any)
	link, _ := links["certificate"].(string)
	title, _ := course["title"].(string)
	id, _ := trigger["certificate_id"].(string)
	if link == "" {
		s.missing["share"] = fmt.Errorf("share links need links.certificate: %w", s.missing["links.certificate"])
		return
	}
	if title == "" {
		s.missing["share"] = fmt.Errorf("share links need course.title, which is not known here%sadd the course to courses.yaml", hintMark)
		return
	}
	c := certificate{
		title: visible(title), url: link, id: visible(id), issuer: l.site.Sender.Name, linkedIn: l.site.LinkedInOrgID,
		text: fmt.Sprintf(w.shareText, visible(title)),
	}
	if !vars.TriggerTime.IsZero() {
		c.issued = vars.TriggerTime.In(vars.Learner.location(l.site.Location))
	}
	if m.ShareText != "" {
		proposed, err := m.shareText.line(s, bindings)
		if err != nil {
			s.missing["share"] = err
			return
		}
		c.text = proposed
	}
	s.share = c.links()
	share := make(map[string]any, len(s.share))
	for k, v := range s.share {
		share[k] = v
	}
	bindings["share"] = share
}

// markdownParser reads CommonMark. It keeps no state between texts.
var markdownParser = sync.OnceValue(func() parser.Parser { return goldmark.DefaultParser() })

// lineText joins the raw lines of a block.
func lineText(n ast.Node, source []byte) string {
	var b strings.Builder
	for i := range n.Lines().Len() {
		seg := n.Lines().At(i)
		b.Write(seg.Value(source))
	}
	return b.String()
}
