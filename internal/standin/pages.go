package standin

import (
	"bytes"
	"embed"
	"fmt"
	"hash/fnv"
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

//go:embed assets
var assets embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"day":     func(t time.Time) string { return t.UTC().Format("Monday, 2 January 2006") },
	"clock":   func(t time.Time) string { return t.UTC().Format("15:04") },
	"moment":  func(t time.Time) string { return t.UTC().Format("Mon 2 Jan 2006, 15:04:05 UTC") },
	"rfc3339": func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"initial": initialOf,
	"tint":    tintOf,
	"snippet": snippetOf,
	"search":  func(q string) string { return "/?" + url.Values{"q": {q}}.Encode() },
	"number":  withCommas,
	"mark":    listLabelOf,
	"s": func(n int) string {
		if n == 1 {
			return ""
		}
		return "s"
	},
}).ParseFS(assets, "assets/*.html"))

const (
	perPage = 50
	pageCSP = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; frame-src 'self'; form-action 'self'; base-uri 'none'"
	mailCSP = "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data: https: http:; style-src 'unsafe-inline'; font-src data:"
)

func (s *Server) addPageRoutes() {
	s.mux.HandleFunc("GET /{$}", s.inboxPage)
	s.mux.HandleFunc("GET /mail/{id}", s.mailPage)
	s.mux.HandleFunc("GET /mail/{id}/content", s.mailHTML)
	s.mux.HandleFunc("POST /mail/{id}/{button}", s.buttonPage)
	s.mux.HandleFunc("GET /_standin/inbox.css", serveAsset("inbox.css", "text/css; charset=utf-8"))
	s.mux.HandleFunc("GET /_standin/inbox.js", serveAsset("inbox.js", "text/javascript; charset=utf-8"))
	s.mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
}

func serveAsset(name, contentType string) http.HandlerFunc {
	body, err := assets.ReadFile("assets/" + name)
	if err != nil {
		panic(err) // embedded: it is there, or the build is broken
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(body)
	}
}

// inboxView is the data of the inbox page.
type inboxView struct {
	Query        string
	Counts       Counts
	Kept, Found  int
	Days         []inboxDay
	From, To     int // 1-based, of Found
	Newer, Older string
	First        bool // the page on which new mail appears
}

type inboxDay struct {
	At    time.Time
	Mails []Message
}

// inboxPage serves the inbox; with ?part=list only the list, for the page's own refresh (304 while nothing has changed).
func (s *Server) inboxPage(w http.ResponseWriter, r *http.Request) {
	query := strings.TrimSpace(r.URL.Query().Get("q"))
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	counts, revision, _ := s.mails.readCounts()
	etag := fmt.Sprintf(`"%d"`, revision)
	part := r.URL.Query().Get("part") == "list"
	if part && r.Header.Get("If-None-Match") == etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	found := s.mails.findMessages(query)
	last := max(0, (len(found)-1)/perPage)
	page = min(max(page, 0), last)
	v := inboxView{Query: query, Counts: counts, Kept: len(s.mails.findMessages("")), Found: len(found), First: page == 0}
	shown := found[page*perPage : min(len(found), (page+1)*perPage)]
	v.From = page*perPage + 1
	v.To = page*perPage + len(shown)
	link := func(n int) string {
		values := url.Values{}
		if query != "" {
			values.Set("q", query)
		}
		if n > 0 {
			values.Set("page", strconv.Itoa(n))
		}
		return "/?" + values.Encode()
	}
	if page > 0 {
		v.Newer = link(page - 1)
	}
	if page < last {
		v.Older = link(page + 1)
	}
	for _, m := range shown {
		if n := len(v.Days); n == 0 || v.Days[n-1].At.UTC().Format(time.DateOnly) != m.At.UTC().Format(time.DateOnly) {
			v.Days = append(v.Days, inboxDay{At: m.At})
		}
		day := &v.Days[len(v.Days)-1]
		day.Mails = append(day.Mails, m)
	}
	w.Header().Set("ETag", etag)
	if part {
		renderPage(w, http.StatusOK, "list", v)
		return
	}
	renderPage(w, http.StatusOK, "inbox.html", v)
}

// mailView is the data of one mail's page.
type mailView struct {
	Message
	View   string // html, text or headers
	Fields []field
	Story  []eventLine
	Notice string // why a button did not work
}

// Pressed reports whether an event of the kind is known, so that its button has nothing more to do.
func (v mailView) Pressed(kind string) bool {
	return slices.ContainsFunc(v.Events, func(e Event) bool { return e.Kind == kind && !e.Machine })
}

