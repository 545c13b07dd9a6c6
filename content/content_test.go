package content_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"homeroom/content"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew; then read the diff")

var site = content.Site{
	Links: map[string]string{
		"certificate": "https://academy.example/certificates/{{ certificate_id }}",
		"home":        "https://academy.example/?learner={{ learner.id }}",
		"referral":    "https://academy.example/join?code={{ referral.code }}",
	},
	File:      "settings.yaml",
	PublicURL: "https://academy.example",
	Sender: content.Sender{
		From:          "hello@academy.example",
		Name:          "Ada & Friends Academy",
		PostalAddress: "Ada & Friends Academy GmbH\nLange Straße 12\n10115 Berlin, Germany",
	},
}

func certificateVars() content.Vars {
	v := content.SampleVars(map[string]any{
		"course_id": "crs_go", "certificate_id": "cert abc/123", "credential_type": "completion", "final_score_pct": 87.6,
	})
	v.Outward = content.Outward{Unsubscribe: v.Outward.Unsubscribe} // nothing else leads out
	return v
}

func load(t *testing.T, files ...string) *content.Library {
	t.Helper()
	var msgs []*content.Message
	for _, f := range files {
		src, err := os.ReadFile(filepath.Join("testdata", "messages", f))
		if err != nil {
			t.Fatal(err)
		}
		m, err := content.Parse("messages/"+f, src)
		if err != nil {
			t.Fatal(err)
		}
		msgs = append(msgs, m)
	}
	l, err := content.NewLibrary(msgs, site)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// one parses a single message m.md with this body and returns its library.
func one(t *testing.T, body string) *content.Library {
	t.Helper()
	m, err := content.Parse("m.md", []byte("---\nsubject: S\n---\n"+body))
	if err != nil {
		t.Fatal(err)
	}
	l, err := content.NewLibrary([]*content.Message{m}, site)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func render(t *testing.T, body string, vars content.Vars) content.Rendered {
	t.Helper()
	r, err := one(t, body).Render("m", "", vars)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "golden", name)
	if *rewrite {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; -rewrite writes it anew):\n%s", file, diff)
	}
}

func TestGolden(t *testing.T) {
	l := load(t, "certificate.md", "certificate.de.md")
	for _, c := range []struct {
		golden, locale string
		minor          bool
	}{
		{"certificate", "en", false},
		{"certificate.minor", "en", true},
		{"certificate.de", "de-AT", false},
	} {
		t.Run(c.golden, func(t *testing.T) {
			vars := certificateVars()
			if c.minor {
				vars.Learner.Traits["is_minor"] = true
			}
			r, err := l.Render("certificate", c.locale, vars)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, c.golden+".html", r.HTML)
			golden(t, c.golden+".txt", "Subject: "+r.Subject+"\nPreheader: "+r.Preheader+"\n\n"+r.Text)
		})
	}
}

func TestLocaleFallsBack(t *testing.T) {
	l := load(t, "certificate.md", "certificate.de.md")
	for locale, want := range map[string]string{"de-AT": "de", "de_at": "de", "DE": "de", "fr": "", "": "", "not a locale": ""} {
		if got := l.Message("certificate", locale).Locale; got != want {
			t.Errorf("locale %q reads version %q, want %q", locale, got, want)
		}
	}
}

