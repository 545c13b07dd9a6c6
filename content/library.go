package content

import (
	"fmt"
	"maps"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
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
	// LinksUnread reports that the links could not be read: a link that is not among them may be defined all the same.
	LinksUnread bool
	Sender      Sender
	// Senders are the others that messages may name, whole: what one leaves out is filled in.
	Senders map[string]Sender
	// PublicURL is the academy's own site, the target of its name at the head of a mail; may be empty.
	PublicURL string
	// LinkedInOrgID ties certificates to the academy's LinkedIn page; empty: its name is used.
	LinkedInOrgID string
	// Accent is the color of buttons and links, #rrggbb; empty: a quiet green.
	Accent   string
	Location *time.Location // zone of learners whose own is unknown; nil: UTC
	// UTM are the utm_source and utm_medium of the academy's own links; zero: they carry no utm_ at all.
	UTM Campaign
	// Targets are where the channel webhook posts messages, by name.
	Targets map[string]Target
	// Staff are the addresses of the people who work here, by the name of their group.
	Staff map[string][]string
}

// StaffOf returns the addresses of a group of staff; empty: there is no such group.
func (l *Library) StaffOf(group string) []string { return slices.Clone(l.site.Staff[group]) }

// Target is where the channel webhook posts messages.
type Target struct {
	Name   string
	URL    string
	Traits []string // of the learner that go along; sorted
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
	zones    sync.Map // the time zones that learners had, by name: a zone is large and read from a file
	// What is wrong with a folder that is being checked; empty otherwise.
	unread  map[string]map[string]bool // messages that could not be read, by name and locale
	broken  map[string]bool            // links that could not be compiled, by name
	unsound map[*Message]bool          // messages that use what is not there
}

var accentColor = regexp.MustCompile(`^#[0-9A-Fa-f]{6}$`)

// NewLibrary joins messages and site. Its error is of type Errors and names everything that does not fit together:
// duplicates, translations without an original, links that settings do not define.
func NewLibrary(msgs []*Message, site Site) (*Library, error) {
	l, errs := AssembleLibrary(msgs, nil, site)
	if err := errs.Err(); err != nil {
		return nil, err
	}
	return l, nil
}

// AssembleLibrary is NewLibrary for a folder that is being checked. The library is there whatever is wrong, so that the rest
// can be checked against it. unread are the messages in which [Inspect] found errors: they count as being there.
func AssembleLibrary(msgs, unread []*Message, site Site) (*Library, Errors) {
	l := &Library{
		site:     site,
		messages: make(map[string]map[string]*Message),
		links:    make(map[string]*template),
		hosts:    ownHosts(site),
		unread:   make(map[string]map[string]bool),
		broken:   make(map[string]bool),
		unsound:  make(map[*Message]bool),
	}
	errs := l.checkSite()
	for _, m := range unread {
		errs = append(errs, l.checkLinks(m)...)
		if m.Name == "" {
			continue // no message is called like the file
		}
		if l.unread[m.Name] == nil {
			l.unread[m.Name] = make(map[string]bool)
		}
		l.unread[m.Name][m.Locale] = true
	}
	for _, m := range msgs {
		errs = append(errs, l.addMessage(m)...)
	}
	for name, versions := range l.messages {
		if versions[""] != nil || l.unread[name][""] {
			continue
		}
		for _, m := range versions {
			errs = append(errs, Error{
				File:    m.File,
				Message: fmt.Sprintf("there is no %s.md", name),
				Fix:     "a translation needs an original for everybody else",
			})
		}
	}
	return l, errs.Sort()
}

// checkSite compiles the links and checks what else all messages share. A value that is wrong is left out.
func (l *Library) checkSite() (errs Errors) {
	site := &l.site
	siteError := func(hint, format string, args ...any) {
		errs = append(errs, Error{File: site.File, Message: fmt.Sprintf(format, args...), Fix: hint})
	}
	for _, name := range slices.Sorted(maps.Keys(site.Links)) {
		t, terrs := compileTemplate(origin{file: site.File, line: site.LinkLines[name]}, site.Links[name], linkRoots)
		errs = append(errs, terrs...)
		l.links[name] = t
		l.broken[name] = len(terrs) > 0
	}
	if site.Accent != "" && !accentColor.MatchString(site.Accent) {
		siteError("write it like #24584b", "the accent color %q is not a color", site.Accent)
		site.Accent = ""
	}
	if site.Sender.From != "" {
		if _, err := mail.ParseAddress(site.Sender.From); err != nil {
			siteError("write it like hello@academy.example", "the sender's address %q is not an address", site.Sender.From)
		}
	}
	if u, err := url.Parse(site.PublicURL); err != nil || site.PublicURL != "" && u.Host == "" {
		siteError("write it like https://academy.example", "the public address %q is not an address", site.PublicURL)
		site.PublicURL = ""
	}
	return errs
}

