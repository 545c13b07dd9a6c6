package content

import (
	"cmp"
	_ "embed"
	"fmt"
	"html"
	"strings"
	texttemplate "text/template"

	"homeroom/internal/locale"
)

// frame is what stands around every message: the academy's name above, the reasons and the way out below.
type frame struct {
	lang, dir          string // of the message
	site               Site
	words              words
	theme              theme
	subject, preheader string
	// Checked; empty: no link.
	unsubscribe, preferences, home string
	staff                          bool // it goes to staff
}

// senderName is the name of who sends the mail, or else the address.
func (f *frame) senderName() string { return cmp.Or(f.site.Sender.Name, f.site.Sender.From) }

// whyText says why somebody gets the mail; staff are only told who sends it.
func (f *frame) whyText() string {
	sender := f.senderName()
	if f.staff {
		return sender
	}
	return fmt.Sprintf(f.words.why, sender)
}

//go:embed frame.html
var frameSource string

// frameTemplate is text/template, not html/template, because the latter drops the comments that Outlook needs. All
// values are escaped here.
var frameTemplate = texttemplate.Must(texttemplate.New("frame").Parse(fixedLooks.Replace(frameSource)))

// fixedLooks are the font and the colors that every message has, written into the frame once: to fill them in is most of what a frame costs.
var fixedLooks = strings.NewReplacer("{{.Font}}", sansFont,
	"{{.Paper}}", paperColor, "{{.Card}}", cardColor, "{{.Ink}}", inkColor, "{{.Muted}}", mutedColor, "{{.Rule}}", lineColor,
	"{{.PaperDark}}", paperDark, "{{.CardDark}}", cardDark, "{{.InkDark}}", inkDark, "{{.MutedDark}}", mutedDark, "{{.RuleDark}}", lineDark,
	"{{.TintDark}}", tintDark)

// preheaderFill keeps mail clients from showing the beginning of the text after a short preheader.
var preheaderFill = strings.Repeat("&#847;&zwnj;&nbsp;", 60)

// setLinks checks the frame's links and sets them.
func (f *frame) setLinks(o Outward, m marker) error {
	f.staff = o.Staff
	if home, err := safeURL(f.site.PublicURL); err == nil {
		f.home = m.markLink(home)
	}
	for _, link := range []struct {
		into      *string
		url, name string
	}{{&f.unsubscribe, o.Unsubscribe, "unsubscribe"}, {&f.preferences, o.Preferences, "preferences"}} {
		if link.url == "" {
			continue
		}
		checked, err := safeURL(link.url)
		if err != nil {
			return fmt.Errorf("the %s link: %w", link.name, err)
		}
		*link.into = checked
	}
	return nil
}

func (f frame) frameHTML(body string) string {
	esc := html.EscapeString
	sender := f.senderName()
	data := map[string]string{
		"Lang": esc(f.lang), "RTL": "", "FootLang": "", "FootDir": locale.Direction(f.words.lang), "Subject": esc(f.subject), "Body": body, "Sender": esc(sender), "Home": esc(f.home),
		"Why": esc(f.whyText()), "Unsubscribe": esc(f.unsubscribe), "UnsubscribeWord": esc(f.words.unsubscribe),
		"Preferences": esc(f.preferences), "PreferencesWord": esc(f.words.preferences),
		"Postal": strings.Join(escapedLines(f.site.Sender.PostalAddress), "<br>"), "Preheader": "",
		"LinkDark": f.theme.linkDark, "AccentDark": f.theme.accentDark, "OnAccentDark": f.theme.onAccentDark,
	}
	if f.dir == locale.RightToLeft {
		data["RTL"] = f.dir
	}
	if f.words.lang != data["Lang"] || data["FootDir"] != f.dir {
		data["FootLang"] = f.words.lang
	}
	if f.preheader != "" {
		data["Preheader"] = esc(f.preheader) + preheaderFill
	}
	var b strings.Builder
	if err := frameTemplate.Execute(&b, data); err != nil {
		panic(fmt.Sprintf("content: the embedded frame does not execute: %v", err)) // a strings.Builder cannot fail
	}
	return b.String()
}

func (f frame) frameText(body string) string {
	var b strings.Builder
	b.WriteString(strings.TrimSpace(body) + "\n\n-- \n")
	b.WriteString(f.whyText() + "\n")
	if f.unsubscribe != "" {
		b.WriteString(f.words.unsubscribe + ": " + f.unsubscribe + "\n")
	}
	if f.preferences != "" {
		b.WriteString(f.words.preferences + ": " + f.preferences + "\n")
	}
	if postal := strings.TrimSpace(f.site.Sender.PostalAddress); postal != "" {
		b.WriteString("\n" + strings.Join(trimmedLines(postal), "\n") + "\n")
	}
	return b.String()
}

func trimmedLines(s string) []string {
	var out []string
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

func escapedLines(s string) []string {
	lines := trimmedLines(s)
	for i, line := range lines {
		lines[i] = html.EscapeString(line)
	}
	return lines
}
