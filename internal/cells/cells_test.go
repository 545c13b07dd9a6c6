package cells_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"homeroom/internal/cells"
)

func TestWidth(t *testing.T) {
	for text, want := range map[string]int{"": 0, "Ada": 3, "Zoë": 3, "Zoe\u0308": 3, "学习": 4, "ﾃｽﾄ": 3, "ｗｉｄｅ": 8, "🎓": 2, "a\u200bb": 2, "한국": 4} {
		if got := cells.Width(text); got != want {
			t.Errorf("%q takes %d cells, want %d", text, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	for _, tc := range []struct {
		text string
		most int
		want string
	}{
		{"Ada", 3, "Ada"}, {"Ada L", 3, "Ad…"}, {"学习者", 6, "学习者"}, {"学习者", 5, "学习…"}, {"学习者", 4, "学…"}, {"", 3, ""}, {"Ada", 0, "…"},
		{"e" + strings.Repeat("\u0301", 50), 3, "e" + strings.Repeat("\u0301", 3)},
	} {
		if got := cells.Cut(tc.text, tc.most); got != tc.want {
			t.Errorf("%q cut to %d is %q, want %q", tc.text, tc.most, got, tc.want)
		}
	}
}

func TestWrap(t *testing.T) {
	for _, tc := range []struct {
		text string
		most int
		want string
	}{
		{"one two three", 7, "one two|three"}, {"", 7, ""}, {"abcdefghij k", 4, "abcd|efgh|ij k"}, {"学习 学习", 4, "学习|学习"}, {"学学学", 3, "学|学|学"},
	} {
		if got := strings.Join(cells.Wrap(tc.text, tc.most), "|"); got != tc.want {
			t.Errorf("%q in lines of %d is %q, want %q", tc.text, tc.most, got, tc.want)
		}
	}
}

func TestTable(t *testing.T) {
	got := cells.Table([][]string{{"SEQ", "LEARNER", "REASON"}, {"1", "学习", "x"}, {"22", "Zoe\u0308", ""}, {"333"}})
	want := "SEQ  LEARNER  REASON\n1    学习     x\n22   Zoe\u0308\n333\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestPrintable: what steers a terminal or makes up a line is quoted, also in a cell of a table.
func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"Zoë 学习 🎓":        "Zoë 学习 🎓",
		"":                "",
		"a\x1b[2Jb":       `"a\x1b[2Jb"`,
		"a\u202eb":        `"a\u202eb"`,
		"a\nb":            `"a\nb"`,
		"\xff":            `"\xff"`,
		`"a\x1b"`:         `"a\x1b"`,
		"a\u200db\ufffdc": `"a\u200db\ufffdc"`,
	} {
		got := cells.Printable(text)
		if got != want {
			t.Errorf("%q is printed as %s, want %s", text, got, want)
		}
		if again := cells.Printable(got); again != got {
			t.Errorf("%q is printed as %s, and that as %s", text, got, again)
		}
	}
	if got, want := cells.Table([][]string{{"a\n", "x"}, {"bcdef", "y"}}), "\"a\\n\"  x\nbcdef  y\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestPad: a text is filled up to a width by the cells that it takes.
func TestPad(t *testing.T) {
	for text, want := range map[string]string{"学": "学 |", "ab": "ab |", "abcd": "abcd|"} {
		if got := cells.Pad(text, 3) + "|"; got != want {
			t.Errorf("%q is filled up to %q, want %q", text, got, want)
		}
	}
}

func FuzzWrap(f *testing.F) {
	f.Add("one two three 学习", 7)
	f.Add("e\u0301\u0301\u0301\u0301", 2)
	f.Fuzz(func(t *testing.T, text string, most int) {
		most = 2 + most&63
		if !utf8.ValidString(text) {
			return
		}
		for _, line := range cells.Wrap(text, most) {
			if cells.Width(line) > most {
				t.Errorf("%q in lines of %d: %q", text, most, line)
			}
		}
		if cut := cells.Cut(text, most); cells.Width(cut) > most {
			t.Errorf("%q cut to %d: %q", text, most, cut)
		}
	})
}