func TestUndefinedIsAnErrorNeverEmpty(t *testing.T) {
	nobody := content.Vars{Learner: content.Learner{ID: "u1"}, Outward: content.Outward{Unsubscribe: "https://a.example/u"}}
	for _, c := range []struct{ name, body, want string }{
		{"plain", "Hi\n\n{{ learner.first_name }}", "m.md:6: learner.first_name has no value here"},
		{"through a filter", "{{ learner.first_name | upcase }}", "m.md:4: learner.first_name has no value here"},
		{"as an argument", "{{ 'Hi ' | append: learner.first_name }}", "learner.first_name has no value here"},
		{"assigned", "{% assign n = trigger.count | plus: 1 %}{{ n }}", "trigger.count has no value here"},
		{"looped over", "{% for x in trigger.list %}{{ x }}{% endfor %}", "trigger.list has no value here"},
		{"no course", "{{ course.title }}", "course.title has no value here"},
		{"in a link", "[x](https://a.example/{{ trigger.id }})", "trigger.id has no value here"},
		{"in a button's text", `{% button "Go {{ course.title }}" "https://a.example" %}`, "course.title has no value here"},
		{"in a button's link", `{% button "Go" course.url %}`, "course.url has no value here"},
		{"in a link of settings", `{% button "Go" links.certificate %}`, "links.certificate cannot be written: settings.yaml: certificate_id has no value here"},
		{"share without certificate", "{% share %}", "share links need links.certificate"},
		{"share variable", "{{ share.x }}", "share links need links.certificate"},
		{"default of a default", "{{ learner.first_name | default: course.title }}", "has no value here"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := one(t, c.body).Render("m", "", nobody)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, text %q\nwant %s", err, r.Text, c.want)
			}
			var e *content.Error
			if !errors.As(err, &e) {
				t.Error("the error is not an *Error")
			}
		})
	}
	for _, body := range []string{
		"{{ learner.first_name | default: 'you' }}",
		"{% if learner.first_name %}{{ learner.first_name | upcase }}{% else %}you{% endif %}",
		"{{ learner.first_name | default: learner.id | replace: 'u1', 'you' }}",
		"{% raw %}{{ nobody }}{% endraw %} you{% comment %}{{ nobody {% if %}{% endcomment %}",
	} {
		r, err := one(t, body).Render("m", "", nobody)
		if err != nil || !strings.Contains(r.Text, "you") {
			t.Errorf("%s: %v, %q", body, err, r.Text)
		}
	}
}

func TestValuesAreOnlyText(t *testing.T) {
	const evil = "<b>**x**</b> [l](http://evil.example) {{ 1 }} &amp; `c`\n\n# H\r\n- \"'"
	vars := content.SampleVars(map[string]any{"url": "https://a.example/?q=\"><script>", "js": "javascript:alert(1)", "mark": "\uE000\uE010\uE001"})
	vars.Learner.Traits["motto"] = evil
	r := render(t, "Hi {{ learner.traits.motto }}, **{{ learner.traits.motto }}** `{{ learner.traits.motto }}`\n\n"+
		"[{{ learner.traits.motto }}]({{ trigger.url }}) [a](https://a.example/?n={{ learner.traits.motto }}&m={{ learner.traits.motto | url_encode }}) {{ trigger.mark }}\n\n"+
		`{% button "{{ learner.traits.motto }}" trigger.url %}`+
		"\n\n{% capture c %}{{ learner.traits.motto }}{% endcapture %}{{ c | upcase }} {{ learner.traits.motto | escape }}", vars)
	for _, bad := range []string{"<b>", "</b>", "<script>", `q="`, "href=\"http://evil", "<h1", "<li", "\uE000", "\uE010"} {
		if strings.Contains(r.HTML, bad) {
			t.Errorf("the HTML holds %q", bad)
		}
	}
	for _, want := range []string{
		"&lt;b&gt;**x**&lt;/b&gt; [l](http://evil.example) {{ 1 }} &amp;amp; `c` # H - &#34;&#39;",
		"%3Cb%3E%2A%2Ax%2A%2A%3C%2Fb%3E%20%5Bl%5D",
		`href="https://a.example/?q=%22%3E%3Cscript%3E"`,
		"&amp;m=%3Cb%3E%2A",
	} {
		if !strings.Contains(r.HTML, want) {
			t.Errorf("the HTML lacks %q", want)
		}
	}
	if !strings.Contains(r.Text, "Hi <b>**x**</b> [l](http://evil.example) {{ 1 }} &amp; `c` # H - \"'") {
		t.Errorf("text: %s", r.Text)
	}
	if _, err := one(t, `{% button "x" trigger.js %}`).Render("m", "", vars); err == nil || !strings.Contains(err.Error(), "does not begin with https://") {
		t.Errorf("a javascript: link gives %v", err)
	}
	if _, err := one(t, `[x]({{ trigger.js }})`).Render("m", "", vars); err == nil {
		t.Error("a javascript: link in Markdown passes")
	}
}

