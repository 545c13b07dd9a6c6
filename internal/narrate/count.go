package narrate

import (
	"fmt"
	"strings"
)

// Count writes a number of things: 1 test, 2 tests, 3 bodies, 151,677 events.
func Count(n int, noun string) string {
	if n != 1 {
		noun = pluralOf(noun)
	}
	return Thousands(n) + " " + noun
}

// pluralOf returns the plural of a noun that is regular in writing, too: days, bodies, matches.
func pluralOf(noun string) string {
	before, endsInY := strings.CutSuffix(noun, "y")
	switch {
	case endsInY && !strings.ContainsAny(lastLetter(before), "aeiou"):
		return before + "ies"
	case strings.HasSuffix(noun, "s"), strings.HasSuffix(noun, "x"), strings.HasSuffix(noun, "ch"), strings.HasSuffix(noun, "sh"):
		return noun + "es"
	}
	return noun + "s"
}

// lastLetter returns the last letter of an English word.
func lastLetter(word string) string { return word[max(0, len(word)-1):] }

// Thousands writes 151677 as 151,677.
func Thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// NoteSuffix writes a note behind a colon; without a note it is empty.
func NoteSuffix(note string) string {
	if note == "" {
		return ""
	}
	return ": " + note
}

// ShortHash is the beginning of a revision's hash, enough to tell revisions apart.
func ShortHash(hash string) string { return hash[:min(12, len(hash))] }
