package content_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"homeroom/content"
)

// TestMarkdownThatIsNotForMessages: each is an error at its own line, also behind loops and conditions.
func TestMarkdownThatIsNotForMessages(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"bold that is not closed", "One.\n\nThis is **important.\n", "m.md:6:9: ** is mailed as it is here"},
		{"bold with spaces", "This is ** important **.", "m.md:4:9: ** is mailed as it is here"},
		{"struck text that is not closed", "x\ny ~~z", "m.md:5:3: ~~ is mailed"},
		{"a link with a space", "a\n\n[Join](the link)", "m.md:6:6: this link is mailed as it is here"},
		{"a reference that leads nowhere", "[Join][here]", "m.md:4:6: this link is mailed as it is here: nothing says where it leads"},
		{"a footnote", "It is so.[^1]", "m.md:4:10: footnotes"},
		{"rows without a table", "{% if trigger.a %}\nx\n{% endif %}\n\n| a | b |\n| c | d |", "m.md:8:1: this row is mailed as it is here"},
		{"a table with too few dashes", "| a | b |\n|---|\n| c | d |", "m.md:4:1: this row"},
		{"HTML in a line", "{% for i in trigger.l %}\n\n{{ i }}\n\n{% endfor %}\na <b>c</b>", "m.md:9:3: HTML is not for messages"},
		{"an HTML block", "a\n\n<div>\nb\n</div>", "m.md:6:1: HTML is not for messages"},
		{"in a list in a quote", "> - a\n>   ==b c==", "m.md:5:5: ==marked text=="},
		{"attributes", "# Title {#here}", "m.md:4:9: attributes in braces"},
		{"an emoji", "Well done :tada: you", "m.md:4:11: names of emoji"},
		{"a container", "::: note\nx\n:::", "m.md:4:1: blocks between :::"},
		{"definitions", "Word\n: what it means", "m.md:5:1: lists of definitions"},
		{"a cell", "| a |\n|---|\n| **b |", "m.md:6:3: ** is mailed"},
		{"twice", "**a\n\n[^b]", "m.md:4:1: **"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := content.Parse("m.md", []byte("---\nsubject: S\n---\n"+c.body))
			if err != nil {
				t.Fatal(err)
			}
			if got := m.CheckMarkdown().Error(); !strings.HasPrefix(got, c.want) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestMarkdownThatIsForMessages(t *testing.T) {
	for _, body := range []string{
		"**{{ trigger.a }}** and *{{ trigger.b }}*, 2 \\*\\* 3, `**`, ~~old~~ new",
		"{% if trigger.a %}**a**{% else %}b{% endif %}: c",
		"| a | b |\n|---|--:|\n{% for r in trigger.rows %}\n| {{ r }} | x |\n{% endfor %}\n",
		"| a |\n|---|\n| b |\n\n| c |\n|---|\n| d |",
		"    <b>code</b> **\n\n```\n<b> [^1]\n```\n",
		"{% comment %}**{% endcomment %}\n{% raw %}{{ }}{% endraw %}",
		"[a]({{ links.home }}) ![b](https://academy.example/b.png) <https://academy.example/> https://academy.example/c?d=*",
		"foo__bar at 10:30:45, a == b, x: y\n\n- [ ] one\n- [x] two\n\n\\[^1] \\[a](b c) a_b",
		"{% button \"Go **on\" links.home %}",
	} {
		m, err := content.Parse("m.md", []byte("---\nsubject: S\n---\n"+body))
		if err != nil {
			t.Fatal(err)
		}
		if errs := m.CheckMarkdown(); len(errs) > 0 {
			t.Errorf("%s\n%v", body, errs)
		}
	}
}

func TestTables(t *testing.T) {
	vars := content.SampleVars(map[string]any{"rows": []any{"Go | for <b>beginners</b>", "**SQL**"}})
	r := render(t, "| Course | Lessons |\n|---|--:|\n{% for r in trigger.rows %}\n| {{ r }} | **{{ forloop.index }}** |\n{% endfor %}\n\nThat is all.\n", vars)
	want := `Course                     Lessons
-------------------------  -------
Go | for <b>beginners</b>        1
**SQL**                          2

That is all.
`
	if diff := cmp.Diff(want, r.Plain); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
	for _, part := range []string{
		`<th scope="col" class="hr-rule hr-muted" align="left"`, `text-align:right;word-break:normal;overflow-wrap:break-word;">Lessons</th>`,
		`>Go | for &lt;b&gt;beginners&lt;/b&gt;</td>`, `text-align:right;word-break:normal;overflow-wrap:break-word;"><strong style="font-weight:650;">2</strong></td></tr>`,
	} {
		if !strings.Contains(r.Fragment, part) {
			t.Errorf("no %s in\n%s", part, r.Fragment)
		}
	}
	if n := strings.Count(r.Fragment, "<table"); n != 1 {
		t.Errorf("%d tables:\n%s", n, r.Fragment)
	}
}

func TestTablesWithoutAHeaderAndTooWide(t *testing.T) {
	long := strings.Repeat("long ", 15) + "text"
	r := render(t, "| | |\n|---|---|\n| learned | 3 of 4 |\n| late | 1 |\n\n| Name | Says |\n|---|---|\n| Ada | "+long+" |\n| 数学 | no |\n", content.SampleVars(nil))
	want := "learned  3 of 4\nlate     1\n\nName: Ada\nSays: " + strings.Repeat("long ", 13) + "\nlong long text\n\nName: 数学\nSays: no\n"
	if diff := cmp.Diff(strings.ReplaceAll(want, " \n", "\n"), r.Plain); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if strings.Count(r.Fragment, "<th ") != 2 {
		t.Errorf("the empty header is shown:\n%s", r.Fragment)
	}
}

func TestStruckTextBareLinksAndTasks(t *testing.T) {
	vars := content.SampleVars(map[string]any{"id": "a b/c", "name": "https://evil.example/x"})
	r := render(t, "~~49 €~~ 29 €, see https://academy.example/c/{{ trigger.id }}?x=1. Or www.academy.example, or maya@academy.example.\n\nHi {{ trigger.name }}.\n\n- [ ] watch\n- [x] read\n", vars)
	for _, part := range []string{
		`<del style="text-decoration:line-through;">49 €</del>`, `href="https://academy.example/c/a%20b%2Fc?x=1"`, `href="http://www.academy.example"`,
		`href="mailto:maya@academy.example"`, `<p style="margin:0 0 18px;">Hi https://evil.example/x.</p>`, `☐ watch`, `☑ read`,
	} {
		if !strings.Contains(r.Fragment, part) {
			t.Errorf("no %s in\n%s", part, r.Fragment)
		}
	}
	want := "~49 €~ 29 €, see https://academy.example/c/a%20b%2Fc?x=1. Or\nwww.academy.example, or maya@academy.example.\n\nHi https://evil.example/x.\n\n- ☐ watch\n- ☑ read\n"
	if diff := cmp.Diff(want, r.Plain); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
