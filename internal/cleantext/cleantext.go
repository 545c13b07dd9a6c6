// Package cleantext makes texts that strangers wrote fit to be shown: on one line, without what nobody sees, and, where a name is expected, names only. It is pure.
package cleantext

import (
	"strings"
	"unicode"
)

// The joiners: they join or part the letters beside them. Persian and Indic names need them, and so do emoji of several parts.
const (
	nonJoiner = '\u200c'
	joiner    = '\u200d'
)

// Line returns a text on one line, with single spaces and none at its ends. Control characters are spaces. What has no width is left out: the marks and overrides of
// bidirectional text (U+202A–202E, U+2066–2069, U+200E, U+200F, U+061C), which can make a text read as another, zero-width spaces, soft hyphens, fillers. Joiners
// stay where a script needs them.
func Line(text string) string {
	text = strings.ToValidUTF8(text, "")
	plain := true // most texts are
	for _, r := range text {
		plain = plain && r >= ' ' && r < 0x7f
	}
	if !plain {
		text = dropInvisible(text)
	}
	return strings.Join(strings.Fields(text), " ")
}

func dropInvisible(text string) string {
	runes := []rune(text)
	kept := make([]rune, 0, len(runes))
	for i, r := range runes {
		switch {
		case isBlank(r):
			kept = append(kept, ' ')
		case r == nonJoiner, r == joiner:
			if i > 0 && i+1 < len(runes) && isJoined(runes[i-1]) && isJoined(runes[i+1]) {
				kept = append(kept, r)
			}
		case IsInvisible(r):
		default:
			kept = append(kept, r)
		}
	}
	return string(kept)
}

// IsInvisible reports whether nobody sees a character: it has no width, and changes at most how others are shown. Controls are not meant.
func IsInvisible(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}

// isBlank reports whether a character is shown as a space.
func isBlank(r rune) bool {
	const emptyCell = '\u2800' // of Braille, without dots
	return unicode.IsControl(r) || unicode.IsSpace(r) || r == emptyCell
}

// isJoined reports whether a joiner means something beside a character.
func isJoined(r rune) bool {
	return r > 0x7f && !IsInvisible(r) && !isBlank(r) && !unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic)
}
