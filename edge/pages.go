package edge

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"homeroom/internal/links"
	"homeroom/internal/locale"
)

//go:embed pages
var files embed.FS

// pages by name, each in the layout.
var pages = parsePages("ask", "left", "back", "preferences", "notice")

var sheet = mustRead("pages/style.css")

func parsePages(names ...string) map[string]*template.Template {
	parsed := map[string]*template.Template{}
	for _, name := range names {
		parsed[name] = template.Must(template.ParseFS(files, "pages/layout.html", "pages/"+name+".html"))
	}
	return parsed
}

func mustRead(name string) string {
	data, err := files.ReadFile(name)
	if err != nil {
		panic(err) // it is embedded
	}
	return strings.TrimSpace(string(data))
}

// view is what a page shows.
type view struct {
	W     *words
	Site  Site
	Style template.CSS
	Title string
	Text  string // of a notice

	Topic  string // title; empty: everything
	All    bool   // it is about everything
	Choose string // the link to the preferences

	Saved          bool
	Everything     bool
	SuppressedText string
	Rows           []row
}

// row is one topic of the preferences.
type row struct {
	Name, Title, About string
	On                 bool
}

// Say fills in what a text leaves open. In a text from right to left each name is isolated, so that its direction does not turn the
// words around it.
func (v *view) Say(text string) string {
	site := v.Site.Name
	topic := v.Topic
	if v.W.Dir() == locale.RightToLeft {
		site = isolate(site)
		topic = isolate(topic)
	}
	return strings.NewReplacer("{site}", site, "{topic}", topic).Replace(text)
}

// isolate puts a text between the characters FSI and PDI of the Unicode bidirectional algorithm (UAX 9).
func isolate(text string) string { return "\u2068" + text + "\u2069" }

// newView begins a page for a learner whose locale may be known.
func (e *Edge) newView(r *http.Request, locale string) *view {
	site := e.o.Site()
	if !isAbsolute(site.HomeURL) {
		site.HomeURL = ""
	}
	if site.Name == "" {
		site.Name = "Homeroom"
		if home, err := url.Parse(site.HomeURL); err == nil && home.Host != "" {
			site.Name = home.Hostname()
		}
	}
	return &view{W: wordsFor(locale, r.Header.Get("Accept-Language")), Site: site}
}

// renderPage answers with a page.
func (e *Edge) renderPage(w http.ResponseWriter, status int, name string, v *view) {
	day, night := accentColors(v.Site.Accent)
	style := sheet + ":root{--accent:" + day + "}@media (prefers-color-scheme:dark){:root{--accent:" + night + "}}"
	v.Style = template.CSS(style)
	var page bytes.Buffer
	if err := pages[name].Execute(&page, v); err != nil {
		e.o.Log.Error("a page could not be made", "page", name, "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	sum := sha256.Sum256([]byte(style))
	h := w.Header()
	h.Set("Content-Security-Policy", policy+"; style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", v.W.Lang)
	h.Set("Content-Length", strconv.Itoa(page.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes()) // whoever asked may be gone
}

// serveNotice answers with a page that says what is wrong, and what to do.
func (e *Edge) serveNotice(w http.ResponseWriter, r *http.Request, locale string, status int) {
	v := e.newView(r, locale)
	switch status {
	case http.StatusGone:
		v.Title = v.W.ExpiredTitle
		v.Text = v.Say(v.W.Expired)
	case http.StatusTooManyRequests:
		v.Title = v.W.TooManyTitle
		v.Text = v.W.TooMany
	case http.StatusServiceUnavailable:
		v.Title = v.W.UnavailableTitle
		v.Text = v.W.Unavailable
		if r.Method == http.MethodPost { // an answer of the store may be lost, and a choice is more than one write
			v.Text = v.W.Fault
		}
	case http.StatusInternalServerError:
		v.Title = v.W.UnavailableTitle
		v.Text = v.W.Fault
	case http.StatusRequestEntityTooLarge:
		v.Title = v.W.TooLargeTitle
		v.Text = v.W.TooLarge
	default:
		v.Title = v.W.NotFoundTitle
		v.Text = v.W.NotFound
	}
	e.renderPage(w, status, "notice", v)
}

func (e *Edge) serveNotFound(w http.ResponseWriter, r *http.Request) {
	e.serveNotice(w, r, "", http.StatusNotFound)
}

// chooseLife is how long the way from the unsubscribe page to the preferences is open.
const chooseLife = time.Hour

// preferencesLink is a link to the preferences for whoever has an unsubscribe link. It is short-lived, so that no link prolongs
// its own life.
func (e *Edge) preferencesLink(ref links.Ref, now time.Time) string {
	return e.o.Links.Preferences(ref, now.Add(chooseLife-links.Life))
}

// topicNamed returns a topic by name, also one that is no longer declared: the engine sends those unless they were left.
func (e *Edge) topicNamed(name string) Topic {
	for _, t := range e.o.Topics() {
		if t.Name == name {
			return t
		}
	}
	return Topic{Name: name, Default: true}
}

// titleIn is what learners read in a language.
func (t Topic) titleIn(lang string) string {
	if title := cmp.Or(t.Titles[lang], t.Titles[""]); title != "" {
		return title
	}
	words := strings.Join(strings.FieldsFunc(t.Name, func(r rune) bool { return r == '_' || r == '-' || r == '.' }), " ")
	if words == "" {
		return t.Name
	}
	first := []rune(words)[:1]
	return strings.ToUpper(string(first)) + words[len(string(first)):]
}

// getsTopic reports whether a topic reaches the learner as far as their will goes; the engine decides alike.
func (p PreferencesPage) getsTopic(t Topic) bool {
	if !p.Everything {
		return false
	}
	if chosen, ok := p.Topics[t.Name]; ok {
		return chosen
	}
	return t.Default || p.Consented
}
