package content_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"homeroom/content"
)

func TestParseSaysWhatIsWrongAndWhere(t *testing.T) {
	const ok = "---\nsubject: S\n---\n"
	for _, c := range []struct{ name, file, src, want string }{
		{"no front matter", "m.md", "Hello", "m.md:1: the front matter is missing; begin with --- on a line of its own, then subject: …, then --- again"},
		{"unknown key", "m.md", "---\nsubject: S\npreheder: P\n---\nHi", `m.md:3:1: the front matter has no key "preheder"; did you mean preheader?`},
		{"key twice", "m.md", "---\nsubject: S\nsubject: T\n---\nHi", "m.md:3:"},
		{"not text", "m.md", "---\nsubject: [a]\n---\nHi", "m.md:2:1: subject must be text; put quotes around it"},
		{"unquoted Liquid", "m.md", "---\nsubject: {{ course.title }} is here\n---\nHi", "m.md:2:11: not readable as YAML: could not find flow map content; put a value with {{ }} in quotes"},
		{"no subject", "m.md", "---\ntopic: t\n---\nHi", "m.md:1: the message has no subject"},
		{"no text", "m.md", "---\nsubject: S\n---\n\n", "m.md:4: the message has no text"},
		{"not markdown", "m.txt", ok + "Hi", "m.txt: a message is a file that ends in .md"},
		{"bad name", "My Message.md", ok + "Hi", `"My Message" is not a message name`},
		{"bad locale", "m.12.md", ok + "Hi", `"12" is not a locale`},
		{"unknown variable", "m.md", ok + "Hi\n\n{{ lerner.first_name }}", "m.md:6:4: unknown variable lerner.first_name; did you mean learner?"},
		{"unknown part", "m.md", ok + "{{ learner.firstname }}", "m.md:4:4: unknown variable learner.firstname; did you mean first_name?"},
		{"unknown variable in if", "m.md", ok + "{% if cours.title %}x{% endif %}", "m.md:4:7: unknown variable cours.title; did you mean course?"},
		{"a whole group", "m.md", ok + "{{ trigger }}", "m.md:4:4: trigger is a group of values; say which, like trigger.name"},
		{"unknown filter", "m.md", ok + "{{ course.title | upcas }}", `m.md:4:19: unknown filter "upcas"; did you mean upcase?`},
		{"unknown tag", "m.md", ok + "x\n{% buton 'a' b %}", `m.md:5:4: unknown tag "buton"; did you mean button?`},
		{"include reads files", "m.md", ok + "{% include '/etc/passwd' %}", `m.md:4:4: unknown tag "include"`},
		{"unclosed output", "m.md", ok + "x\n\n{{ course.title", "m.md:6: {{ is not closed"},
		{"unclosed block", "m.md", ok + "x\n{% if course.title %}", "m.md:5:"},
		{"stray end", "m.md", ok + "x\n{% endif %}", "m.md:5:"},
		{"button without link", "m.md", ok + "\n{% button \"Go\" %}", "m.md:5: a button needs a text in quotes and a link"},
		{"bad Liquid in subject", "m.md", "---\ntopic: t\nsubject: \"{{ nobody }}\"\n---\nHi", "m.md:3:14: unknown variable nobody"},
		{"bad Liquid syntax", "m.md", ok + "{{ course.title course.id }}", "m.md:4: Liquid cannot read"},
		{"computed name", "m.md", ok + "{{ trigger[course.id] }}", "m.md:4: trigger[…] needs a name in quotes or a number"},
		{"own variable with a taken name", "m.md", ok + "{% assign course = 1 %}", "m.md:4: course is already a variable"},
		{"range", "m.md", ok + "{% for i in (1..999999999) %}x{% endfor %}", "m.md:4: ranges"},
		{"huge number", "m.md", ok + "{{ 99999999999999999999 }}", "m.md:4: Liquid cannot read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := content.Parse(c.file, []byte(c.src))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
			var one *content.Error
			if !errors.As(err, &one) {
				t.Error("the error does not hold an *Error")
			}
		})
	}
}

func TestParseReportsAllAtOnce(t *testing.T) {
	_, err := content.Parse("m.md", []byte("---\nsubject: \"{{ a }}\"\nsubjet: x\n---\n{{ b }}\n{{ c | d }}\n"))
	var errs content.Errors
	if !errors.As(err, &errs) || len(errs) != 5 {
		t.Fatalf("got %d errors, want 5:\n%v", len(errs), err)
	}
}

func TestNewLibraryFindsWhatDoesNotFit(t *testing.T) {
	parse := func(file, body string) *content.Message {
		m, err := content.Parse(file, []byte("---\nsubject: S\n---\n"+body))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	_, err := content.NewLibrary([]*content.Message{
		parse("a.md", "{{ links.certificat }}"), parse("x/a.md", "Hi"), parse("b.de.md", "Hallo"), parse("c.md", "{% share %}"),
	}, content.Site{
		File:      "settings.yaml",
		Accent:    "green",
		LinkLines: map[string]int{"certifikate": 7},
		Links:     map[string]string{"certifikate": "https://a.example/{{ id | nope }}"},
	})
	want := `a.md:4:4: links.certificat is not defined; did you mean certifikate?
b.de.md: there is no b.md; a translation needs an original for everybody else
c.md:4:1: share links need links.certificate, which is not defined; add certificate: https://… to links: in settings.yaml
settings.yaml: the accent color "green" is not a color; write it like #24584b
settings.yaml:7: unknown filter "nope"; one of`
	var got []string
	for line := range strings.Lines(err.Error()) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "settings.yaml:7") {
			line, _, _ = strings.Cut(line, " abs,")
		}
		if !strings.HasPrefix(line, "x/a.md: this message is also in a.md") {
			got = append(got, line)
		}
	}
	if diff := cmp.Diff(want, strings.Join(got, "\n")); diff != "" {
		t.Errorf("(-want +got)\n%s\nall: %v", diff, err)
	}
}
