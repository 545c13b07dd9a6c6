package rules

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// locate returns where the character at byte offset `off` of a scalar's value stands in the file. It walks value and
// source side by side: exact for plain and block scalars and for quoted ones without escapes, near for the rest.
func (s *source) locate(n *node, off int) pos {
	c := cursor{src: s, at: n.at}
	switch n.style {
	case quoted:
		c.step()
	case block:
		c.at = pos{n.at.line + 1, 1}
	}
	value := n.text[:min(off, len(n.text))]
	c.skipBlanks()
	for len(value) > 0 {
		r, size := utf8.DecodeRuneInString(value)
		value = value[size:]
		if unicode.IsSpace(r) {
			value = strings.TrimLeftFunc(value, unicode.IsSpace)
			if value != "" || off < len(n.text) {
				c.skipBlanks()
			}
			continue
		}
		c.match(r, n.style == quoted)
	}
	return c.at
}

// cursor is a place in a source that moves forward.
type cursor struct {
	src *source
	at  pos
}

// rest is what follows in the cursor's line.
func (c *cursor) rest() string {
	line := c.src.line(c.at.line)
	for i := 1; i < c.at.col && line != ""; i++ {
		_, size := utf8.DecodeRuneInString(line)
		line = line[size:]
	}
	return line
}

// step moves one character on, to the next line at the end of one.
func (c *cursor) step() {
	if c.rest() == "" {
		if c.at.line < len(c.src.lines) {
			c.at = pos{c.at.line + 1, 1}
		}
		return
	}
	c.at.col++
}

func (c *cursor) skipBlanks() {
	for {
		rest := c.rest()
		trimmed := strings.TrimLeftFunc(rest, unicode.IsSpace)
		c.at.col += utf8.RuneCountInString(rest) - utf8.RuneCountInString(trimmed)
		if trimmed != "" || c.at.line >= len(c.src.lines) {
			return
		}
		c.at = pos{c.at.line + 1, 1}
	}
}

// match moves past the source of one character of the value: itself, or an escape in quotes.
func (c *cursor) match(r rune, quotes bool) {
	rest := c.rest()
	switch {
	case rest == "":
		c.skipBlanks()
		c.step()
	case quotes && (strings.HasPrefix(rest, "''") && r == '\'' || strings.HasPrefix(rest, `\`) && r != '\\'):
		c.step()
		c.step()
	case quotes && strings.HasPrefix(rest, `\\`):
		c.step()
		c.step()
	default:
		c.step()
	}
}
