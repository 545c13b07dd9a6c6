package content_test

import (
	"os"
	"path/filepath"
	"testing"

	"homeroom/content"
)

// BenchmarkRender is a message as it is mailed: Liquid, Markdown, layout, HTML and text.
func BenchmarkRender(b *testing.B) {
	var messages []*content.Message
	for _, file := range []string{"certificate.md", "certificate.de.md"} {
		src, err := os.ReadFile(filepath.Join("testdata", "messages", file))
		if err != nil {
			b.Fatal(err)
		}
		m, err := content.Parse("messages/"+file, src)
		if err != nil {
			b.Fatal(err)
		}
		messages = append(messages, m)
	}
	l, err := content.NewLibrary(messages, site)
	if err != nil {
		b.Fatal(err)
	}
	vars := certificateVars()
	for _, locale := range []string{"en", "de"} {
		b.Run(locale, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := l.Render("certificate", locale, vars); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
