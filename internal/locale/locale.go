// Package locale knows how languages are written: their direction, and how they write dates, numbers and money. What it knows is
// Unicode's CLDR, through github.com/gohugoio/localescompressed, github.com/bojanz/currency and
// golang.org/x/text.
//
// The package must not know what is written.
package locale

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bojanz/currency"
	"github.com/gohugoio/locales"
	"github.com/gohugoio/localescompressed"
	"github.com/osteele/tuesday"
	"golang.org/x/text/language"
)

// The directions of writing, as HTML names them.
const (
	LeftToRight = "ltr"
	RightToLeft = "rtl"
)

// rightToLeft are the scripts that are written from right to left, by ISO 15924.
var rightToLeft = []string{"Adlm", "Arab", "Aran", "Hebr", "Mand", "Mend", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa", "Yezi"}

// Direction returns "rtl" if a locale (BCP 47) is written from right to left, else "ltr". A locale that names no script is written in
// the usual one of its language and country.
func Direction(tag string) string {
	parsed, err := language.Parse(tag)
	if err != nil {
		return LeftToRight
	}
	if script, _ := parsed.Script(); slices.Contains(rightToLeft, script.String()) {
		return RightToLeft
	}
	return LeftToRight
}

// SameLanguage reports whether two locales (BCP 47) are the same language in the same script.
func SameLanguage(a, b string) bool {
	one, errA := language.Parse(a)
	other, errB := language.Parse(b)
	if errA != nil || errB != nil {
		return false
	}
	oneBase, oneScript, _ := one.Raw()
	otherBase, otherScript, _ := other.Raw()
	if oneScript != otherScript {
		oneScript, _ = one.Script()
		otherScript, _ = other.Script()
	}
	return oneBase == otherBase && oneScript == otherScript
}

// Format writes dates and numbers as one locale does.
type Format struct {
	// Name is the locale that is known, nearest to the one asked for: "de_AT".
	Name       string
	translator locales.Translator
}

// fallback is the format of locales that nobody knows.
const fallback = "en"

// FormatOf returns the format of a locale (BCP 47), or of the nearest that is known; English if none is.
func FormatOf(tag string) Format {
	name := strings.ReplaceAll(tag, "-", "_")
	for name != "" {
		if t := localescompressed.GetTranslator(name); t != nil {
			return Format{Name: name, translator: t}
		}
		cut := strings.LastIndexByte(name, '_')
		name = name[:max(cut, 0)]
	}
	return Format{Name: fallback, translator: localescompressed.GetTranslator(fallback)}
}

// namedParts are the parts of a layout that are words: names of days and months, with flags.
var namedParts = regexp.MustCompile(`%%|%([-^#_0]*)([AaBbh])`)

// Date writes a time. The layout is one of strftime's, with the names of days and months in the language of the locale; or one of short,
// medium, long, full and time, for what the locale itself uses; or empty, for the long one.
func (f Format) Date(t time.Time, layout string) string {
	switch layout {
	case "":
		if f.Name == fallback { // no country is named: the order that is understood everywhere
			return f.formatStrftime(t, "%-d %B %Y")
		}
		return f.translator.FmtDateLong(t)
	case "long":
		return f.translator.FmtDateLong(t)
	case "short":
		return f.translator.FmtDateShort(t)
	case "medium":
		return f.translator.FmtDateMedium(t)
	case "full":
		return f.translator.FmtDateFull(t)
	case "time":
		return f.translator.FmtTimeShort(t)
	}
	return f.formatStrftime(t, layout)
}

func (f Format) formatStrftime(t time.Time, layout string) string {
	layout = namedParts.ReplaceAllStringFunc(layout, func(part string) string {
		if part == "%%" {
			return part
		}
		var name string
		switch part[len(part)-1] {
		case 'A':
			name = f.translator.WeekdayWide(t.Weekday())
		case 'a':
			name = f.translator.WeekdayAbbreviated(t.Weekday())
		case 'B':
			name = f.translator.MonthWide(t.Month())
		default:
			name = f.translator.MonthAbbreviated(t.Month())
		}
		if strings.Contains(part, "^") {
			name = strings.ToUpper(name)
		}
		return strings.ReplaceAll(name, "%", "%%")
	})
	text, _ := tuesday.Strftime(layout, t) // its error is always nil
	return text
}

// Money writes an amount with the sign of its currency (ISO 4217: "EUR") and as many decimals as the currency has.
func (f Format) Money(amount float64, code string) (string, error) {
	if !currency.IsValid(code) {
		return "", fmt.Errorf("%q is not a currency; write its three letters, as in EUR", code)
	}
	value, err := currency.NewAmount(strconv.FormatFloat(amount, 'f', -1, 64), code)
	if err != nil {
		return "", fmt.Errorf("%v is no amount of money", amount)
	}
	return currency.NewFormatter(currency.NewLocale(strings.ReplaceAll(f.Name, "_", "-"))).Format(value.Round()), nil
}

// Number writes a number with so many decimals, at most 9.
func (f Format) Number(number float64, decimals int) string {
	return f.translator.FmtNumber(number, uint64(min(max(decimals, 0), 9)))
}
