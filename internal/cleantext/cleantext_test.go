package cleantext_test

import (
	"strings"
	"testing"
	"unicode"

	"homeroom/internal/cleantext"
)

func TestLine(t *testing.T) {
	for text, want := range map[string]string{
		"Ada":                        "Ada",
		"  Ada \t\r\n Lovelace ":     "Ada Lovelace",
		"Ada\u202egpj.exe":           "Adagpj.exe",
		"\u2066Ada\u2069":            "Ada",
		"\u200eAda\u200f\u061c":      "Ada",
		"A\u200bd\u2060a\ufeff":      "Ada",
		"A\u00adda":                  "Ada",
		"Ada\u2028\u2029Bcc: x":      "Ada Bcc: x",
		"\u3164\u115f":               "",
		"A\x00d\x1b[31ma":            "A d [31ma",
		"A\u200dd\u200ca":            "Ada",
		"علی\u200cرضا":               "علی\u200cرضا",
		"क्\u200dष":                  "क्\u200dष",
		"You did it 👩\u200d🎓":        "You did it 👩\u200d🎓",
		"\u200dAda\u200c":            "Ada",
		"علی\u200c\u008c":            "علی",
		"علی\u200c\u2800رضا":         "علی رضا",
		"Ada\xff\xfe":                "Ada",
		"Zoë Ångström":               "Zoë Ångström",
		"日本 太郎":                      "日本 太郎",
		"שלום \u200fעולם":            "שלום עולם",
		"\U000E0041\U000E0042tagged": "tagged",
		"":                           "",
	} {
		if got := cleantext.Line(text); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
}

func TestName(t *testing.T) {
	for _, name := range []string{
		"Ada", "Anne-Marie", "Mary Ann", "O'Brien", "D’Artagnan", "J.R.R", "J. R. R.", "Md.Rahman", "Dr.Ada", "St.John", "Jr.", "Ann & Bob", "Priya D/O Kumar", "Elizabeth 2",
		"علی\u200cرضا", "李小龙", "Нина", "Zoë", "Ñandú", "X Æ A-12", "Nil", "Nan", "María José (Pepa)", "Ada!", "Christopher-Alexander Maximilian von Hohenzollern",
	} {
		if got := cleantext.Name(name); got != name {
			t.Errorf("%q is shown as %q", name, got)
		}
	}
	for _, text := range []string{
		"https://evil.example/login", "HTTPS://EVIL.EXAMPLE", "Ada https://evil.example", "www.evil.example", "WWW.evil", "evil.example", "Visit evil.com", "evil.com/x", "evil.co.uk", "bit.ly/3x",
		"evil。example", "ｅｖｉｌ．ｅｘａｍｐｌｅ", "ev\u200bil.exa\u00admple", "exämple.org", "xn--exmple-cua.org", "пример.рф", "ada@example.org", "@handle", "mailto:x", "tel: 1", "javascript:alert(1)",
		"192.168.0.1", "go to 10.0.0.1", "+49 30 1234567", "Call 555-0100 now", "٠١٢٣٤٥٦", "<b>Ada</b>", "[Ada](x)", "{{ 7 }}", "**Ada**", "`Ada`", "$name", "Ada #1", "ada_lovelace",
		"null", "undefined", "NULL", "None", "N/A", "[object Object]", "", " ", "\u200b\u3164", "123", "🎓", "---", strings.Repeat("Ada ", 16), strings.Repeat("x", 1<<20),
	} {
		if got := cleantext.Name(text); got != "" {
			t.Errorf("%.80q is shown as the name %q", text, got)
		}
	}
	if got := cleantext.Name(" Ada\u202e\n Lovelace "); got != "Ada Lovelace" {
		t.Errorf("shown as %q", got)
	}
}

func FuzzName(f *testing.F) {
	f.Add("Ada")
	f.Add("https://evil.example/login")
	f.Add("علی\u200cرضا")
	f.Fuzz(func(t *testing.T, text string) {
		line := cleantext.Line(text)
		if strings.ContainsFunc(line, func(r rune) bool {
			return unicode.IsControl(r) || r >= 0x202a && r <= 0x202e || r == 0x200e || r == 0x200f
		}) {
			t.Errorf("%q is shown as %q", text, line)
		}
		if again := cleantext.Line(line); again != line {
			t.Errorf("%q is shown as %q, and that as %q", text, line, again)
		}
		name := cleantext.Name(text)
		if name != "" && name != line {
			t.Errorf("%q is shown as %q, as a name as %q", text, line, name)
		}
		if strings.Contains(name, "://") || strings.Contains(name, "@") {
			t.Errorf("%q is shown as the name %q", text, name)
		}
	})
}
