package content

import (
	"fmt"
	"maps"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"homeroom/internal/spelling"
)

// Site is what all messages of a folder share.
type Site struct {
	// Links are Liquid templates of links by name, rendered with the trigger's properties at top level. File and
	// LinkLines say where they were written, for errors; both may be empty.
	Links     map[string]string
	File      string
	LinkLines map[string]int
	Sender    Sender
	// PublicURL is the academy's own site, the target of its name at the head of a mail; may be empty.
	PublicURL string
	// LinkedInOrgID ties certificates to the academy's LinkedIn page; empty: its name is used.
	LinkedInOrgID string
	// Accent is the color of buttons and links, #rrggbb; empty: a quiet green.
	Accent   string
	Location *time.Location // zone of learners whose own is unknown; nil: UTC
	// UTM are the utm_source and utm_medium of the academy's own links; zero: they carry no utm_ at all.
	UTM Campaign
}

// Sender is who messages come from.
type Sender struct {
	From          string // address
	Name          string
	ReplyTo       string // address; may be empty
	PostalAddress string // shown in every footer; may have several lines
}

// Library holds the messages of a folder, ready to render. It does not change and may be used concurrently.
type Library struct {
	site     Site
	messages map[string]map[string]*Message // by name and locale
	links    map[string]*template
	hosts    []string // the academy's own
}

var accentColor = regexp.MustCompile(`^#[0-9A-Fa-f]{6}$`)

// NewLibrary joins messages and site. Its error is of type Errors and names everything that does not fit together:
// doubles, translations without an original, links that settings do not define.
func NewLibrary(msgs []*Message, site Site) (*Library, error) {
	l := &Library{site: site, messages: make(map[string]map[string]*Message), links: make(map[string]*template), hosts: ownHosts(site)}
	var errs Errors
	siteError := func(line int, hint, format string, args ...any) {
		errs = append(errs, Error{File: site.File, Line: line, Message: fmt.Sprintf(format, args...), Fix: hint})
	}
	for _, name := range slices.Sorted(maps.Keys(site.Links)) {
		t, terrs := compileTemplate(site.File, site.LinkLines[name], site.Links[name], linkRoots)
		errs = append(errs, terrs...)
		l.links[name] = t
	}
	if site.Accent != "" && !accentColor.MatchString(site.Accent) {
		siteError(0, "write it like #24584b", "the accent color %q is not a color", site.Accent)
	}
	if site.Sender.From != "" {
		if _, err := mail.ParseAddress(site.Sender.From); err != nil {
			siteError(0, "write it like hello@academy.example", "the sender's address %q is not an address", site.Sender.From)
		}
	}
	if u, err := url.Parse(site.PublicURL); err != nil || site.PublicURL != "" && u.Host == "" {
		siteError(0, "write it like https://academy.example", "the public address %q is not an address", site.PublicURL)
	}
	for _, m := range msgs {
		versions := l.messages[m.Name]
		if versions == nil {
			versions = make(map[string]*Message)
			l.messages[m.Name] = versions
		}
		if other := versions[m.Locale]; other != nil {
			errs = append(errs, Error{File: m.File, Message: fmt.Sprintf("this message is also in %s", other.File)})
		}
		versions[m.Locale] = m
		errs = append(errs, l.checkLinks(m)...)
	}
	for name, versions := range l.messages {
		if versions[""] == nil {
			for _, m := range versions {
				errs = append(errs, Error{
					File:    m.File,
					Message: fmt.Sprintf("there is no %s.md", name),
					Fix:     "a translation needs an original for everybody else",
				})
			}
		}
	}
	if err := errs.Sort().Err(); err != nil {
		return nil, err
	}
	return l, nil
}

// checkLinks finds links that the message uses and settings do not define.
func (l *Library) checkLinks(m *Message) Errors {
	known := slices.Sorted(maps.Keys(l.links))
	var errs Errors
	for _, t := range m.allTemplates() {
		for _, v := range t.variables {
			if v.root() == "links" && l.links[v.parts[1]] == nil {
				fix := "add it to links: in settings.yaml"
				if near := spelling.Nearest(v.parts[1], known); near != "" {
					fix = "did you mean " + near + "?"
				}
				errs = append(errs, Error{File: m.File, Line: t.lineNo, Message: v.dotted() + " is not defined", Fix: fix})
			}
		}
		if t.share && l.links["certificate"] == nil {
			errs = append(errs, Error{
				File:    m.File,
				Line:    t.lineNo,
				Message: "share links need links.certificate, which is not defined",
				Fix:     "add certificate: https://… to links: in settings.yaml",
			})
		}
		if t.usesRoot(referralRoot) && l.links[referralRoot] == nil {
			errs = append(errs, Error{
				File:    m.File,
				Line:    t.lineNo,
				Message: "a referral link needs links.referral, which is not defined",
				Fix:     "add referral: \"https://…?code={{ referral.code }}\" to links: in settings.yaml",
			})
		}
	}
	return errs
}

func (m *Message) allTemplates() []*template {
	return []*template{m.subject, m.preheader, m.shareText, m.body}
}

// Names returns the names of all messages, sorted.
func (l *Library) Names() []string { return slices.Sorted(maps.Keys(l.messages)) }

// Has reports whether there is a message of that name.
func (l *Library) Has(name string) bool { return l.messages[name] != nil }

// Locales returns the locales a message is written in, sorted; "" is the default.
func (l *Library) Locales(name string) []string { return slices.Sorted(maps.Keys(l.messages[name])) }

// Site returns what all messages share.
func (l *Library) Site() Site { return l.site }

// Sender returns who messages come from.
func (l *Library) Sender() Sender { return l.site.Sender }

// Message returns the version of a message that a learner of this locale reads, or nil.
func (l *Library) Message(name, locale string) *Message {
	for _, loc := range localeFallbacks(locale) {
		if m := l.messages[name][loc]; m != nil {
			return m
		}
	}
	return nil
}

// Topic returns the topic in the message's front matter, or "".
func (l *Library) Topic(name string) string {
	if m := l.Message(name, ""); m != nil {
		return m.Topic
	}
	return ""
}

// Variables returns the dotted paths of all variables that a message uses in any locale, sorted, with those behind the
// links it uses: "trigger.score_pct". What is only asked after with {% if %} counts as used.
func (l *Library) Variables(name string) []string {
	seen := make(map[string]bool)
	var add func(t *template, isLink bool)
	link := func(name string) {
		if t := l.links[name]; t != nil {
			add(t, true)
		}
	}
	add = func(t *template, isLink bool) {
		for _, v := range t.variables {
			path := v.dotted()
			if _, known := linkRoots[v.root()]; isLink && !known {
				path = triggerRoot + "." + path
			}
			if strings.Count(path, ".") > 1 { // in trigger.last it is the name itself
				path = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(path, ".size"), ".first"), ".last")
			}
			seen[path] = true
			switch {
			case v.root() == "links":
				link(v.parts[1])
			case v.root() == referralRoot && !isLink:
				link(referralRoot)
			}
		}
	}
	for _, m := range l.messages[name] {
		for _, t := range m.allTemplates() {
			add(t, false)
			if t.share {
				link("certificate")
				seen["links.certificate"] = true
				seen["course.title"] = true
				seen[triggerRoot+".certificate_id"] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(seen))
}
