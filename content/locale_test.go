package content_test

import (
	"regexp"
	"strings"
	"testing"

	"homeroom/content"
)

// TestTheLanguageOfAMail: lang, dir, dates and money follow the language that a mail is written in, and the country of the learner.
func TestTheLanguageOfAMail(t *testing.T) {
	const body = "---\nsubject: \"{{ trigger.at | date: '%A, %-d. %B' }}\"\n---\n{{ trigger.price | money: \"EUR\" }} {{ trigger.at | date }}\n\n- a\n\n> b\n\n| c |\n|---|\n| d |\n\n{% button \"{{ trigger.price | money: 'EUR' }}\" links.home %}\n"
	var messages []*content.Message
	for _, file := range []string{"m.md", "m.de.md", "m.it.md", "m.ar.md", "m.he.md", "m.fa.md", "m.ps.md", "m.zh-Hant.md"} {
		m, err := content.Parse(file, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		messages = append(messages, m)
	}
	l, err := content.NewLibrary(messages, content.Site{Links: map[string]string{"home": "https://academy.example/"}})
	if err != nil {
		t.Fatal(err)
	}
	foot := regexp.MustCompile(`<td class="hr-foot hr-muted"[^>]*`)
	for _, c := range []struct{ locale, html, foot, subject, text string }{
		{"", `<html lang="en">`, "", "Friday, 6. March", "€49.90 6 March 2026"},
		{"en-US", `<html lang="en-US">`, ` lang="en" dir="ltr"`, "Friday, 6. March", "€49.90 March 6, 2026"},
		{"pl", `<html lang="en">`, "", "Friday, 6. March", "€49.90 6 March 2026"},
		{"de", `<html lang="de">`, "", "Freitag, 6. März", "49,90\u00a0€ 6. März 2026"},
		{"it_it", `<html lang="it-IT">`, ` lang="it" dir="ltr"`, "venerdì, 6. marzo", "49,90\u00a0€ 6 marzo 2026"},
		{"ar-EG", `<html lang="ar-EG" dir="rtl">`, ` lang="ar" dir="rtl" align="right"`, "الجمعة, 6. مارس", ""},
		{"he", `<html lang="he" dir="rtl">`, `muted" align="right"`, "יום שישי, 6. מרץ", ""},
		{"fa-IR", `<html lang="fa-IR" dir="rtl">`, ` lang="fa" dir="rtl"`, "", ""},
		{"ps", `<html lang="ps" dir="rtl">`, ` lang="en" dir="ltr" align="right"`, "", ""}, // no footer is written in it
		{"zh-Hant-TW", `<html lang="zh-Hant-TW">`, ` lang="en" dir="ltr"`, "", ""},
	} {
		vars := content.SampleVars(map[string]any{"at": "2026-03-06T10:00:00Z", "price": 49.9})
		vars.Learner.Locale = c.locale
		r, err := l.Render("m", c.locale, vars)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(r.HTML, c.html) || !strings.Contains(foot.FindString(r.HTML), c.foot) {
			t.Errorf("%s: no %s or footer %q: %s", c.locale, c.html, c.foot, foot.FindString(r.HTML))
		}
		if c.subject != "" && r.Subject != c.subject || !strings.HasPrefix(r.Plain, strings.ReplaceAll(c.text, "\u00a0", " ")) {
			t.Errorf("%s: %q, %q", c.locale, r.Subject, r.Plain)
		}
		mirrored := strings.Contains(r.HTML, "padding:0 24px 0 0") && strings.Contains(r.HTML, "border-right:3px") && strings.Contains(r.Fragment, `align="right"`)
		if rtl := strings.Contains(c.html, "rtl"); mirrored != rtl {
			t.Errorf("%s: mirrored is %v:\n%s", c.locale, mirrored, r.Fragment)
		}
	}
}

func TestMoneyNeedsACurrencyAndANumber(t *testing.T) {
	for body, want := range map[string]string{
		`{{ 5 | money }}`: "money needs its currency", `{{ 5 | money: "euros" }}`: "is not a currency", `{{ "five" | money: "EUR" }}`: "a number is needed",
	} {
		if _, err := one(t, body).Render("m", "", content.SampleVars(nil)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", body, err)
		}
	}
	if r := render(t, `{{ "1200" | money: "JPY" }}, {{ 1234.5 | number: 2 }}, {{ 0.1 | plus: 0.2 | money: "EUR" }}`, content.SampleVars(nil)); r.Plain != "¥1,200, 1,234.50, €0.30\n" {
		t.Errorf("got %s", r.Plain)
	}
}
