package content_test

import (
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"homeroom/content"
)

func FuzzRender(f *testing.F) {
	seeds, _ := filepath.Glob("testdata/messages/*.md")
	for _, file := range seeds {
		src, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(src), "Ada <b>")
	}
	f.Add("---\nsubject: '{{ trigger.v | date }}'\n---\n> - {{ trigger.v | truncate: 3 | append: \"x\" }}\n{% capture a %}{{ trigger.v }}{% endcapture %}[{{ a | slice: 1, 2 }}](https://a.example/{{ a }})", "\uE000\uE011")
	f.Fuzz(func(t *testing.T, src, value string) {
		m, err := content.Parse("fuzz.md", []byte(src))
		if err != nil {
			return
		}
		l, err := content.NewLibrary([]*content.Message{m}, site)
		if err != nil {
			return
		}
		vars := content.SampleVars(map[string]any{"v": value, "n": 3.5, "list": []any{value, 1.0}, "certificate_id": value, "time": time.Time{}})
		vars.Learner.FirstName = value
		r, err := l.Render("fuzz", "", vars)
		if err != nil {
			return
		}
		if strings.ContainsAny(r.Subject, "\r\n") || r.Subject == "" {
			t.Errorf("subject %q", r.Subject)
		}
		if i := slices.IndexFunc([]rune(r.HTML+r.Text+r.Subject), func(c rune) bool { return c >= 0xE000 && c <= 0xE001 }); i >= 0 {
			t.Error("a mark is left in the mail")
		}
		if strings.Contains(strings.ToLower(r.HTML), "<script") || strings.Contains(r.HTML, "<b>") {
			t.Errorf("HTML was let in: %s", r.HTML)
		}
	})
}

// FuzzCampaign: a marked link is the same link with utm_ values it did not have, and marking is done once.
func FuzzCampaign(f *testing.F) {
	for _, link := range []string{"https://academy.example/a?b=c#d", "https://academy.example?utm_source=x&", "https://www.linkedin.com/", "http://academy.example/%zz", "https://academy.example/?a;b=%gg"} {
		f.Add(link)
	}
	m, err := content.Parse("m.md", []byte("---\nsubject: S\n---\n{% button \"B\" trigger.url %}"))
	if err != nil {
		f.Fatal(err)
	}
	l, err := content.NewLibrary([]*content.Message{m}, content.Site{Links: map[string]string{"home": "https://academy.example/"}})
	if err != nil {
		f.Fatal(err)
	}
	address := func(link string, c content.Campaign) (string, *url.URL) {
		vars := content.SampleVars(map[string]any{"url": link})
		vars.Outward.Campaign = c
		r, err := l.Render("m", "", vars)
		if err != nil {
			return "", nil
		}
		u, err := url.Parse(r.Actions[0].URL)
		if err != nil {
			return "", nil
		}
		return r.Actions[0].URL, u
	}
	campaign := content.Campaign{Source: "s", Medium: "m", Name: "n n", Content: "c"}
	f.Fuzz(func(t *testing.T, link string) {
		plain, was := address(link, content.Campaign{})
		marked, is := address(link, campaign)
		if was == nil || is == nil {
			if plain != marked {
				t.Fatalf("%q became %q", plain, marked)
			}
			return
		}
		again, _ := address(marked, campaign)
		if again != marked || is.Host != was.Host || is.Path != was.Path || is.Fragment != was.Fragment {
			t.Errorf("%q became %q, then %q", plain, marked, again)
		}
		for key, values := range was.Query() {
			if !slices.Equal(is.Query()[key], values) {
				t.Errorf("%q lost %s in %q", plain, key, marked)
			}
		}
		if !strings.EqualFold(was.Hostname(), "academy.example") && plain != marked {
			t.Errorf("a foreign link %q became %q", plain, marked)
		}
	})
}
