package cleantext

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
	"golang.org/x/text/unicode/norm"
)

const (
	maxName       = 60 // characters
	maxNameDigits = 4  // a telephone number has more
)

// scheme finds what mail programs make a link of because of how it begins.
var scheme = regexp.MustCompile(`(?i)://|\b(https?|ftp|mailto|tel|sms|data|javascript)\s*:|\bwww\.`)

// dotted finds words with dots in them, which may be domains or IP addresses.
var dotted = regexp.MustCompile(`[\pL\pN\pM_-]+(\.[\pL\pN\pM_-]+)+`)

// Name returns a person's name as it is fit to be shown, or "" if the text is none: learners write their names themselves, and others sign up in somebody's name
// to have the school mail their words. No name has a web or mail address in it, a bare domain, a telephone number, or markup, is longer than 60
// characters, has no letter, or is what a program writes for "none" (null, undefined).
func Name(text string) string {
	if len(text) > 16*maxName {
		return ""
	}
	name := Line(text)
	switch {
	case utf8.RuneCountInString(name) > maxName,
		!strings.ContainsFunc(name, unicode.IsLetter),
		strings.ContainsAny(name, "@<>{}[]|\\=#$%*`~^_"),
		countDigits(name) > maxNameDigits,
		slices.Contains([]string{"null", "undefined", "none", "n/a", "(null)"}, strings.ToLower(name)),
		holdsLink(name):
		return ""
	}
	return name
}

func countDigits(text string) int {
	n := 0
	for _, r := range text {
		if unicode.IsDigit(r) {
			n++
		}
	}
	return n
}

// holdsLink reports whether mail programs may make a link of a text or of a part of it. Letters of other widths and other full stops count as the ones that browsers
// take them for.
func holdsLink(text string) bool {
	text = strings.ReplaceAll(norm.NFKC.String(text), "。", ".")
	if scheme.MatchString(text) {
		return true
	}
	for _, word := range dotted.FindAllString(text, -1) {
		if _, err := netip.ParseAddr(word); err == nil || isDomain(strings.ToLower(word)) {
			return true
		}
	}
	return false
}

// isDomain reports whether a word with dots ends like a domain that exists, so that "Md.Rahman" and "J.R.R" stay names. The reserved top-level domains count, too.
func isDomain(word string) bool {
	if ascii, err := idna.Lookup.ToASCII(word); err == nil {
		word = ascii
	}
	suffix, registered := publicsuffix.PublicSuffix(word)
	if registered && suffix != word {
		return true
	}
	last := word[strings.LastIndexByte(word, '.')+1:]
	return slices.Contains([]string{"example", "test", "invalid", "localhost", "local", "onion"}, last)
}
