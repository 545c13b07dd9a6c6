package locale_test

import (
	"testing"
	"time"

	"homeroom/internal/locale"
)

func TestDirection(t *testing.T) {
	for tag, want := range map[string]string{
		"ar": "rtl", "ar-EG": "rtl", "he": "rtl", "iw": "rtl", "fa-IR": "rtl", "ur": "rtl", "yi": "rtl", "dv": "rtl", "ckb": "rtl", "ug": "rtl", "pa-PK": "rtl", "az-Arab": "rtl", "uz-AF": "rtl",
		"en": "ltr", "it": "ltr", "de-AT": "ltr", "ar-Latn": "ltr", "pa": "ltr", "az": "ltr", "zh-Hant": "ltr", "": "ltr", "no such thing": "ltr",
	} {
		if got := locale.Direction(tag); got != want {
			t.Errorf("%q is %s, want %s", tag, got, want)
		}
	}
}

func TestFormats(t *testing.T) {
	at := time.Date(2026, time.March, 6, 17, 5, 0, 0, time.UTC)
	for _, c := range []struct{ tag, layout, want string }{
		{"de", "%A, %-d. %B, %H:%M", "Freitag, 6. März, 17:05"},
		{"de-CH", "%a %^b %% %B", "Fr. MÄRZ % März"},
		{"it", "", "6 marzo 2026"},
		{"it-IT", "full", "venerdì 6 marzo 2026"},
		{"en", "", "6 March 2026"},
		{"en-US", "", "March 6, 2026"},
		{"en-GB", "", "6 March 2026"},
		{"ru", "%-d %B", "6 марта"},
		{"ar", "%A", "الجمعة"},
		{"xx-YY", "%A", "Friday"},
		{"", "%B", "March"},
		{"de", "time", "17:05"},
	} {
		if got := locale.FormatOf(c.tag).Date(at, c.layout); got != c.want {
			t.Errorf("%s %q: got %s, want %s", c.tag, c.layout, got, c.want)
		}
	}
	for _, c := range []struct {
		tag, code string
		amount    float64
		want      string
	}{
		{"de", "EUR", 1234.5, "1.234,50\u00a0€"},
		{"en", "EUR", 49.9, "€49.90"},
		{"en-US", "USD", -1, "-$1.00"},
		{"ja", "JPY", 1200, "￥1,200"},
		{"fr", "EUR", 49.9, "49,90\u00a0€"},
	} {
		if got, err := locale.FormatOf(c.tag).Money(c.amount, c.code); err != nil || got != c.want {
			t.Errorf("%s: got %q, %v, want %q", c.tag, got, err, c.want)
		}
	}
	if _, err := locale.FormatOf("de").Money(1, "euros"); err == nil {
		t.Error("euros are a currency")
	}
	if got := locale.FormatOf("de").Number(1234.5, 1); got != "1.234,5" {
		t.Errorf("got %s", got)
	}
}
