package yamlfile

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// quotedValue matches a key or dash and the quote that begins its value.
var quotedValue = regexp.MustCompile(`^\s*(?:- +)*(?:[\w.-]+:\s+)?["']`)

// innerQuotesFlaw returns the place of quotes inside a value that is in the same quotes, or nil. The value ends there for YAML, whose
// own error is about what follows. The line of an error and the one before it are looked at.
func (s *Source) innerQuotesFlaw(errorLine int) *flaw {
	for n := errorLine; n >= max(1, errorLine-1); n-- {
		line := s.Line(n)
		start := quotedValue.FindString(line)
		if start == "" {
			continue
		}
		quote := start[len(start)-1:]
		end := strings.LastIndex(line, quote)
		if end <= len(start) {
			continue
		}
		// What quotes may stand inside: an escaped double one, a doubled single one. Spaces keep the bytes in place.
		inner := strings.NewReplacer(`\\`, "  ", `\"`, "  ", "''", "  ").Replace(line[len(start):end])
		open := strings.Index(inner, quote)
		if open < 0 {
			continue
		}
		other := "'"
		if quote == "'" {
			other = `"`
		}
		word, _, closed := strings.Cut(inner[open+1:], quote)
		fix := fmt.Sprintf("write the inner quotes as %s", other)
		if closed {
			fix = fmt.Sprintf("write %s inside: %s%s%s", other, other, word, other)
		} else if quote == "'" {
			fix = "write it twice: ''"
		}
		return &flaw{
			at:      Position{n, utf8.RuneCountInString(line[:len(start)+open]) + 1},
			message: fmt.Sprintf("the quote %s inside the quotes ends the text here", quote),
			fix:     fix,
		}
	}
	return nil
}