// addMessage adds a version of a message and checks it against what is there.
func (l *Library) addMessage(m *Message) (errs Errors) {
	versions := l.messages[m.Name]
	if versions == nil {
		versions = make(map[string]*Message)
		l.messages[m.Name] = versions
	}
	if other := versions[m.Locale]; other != nil {
		errs = append(errs, Error{File: m.File, Message: fmt.Sprintf("this message is also in %s", other.File)})
	}
	versions[m.Locale] = m
	return append(errs, l.checkLinks(m)...)
}

// checkLinks finds links that the message uses and settings do not define.
func (l *Library) checkLinks(m *Message) Errors {
	known := slices.Sorted(maps.Keys(l.links))
	var errs Errors
	missing := func(v variable, message, fix string) {
		l.unsound[m] = true
		if !l.site.LinksUnread {
			errs = append(errs, Error{File: m.File, Line: v.line, Col: v.col, Message: message, Fix: fix})
		}
	}
	for _, t := range m.allTemplates() {
		for _, v := range t.variables {
			switch {
			case v.root() == "links" && l.links[v.parts[1]] == nil:
				fix := "add it to links: in settings.yaml"
				if near := spelling.Nearest(v.parts[1], known); near != "" {
					fix = "did you mean " + near + "?"
				}
				missing(v, v.dotted()+" is not defined", fix)
			case v.root() == "links":
				l.unsound[m] = l.unsound[m] || l.broken[v.parts[1]]
			case v.root() == referralRoot && l.links[referralRoot] == nil:
				missing(v, "a referral link needs links.referral, which is not defined", "add referral: \"https://…?code={{ referral.code }}\" to links: in settings.yaml")
			case v.root() == referralRoot:
				l.unsound[m] = l.unsound[m] || l.broken[referralRoot]
			}
		}
		if t.share && l.links["certificate"] == nil {
			missing(t.shareAt, "share links need links.certificate, which is not defined", "add certificate: https://… to links: in settings.yaml")
		} else if t.share {
			l.unsound[m] = l.unsound[m] || l.broken["certificate"]
		}
	}
	return slices.CompactFunc(errs, func(a, b Error) bool { return a == b })
}

// allTemplates returns the templates of a message; of one that could not be read, those that could.
func (m *Message) allTemplates() []*template {
	all := []*template{m.subject, m.preheader, m.shareText, m.push, m.body}
	return slices.DeleteFunc(all, func(t *template) bool { return t == nil })
}

// Names returns the names of all messages, sorted.
func (l *Library) Names() []string { return slices.Sorted(maps.Keys(l.messages)) }

// SoundLocales returns the locales of a message in which all that it uses is there, sorted: those it can be tried in. Unless a
// folder is being checked, they are its Locales.
func (l *Library) SoundLocales(name string) []string {
	var sound []string
	for _, locale := range l.Locales(name) {
		if !l.unsound[l.messages[name][locale]] {
			sound = append(sound, locale)
		}
	}
	return sound
}

// Unread reports whether a version of the message could not be read, in a folder that is being checked.
func (l *Library) Unread(name string) bool { return len(l.unread[name]) > 0 }

// Has reports whether there is a message of that name.
func (l *Library) Has(name string) bool { return l.messages[name] != nil }

// Locales returns the locales a message is written in, sorted; "" is the default.
func (l *Library) Locales(name string) []string { return slices.Sorted(maps.Keys(l.messages[name])) }

// Site returns what all messages share.
func (l *Library) Site() Site { return l.site }

// SenderOf returns who a message comes from: the sender that its front matter names, or that of the folder. Answers go where the front matter says.
func (l *Library) SenderOf(name string) Sender {
	m := l.Message(name, "")
	if m == nil {
		return l.site.Sender
	}
	sender, declared := l.site.Senders[m.Sender]
	if !declared {
		sender = l.site.Sender
	}
	if answers, declared := l.site.Senders[m.ReplyTo]; declared {
		sender.ReplyTo = answers.From
	}
	return sender
}

// CopiesOf returns the addresses that get a copy of a message: those of the senders that its front matter names.
func (l *Library) CopiesOf(name string) (addresses []string) {
	m := l.Message(name, "")
	if m == nil {
		return nil
	}
	for _, sender := range m.CcNames() {
		if from := l.site.Senders[sender].From; from != "" && !slices.Contains(addresses, from) {
			addresses = append(addresses, from)
		}
	}
	return addresses
}

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

// Target returns where the channel webhook posts a message: the target in its front matter, or the only one there is.
func (l *Library) Target(name string) (target Target, ok bool) {
	m := l.Message(name, "")
	switch {
	case m == nil:
		return Target{}, false
	case m.Target != "":
		target, ok = l.site.Targets[m.Target]
		return target, ok
	case len(l.site.Targets) == 1:
		for _, target := range l.site.Targets {
			return target, true
		}
	}
	return Target{}, false
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
			if strings.Count(path, ".") > 1 { // Liquid's size, first and last of a value; in trigger.last it is a property of that name
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
			for _, item := range t.items {
				seen[item] = true
			}
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
