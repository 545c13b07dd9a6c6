package edge

import (
	"net/http/httptest"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"homeroom/internal/colors"
	"homeroom/internal/links"
)

func TestNoLanguageLacksAWord(t *testing.T) {
	placeholders := regexp.MustCompile(`\{\w+\}`)
	en := reflect.ValueOf(english)
	for _, l := range languages {
		v := reflect.ValueOf(l)
		for i := range v.NumField() {
			name := v.Type().Field(i).Name
			said := v.Field(i).String()
			model := en.Field(i).String()
			if strings.TrimSpace(said) == "" {
				t.Errorf("%s lacks %s", l.Lang, name)
			}
			got := placeholders.FindAllString(said, -1)
			want := placeholders.FindAllString(model, -1)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%s: %s says %v, want %v as in English", l.Lang, name, got, want)
			}
			if l.Lang != "en" && said == model {
				t.Errorf("%s: %s is English", l.Lang, name)
			}
		}
	}
}

func TestWhichLanguage(t *testing.T) {
	for _, c := range []struct{ locale, accept, want string }{
		{"de", "fr", "de"}, {"de_AT", "", "de"}, {"fr-CA", "", "fr"}, {"es-419", "", "es"}, {"pt-XX-nonsense!", "de", "de"},
		{"ja", "de-CH,de;q=0.9,en;q=0.8", "de"}, // not written in: as the browser says
		{"", "fr;q=0.5, es;q=0.9", "es"}, {"", "ja, fr;q=0.1", "fr"}, {"", "", "en"}, {"", "*", "en"}, {"", "nonsense;;;=", "en"}, {"ja", "zh", "en"},
		{"", strings.Repeat("de,", 1000), "en"},
		{"it_IT", "", "it"}, {"ar-EG", "", "ar"}, {"he-IL", "", "he"}, {"iw", "", "he"}, {"fa-AF", "", "fa"}, {"ur-PK", "", "ur"}, {"ps", "", "en"},
	} {
		if got := wordsFor(c.locale, c.accept).Lang; got != c.want {
			t.Errorf("locale %q and %.30q: got %s, want %s", c.locale, c.accept, got, c.want)
		}
	}
}

// everyPage asks for every page there is, in a language.
func everyPage(t *testing.T, lang string) map[string]*httptest.ResponseRecorder {
	t.Helper()
	out := map[string]*httptest.ResponseRecorder{}
	for name, ask := range map[string]func(s *stand) *httptest.ResponseRecorder{
		"ask, topic":      func(s *stand) *httptest.ResponseRecorder { return s.ask("GET", s.unsubscribeLink("progress"), "") },
		"ask, everything": func(s *stand) *httptest.ResponseRecorder { return s.ask("GET", s.unsubscribeLink(""), "") },
		"left, topic":     func(s *stand) *httptest.ResponseRecorder { return s.press(s.unsubscribeLink("progress"), "leave") },
		"left, all":       func(s *stand) *httptest.ResponseRecorder { return s.press(s.unsubscribeLink(""), "leave") },
		"back, topic":     func(s *stand) *httptest.ResponseRecorder { return s.press(s.unsubscribeLink("progress"), "undo") },
		"back, all":       func(s *stand) *httptest.ResponseRecorder { return s.press(s.unsubscribeLink(""), "undo") },
		"preferences":     func(s *stand) *httptest.ResponseRecorder { return s.ask("GET", s.preferencesLink(), "") },
		"saved":           func(s *stand) *httptest.ResponseRecorder { return s.press(s.preferencesLink(), "save") },
		"stopped":         func(s *stand) *httptest.ResponseRecorder { return s.press(s.preferencesLink(), "stop") },
		"suppressed": func(s *stand) *httptest.ResponseRecorder {
			s.people.by["ada@example.org"] = PreferencesPage{Everything: true, Locale: lang, Suppressed: "complained"}
			return s.ask("GET", s.preferencesLink(), "")
		},
		"no topics": func(s *stand) *httptest.ResponseRecorder {
			s.o.Topics = func() []Topic { return nil }
			return s.ask("GET", path(s.links.Preferences(links.Ref{Learner: "ada@example.org"}, noon)), "")
		},
		"not found": func(s *stand) *httptest.ResponseRecorder { return s.ask("GET", "/u/AAAA", "", "Accept-Language", lang) },
	} {
		s := newStand(t)
		s.people.by["ada@example.org"] = PreferencesPage{Everything: true, Locale: lang}
		out[name] = ask(s)
	}
	for status, name := range map[int]string{410: "expired", 429: "too many", 503: "unavailable", 413: "too large"} {
		w := httptest.NewRecorder()
		newStand(t).serveNotice(w, httptest.NewRequest("GET", "/", nil), lang, status)
		out[name] = w
	}
	return out
}