func TestHTMLIsRefused(t *testing.T) {
	for _, body := range []string{"<div>x</div>", "a <b>c</b>", "<!-- x -->"} {
		if _, err := one(t, body).Render("m", "", content.SampleVars(nil)); err == nil || !strings.Contains(err.Error(), "HTML is not for messages") {
			t.Errorf("%q: %v", body, err)
		}
	}
}

func TestNestingIsBounded(t *testing.T) {
	if _, err := one(t, strings.Repeat(">", 500)+" x").Render("m", "", content.SampleVars(nil)); err == nil || !strings.Contains(err.Error(), "nested too deep") {
		t.Errorf("got %v", err)
	}
}

func TestSubjectIsOneLine(t *testing.T) {
	m, err := content.Parse("m.md", []byte("---\nsubject: |\n  For {{ learner.traits.motto }}\n  today\npreheader: \"{{ learner.traits.motto }}\"\n---\nHi"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := content.NewLibrary([]*content.Message{m}, site)
	if err != nil {
		t.Fatal(err)
	}
	vars := content.SampleVars(nil)
	vars.Learner.Traits["motto"] = "A\r\nBcc: x@y.example\u2028\x00\u202E\u2066\u200E\u200Bb"
	r, err := l.Render("m", "", vars)
	if err != nil {
		t.Fatal(err)
	}
	if want := "For A Bcc: x@y.example b today"; r.Subject != want {
		t.Errorf("got %q, want %q", r.Subject, want)
	}
}

func TestValuesReadWell(t *testing.T) {
	vars := content.SampleVars(map[string]any{
		"score": 40.0, "price": 1990000.0, "rate": 66.66666666666667, "tags": []any{"a", "b"}, "ok": true,
		"due": "2026-03-29T00:30:00Z", "empty": "",
	})
	for body, want := range map[string]string{
		"{{ trigger.score }}":                                      "40",
		"{{ trigger.price }}":                                      "1990000",
		"{{ trigger.rate | round: 1 }}":                            "66.7",
		"{{ trigger.tags }}":                                       "a, b",
		"{{ trigger.tags | size }}":                                "2",
		"{{ trigger.tags[1] }}":                                    "b",
		"{{ trigger['score'] }}":                                   "40",
		"{{ trigger.ok }}":                                         "true",
		"{{ trigger.time | date: '%H:%M' }}":                       "11:00",
		"{{ trigger.due | date: '%Y-%m-%d %H:%M' }}":               "2026-03-29 01:30",
		"{{ trigger.time | date }}":                                "2 March 2026",
		"{{ trigger.score | plus: 2 }}":                            "42",
		"{% if trigger.score > 39 %}more{% endif %}":               "more",
		"{% for t in trigger.tags %}{{ t }}.{% endfor %}":          "a.b.",
		"{% for t in trigger.tags reversed %}{{ t }}.{% endfor %}": "b.a.",
		"a{{- trigger.score -}} b":                                 "a40b",
		"<https://a.example/b>":                                    "https://a.example/b",
		"Hello &amp; \\*bye\\*":                                    "Hello & *bye*",
	} {
		r := render(t, body, vars)
		if got, _, _ := strings.Cut(r.Text, "\n"); got != want {
			t.Errorf("%s reads %q, want %q", body, got, want)
		}
	}
}

func TestVariables(t *testing.T) {
	l := load(t, "certificate.md", "certificate.de.md")
	want := []string{
		"course.id", "course.title", "learner.first_name", "links.certificate", "sender.name", "share",
		"trigger.certificate_id", "trigger.final_score_pct", "trigger.time",
	}
	if diff := cmp.Diff(want, l.Variables("certificate")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	got := one(t, `{% assign n = trigger.a.b %}{{ n.c }} {% for x in trigger.list %}{{ x.y }}{% endfor %}
{% if trigger["odd key"] contains trigger.d %}{% endif %}{% button "{{ trigger.e }}" "https://a.example/{{ trigger.f }}" %}{{ 'x' | append: trigger.g }}`).Variables("m")
	want = []string{"trigger.a.b", "trigger.d", "trigger.e", "trigger.f", "trigger.g", "trigger.list", "trigger.odd key"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := l.Variables("nobody"); len(got) != 0 {
		t.Errorf("an unknown message uses %v", got)
	}
}

func TestEveryMailHasAWayOutAndAnAddress(t *testing.T) {
	vars := content.SampleVars(nil)
	vars.Outward.Unsubscribe = "https://academy.example/u?t=a&b=\"c"
	r := render(t, "Hi", vars)
	for _, want := range []string{`<a class="hr-muted" href="https://academy.example/u?t=a&amp;b=%22c"`, "Ada &amp; Friends Academy GmbH<br>Lange Straße 12<br>10115 Berlin"} {
		if !strings.Contains(r.HTML, want) {
			t.Errorf("the HTML lacks %s", want)
		}
	}
	for _, want := range []string{"Unsubscribe: https://academy.example/u?t=a&b=%22c", "Lange Straße 12"} {
		if !strings.Contains(r.Text, want) {
			t.Errorf("the text lacks %s", want)
		}
	}
}

func TestSamplesRenderTheCertificate(t *testing.T) {
	l := load(t, "certificate.md", "certificate.de.md")
	for _, s := range content.Samples(certificateVars().Trigger) {
		for _, locale := range l.Locales("certificate") {
			if _, err := l.Render("certificate", locale, s.Vars); err != nil {
				t.Errorf("%s in %q: %v", s.About, locale, err)
			}
		}
	}
}

func TestUnknownMessage(t *testing.T) {
	if _, err := one(t, "Hi").Render("nobody", "", content.SampleVars(nil)); !errors.Is(err, content.ErrNoMessage) {
		t.Errorf("got %v, want ErrNoMessage", err)
	}
}

func TestRenderIsTheSameEveryTime(t *testing.T) {
	l := load(t, "certificate.md")
	first, err := l.Render("certificate", "", certificateVars())
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 5 {
				again, err := l.Render("certificate", "", certificateVars())
				if err != nil || !cmp.Equal(again, first) {
					t.Errorf("another rendering differs: %v", err)
				}
			}
		})
	}
	wg.Wait()
}

// TestADateStaysItsDay: a trait without a time of day is the same day in every zone.
func TestADateStaysItsDay(t *testing.T) {
	for _, zone := range []string{"America/New_York", "Asia/Tokyo", ""} {
		v := content.SampleVars(nil)
		v.Learner.Timezone = zone
		v.Learner.Traits = map[string]any{"exam_date": "2026-03-16"}
		got := render(t, "{{ learner.traits.exam_date | date: '%-d %B %H:%M' }}, {{ learner.traits.exam_date }}", v)
		if want := "16 March 00:00, 2026-03-16"; !strings.HasPrefix(got.Text, want) {
			t.Errorf("%q: got %q, want %q", zone, got.Text, want)
		}
	}
}

// TestVars: what a rule's step hands over is there as vars, in links too, and never at the top level.
func TestVars(t *testing.T) {
	v := content.SampleVars(nil)
	v.With = map[string]any{"plan": "<b>B</b>", "score": 40.0, "by": time.Date(2026, 3, 2, 23, 30, 0, 0, time.UTC)}
	got := render(t, "{{ vars.plan }} {{ vars.score }} {{ vars.by | date: '%d %H:%M' }}", v)
	if want := "<b>B</b> 40 03 00:30"; !strings.HasPrefix(got.Text, want) {
		t.Errorf("got %q, want %q", got.Text, want)
	}
	if got := one(t, "{{ vars.last }}{{ vars.list.first }}{{ trigger.size }}").Variables("m"); strings.Join(got, " ") != "trigger.size vars.last vars.list" {
		t.Errorf("variables %v", got)
	}
	if _, err := one(t, "{{ vars.plan }}").Render("m", "", content.SampleVars(nil)); err == nil {
		t.Error("a variable that nobody handed over was printed")
	}
}