type field struct{ Name, Value string }

func (s *Server) mailPage(w http.ResponseWriter, r *http.Request) {
	m, ok := s.mails.getMessage(r.PathValue("id"))
	if !ok {
		renderPage(w, http.StatusNotFound, "gone.html", nil)
		return
	}
	s.renderMail(w, m, r.URL.Query().Get("view"), "")
}

// renderMail writes a mail's page, with a notice if there is one.
func (s *Server) renderMail(w http.ResponseWriter, m Message, view, notice string) {
	v := mailView{Message: m, View: view, Story: describeEvents(m), Notice: notice}
	switch {
	case v.View == "headers":
		v.Fields = headerFields(m)
	case v.View == "text" || m.HTML == "":
		v.View = "text"
	default:
		v.View = "html"
	}
	status := http.StatusOK
	if notice != "" {
		status = http.StatusUnprocessableEntity
	}
	renderPage(w, status, "mail.html", &v)
}

var headTag = regexp.MustCompile(`(?i)<head[^>]*>`)

// mailHTML serves the mail's HTML for the sandboxed frame. Scripts do not run, and links open in a new tab.
func (s *Server) mailHTML(w http.ResponseWriter, r *http.Request) {
	m, ok := s.mails.getMessage(r.PathValue("id"))
	if !ok || m.HTML == "" {
		http.NotFound(w, r)
		return
	}
	html := m.HTML
	const base = `<base target="_blank">`
	if at := headTag.FindStringIndex(html); at != nil {
		html = html[:at[1]] + base + html[at[1]:]
	} else {
		html += base
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", mailCSP)
	w.Header().Set("Referrer-Policy", "no-referrer")
	_, _ = w.Write([]byte(html))
}

// headerFields returns the headers that a mail program shows, and the fields that only the provider sees.
func headerFields(m Message) []field {
	join := func(list []Address) string {
		texts := make([]string, len(list))
		for i, a := range list {
			texts[i] = a.String()
		}
		return strings.Join(texts, ", ")
	}
	replyTo := ""
	if m.ReplyTo != nil {
		replyTo = m.ReplyTo.String()
	}
	fields := []field{
		{"From", m.From.String()}, {"Reply-To", replyTo}, {"To", join(m.To)}, {"Cc", join(m.Cc)}, {"Bcc", join(m.Bcc)},
		{"Subject", m.Subject}, {"Date", m.At.UTC().Format(time.RFC1123Z)},
	}
	fields = append(fields, sortedFields("", m.Headers)...)
	fields = append(fields, field{"X-Message-Id", m.ID}, field{"Categories", strings.Join(m.Categories, ", ")})
	fields = append(fields, sortedFields("Custom argument ", m.CustomArgs)...)
	tracking := map[string]string{}
	for name, on := range m.Tracking {
		tracking[strings.ReplaceAll(name, "_", " ")] = map[bool]string{true: "on", false: "off"}[on]
	}
	fields = append(fields, sortedFields("Setting ", tracking)...)
	kept := fields[:0]
	for _, f := range fields {
		if f.Value != "" {
			kept = append(kept, f)
		}
	}
	return kept
}

func sortedFields(prefix string, values map[string]string) []field {
	fields := make([]field, 0, len(values))
	for name, value := range values {
		fields = append(fields, field{prefix + name, value})
	}
	sort.Slice(fields, func(i, j int) bool { return fields[i].Name < fields[j].Name })
	return fields
}

func renderPage(w http.ResponseWriter, status int, name string, v any) {
	var page bytes.Buffer
	if err := templates.ExecuteTemplate(&page, name, v); err != nil {
		http.Error(w, "the page could not be made: "+err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Security-Policy", pageCSP)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes())
}

// initialOf returns the letter that stands for a person in the inbox.
func initialOf(a Address) string {
	for _, r := range a.Label() {
		return strings.ToUpper(string(r))
	}
	return "?"
}

// tintOf returns one of eight colors, 0 to 7, always the same for an address.
func tintOf(a Address) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(strings.ToLower(a.Email)))
	return int(h.Sum32() % 8)
}

// snippetOf returns the beginning of the mail's text, at most 160 characters.
func snippetOf(m Message) string {
	const longest = 160
	words := strings.Join(strings.Fields(m.Text), " ")
	if cut := []rune(words); len(cut) > longest {
		return string(cut[:longest]) + "…"
	}
	return words
}

// withCommas writes 12345 as 12,345.
func withCommas(n int) string {
	digits := strconv.Itoa(n)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}
