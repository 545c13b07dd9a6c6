package content_test

import (
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