func TestEveryPageInEveryLanguage(t *testing.T) {
	for _, l := range languages {
		for name, w := range everyPage(t, l.Lang) {
			t.Run(l.Lang+", "+name, func(t *testing.T) {
				page := w.Body.String()
				if w.Header().Get("Content-Type") != "text/html; charset=utf-8" || w.Header().Get("Content-Language") != l.Lang || !strings.Contains(page, `<html lang="`+l.Lang+`" dir="`+l.Dir()+`">`) {
					t.Errorf("not a page in %s: %v", l.Lang, w.Header())
				}
				if strings.ContainsAny(bodyOf(w), "{}") || strings.Contains(page, "ZgotmplZ") || strings.Contains(page, "<script") || strings.Contains(page, "ada@") {
					t.Errorf("something is left over:\n%s", bodyOf(w))
				}
				if !strings.Contains(page, "Fernhill Academy") || !strings.Contains(page, "12 Harbour Lane") {
					t.Error("the page does not say whose it is")
				}
				if len(page) > 15<<10 {
					t.Errorf("the page weighs %d bytes, want 15 KB at the most", len(page))
				}
				checkHTML(t, page)
			})
		}
	}
}

// checkHTML is a smoke check: tags that close what was opened, one title, main and h1, words on every control.
func checkHTML(t *testing.T, page string) {
	t.Helper()
	void := map[string]bool{"meta": true, "input": true, "br": true, "link": true}
	count := map[string]int{}
	var open []string
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		kind := z.Next()
		token := z.Token()
		switch kind {
		case html.StartTagToken:
			count[token.Data]++
			checkTag(t, token, open)
			if !void[token.Data] {
				open = append(open, token.Data)
			}
		case html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != token.Data {
				t.Fatalf("</%s> closes %v", token.Data, open)
			}
			open = open[:len(open)-1]
		case html.ErrorToken:
			if len(open) > 0 {
				t.Errorf("%v are never closed", open)
			}
			for _, once := range []string{"html", "head", "body", "title", "main", "h1", "header", "footer", "style"} {
				if count[once] != 1 {
					t.Errorf("<%s> comes %d times", once, count[once])
				}
			}
			return
		case html.TextToken, html.SelfClosingTagToken, html.CommentToken, html.DoctypeToken:
		}
	}
}

func checkTag(t *testing.T, token html.Token, open []string) {
	t.Helper()
	attr := map[string]string{}
	for _, a := range token.Attr {
		if _, twice := attr[a.Key]; twice {
			t.Errorf("<%s> has %s twice", token.Data, a.Key)
		}
		attr[a.Key] = a.Val
	}
	switch {
	case token.Data == "input" && attr["type"] != "hidden" && !slices.Contains(open, "label"):
		t.Errorf("an input without a label: %v", attr)
	case (token.Data == "button" || token.Data == "input") && !slices.Contains(open, "form"):
		t.Errorf("a control outside a form: %v", attr)
	case token.Data == "form" && (attr["method"] != "post" || attr["action"] != "" || slices.Contains(open, "form")):
		t.Errorf("a form that is not a post to its own page: %v", attr)
	case token.Data == "a" && !strings.HasPrefix(attr["href"], "https://"):
		t.Errorf("a link to %q", attr["href"])
	}
}

func TestWhatAnAcademyWritesIsText(t *testing.T) {
	s := newStand(t, func(o *Options) {
		o.Site = func() Site {
			return Site{Name: `<b>A & "B"</b>`, HomeURL: "javascript:alert(1)", PostalAddress: "<script>alert(1)</script>"}
		}
		o.Topics = func() []Topic { return []Topic{{Name: `"><img src=x>`, Default: true}} }
	})
	for _, link := range []string{s.preferencesLink(), s.unsubscribeLink(`"><img src=x>`)} {
		page := s.ask("GET", link, "").Body.String()
		if strings.Contains(page, "<b>") || strings.Contains(page, "<img") || strings.Contains(page, "<script") || strings.Contains(page, "javascript") {
			t.Errorf("markup got through:\n%s", page)
		}
	}
}

