package content_test

import (
	"strings"
	"testing"

	"homeroom/content"
)

func TestMissingLocales(t *testing.T) {
	var messages []*content.Message
	for _, file := range []string{"a.md", "a.de.md", "a.pt-BR.md", "b.md", "b.de-AT.md", "b.en-GB.md", "c.md", "c.pt.md"} {
		m, err := content.Parse(file, []byte("---\nsubject: s\n---\nx\n"))
		if err != nil {
			t.Fatal(err)
		}
		messages = append(messages, m)
	}
	l, err := content.NewLibrary(messages, content.Site{})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a": "pt", "b": "de pt pt-BR", "c": "de de-AT"} {
		if got := strings.Join(l.MissingLocales(name), " "); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
