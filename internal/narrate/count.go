package narrate

import "fmt"

// Count writes a number of things: 1 test, 2 tests, 151,677 events.
func Count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return Thousands(n) + " " + noun
}

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