func TestHomeIsAnAddress(t *testing.T) {
	for home, want := range map[string]bool{"https://academy.example": true, "": false, "/": false, "//evil.example": false, "ftp://academy.example": false, "https://a@academy.example": false} {
		s := newStand(t, func(o *Options) { o.Site = func() Site { return Site{Name: "A", HomeURL: home} } })
		if got := strings.Contains(s.ask("GET", "/", "").Body.String(), "<header><a "); got != want {
			t.Errorf("home %q: linked %v, want %v", home, got, want)
		}
	}
}

func TestAnAcademyWithoutAName(t *testing.T) {
	for home, want := range map[string]string{"": "Homeroom", "https://learn.example.org/x": "learn.example.org"} {
		s := newStand(t, func(o *Options) { o.Site = func() Site { return Site{HomeURL: home} } })
		expect(t, s.ask("GET", s.unsubscribeLink(""), ""), 200, "no more mail from "+want)
	}
}

var color = regexp.MustCompile(`--([a-z-]+):(#[0-9a-f]{3,6})`)

func TestEveryAccentCanBeRead(t *testing.T) {
	blocks := strings.SplitN(sheet, "@media", 3) // day, night
	for i, mode := range []string{"day", "night"} {
		named := map[string]string{}
		for _, m := range color.FindAllStringSubmatch(strings.SplitN(blocks[i], "\n", 2)[0], -1) {
			if named[m[1]] = m[2]; len(m[2]) == 4 {
				named[m[1]] = "#" + strings.Repeat(m[2][1:2], 2) + strings.Repeat(m[2][2:3], 2) + strings.Repeat(m[2][3:4], 2)
			}
		}
		check := func(fg, bg string) {
			t.Helper()
			if got := colors.Contrast(fg, bg); got < 4.5 {
				t.Errorf("by %s, %s on %s has a contrast of %.2f, want 4.5", mode, fg, bg, got)
			}
		}
		for _, ground := range []string{"paper", "card", "tint"} {
			check(named["ink"], named[ground])
			check(named["muted"], named[ground])
		}
		for _, accent := range []string{"", "#ffffff", "#000000", "#ffee00", "#ff0000", "#0000ff", "#7f7f7f", "#00ff88"} {
			day, night := accentColors(accent)
			now := []string{day, night}[i]
			check(now, named["paper"])
			check(now, named["card"])
			check(named["on-accent"], now)
		}
	}
}

func BenchmarkPreferences(b *testing.B) {
	s := newStand(b, func(o *Options) { o.RatePerMinute = 1 << 30 })
	link := s.preferencesLink()
	for b.Loop() {
		if w := s.ask("GET", link, ""); w.Code != 200 {
			b.Fatal(w.Code)
		}
	}
}

// TestPagesFromRightToLeft: Arabic, Hebrew, Persian and Urdu pages are declared as what they are, names in them are isolated, and the style
// sheet knows no left and no right.
func TestPagesFromRightToLeft(t *testing.T) {
	var from []string
	for _, l := range languages {
		if l.Dir() == "rtl" {
			from = append(from, l.Lang)
		}
	}
	if got := strings.Join(from, " "); got != "ar he fa ur" {
		t.Errorf("from right to left: %s", got)
	}
	for _, lang := range from {
		for name, w := range everyPage(t, lang) {
			page := w.Body.String()
			if !strings.Contains(page, `dir="rtl"`) || strings.Contains(page, "<p></p>") {
				t.Errorf("%s, %s: %s", lang, name, bodyOf(w))
			}
		}
	}
	v := view{W: &arabic, Site: Site{Name: "Fernhill (UK)"}, Topic: "SQL?"}
	if got := v.Say("{site}: {topic}"); got != "\u2068Fernhill (UK)\u2069: \u2068SQL?\u2069" {
		t.Errorf("got %q", got)
	}
	if sided := regexp.MustCompile(`[a-z-]*\b(left|right)\b[a-z-]*:`).FindAllString(sheet, -1); sided != nil {
		t.Errorf("the style sheet has %v; use inline-start and inline-end", sided)
	}
}
