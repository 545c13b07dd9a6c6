package content

import (
	"strings"
	"testing"
)

// A template that doubles a text thirty times would need gigabytes, wherever it is rendered.
func TestATextThatDoublesIsStopped(t *testing.T) {
	body := `{% assign a = "0123456789abcdef" %}` + strings.Repeat(`{% assign a = a | append: a %}`, 30) + "{{ a }}"
	m, err := Parse("m.md", []byte("---\nsubject: Hi\n---\n"+body+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := NewLibrary([]*Message{m}, Site{Sender: Sender{From: "a@academy.example", PostalAddress: "x"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Render("m", "", SampleVars(nil)); err == nil || !strings.Contains(err.Error(), "longer than 64 KiB") {
		t.Errorf("got %v", err)
	}
}
