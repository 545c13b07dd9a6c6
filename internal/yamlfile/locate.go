package yamlfile

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Locate returns where the character at byte offset `off` of a scalar's value stands in the file. It walks value and
// source side by side: exact for plain and block scalars and for quoted ones without escapes, near for the rest.
func (s *Source) Locate(n *Node, off int) Position {
	c := cursor{src: s, at: n.At}
	switch n.Style {
	case Quoted:
		c.moveOn()
	case Block:
		c.at = Position{n.At.Line + 1, 1}
	}
	value := n.Text[:min(off, len(n.Text))]
	c.skipBlanks()
	for len(value) > 0 {
		r, size := utf8.DecodeRuneInString(value)
		value = value[size:]
		if unicode.IsSpace(r) {
			value = strings.TrimLeftFunc(value, unicode.IsSpace)
			if value != "" || off < len(n.Text) {
				c.skipBlanks()
			}
			continue
		}
		c.passRune(r, n.Style == Quoted)
	}
	return c.at
}

// cursor is a place in a source that moves forward.
type cursor struct {
	src *Source
	at  Position
}

// restOfLine returns what follows in the cursor's line.
func (c *cursor) restOfLine() string {
	line := c.src.Line(c.at.Line)
	for i := 1; i < c.at.Col && line != ""; i++ {
		_, size := utf8.DecodeRuneInString(line)
		line = line[size:]
	}
	return line
}

// moveOn moves one character on, to the next line at the end of one.
func (c *cursor) moveOn() {
	if c.restOfLine() == "" {
		if c.at.Line < len(c.src.Lines) {
			c.at = Position{c.at.Line + 1, 1}
		}
		return
	}
	c.at.Col++
}

func (c *cursor) skipBlanks() {
	for {
		rest := c.restOfLine()
		trimmed := strings.TrimLeftFunc(rest, unicode.IsSpace)
		c.at.Col += utf8.RuneCountInString(rest) - utf8.RuneCountInString(trimmed)
		if trimmed != "" || c.at.Line >= len(c.src.Lines) {
			return
		}
		c.at = Position{c.at.Line + 1, 1}
	}
}

// passRune moves past the source of one character of the value: itself, or an escape in quotes.
func (c *cursor) passRune(r rune, quotes bool) {
	rest := c.restOfLine()
	switch {
	case rest == "":
		c.skipBlanks()
		c.moveOn()
	case quotes && (strings.HasPrefix(rest, "''") && r == '\'' || strings.HasPrefix(rest, `\`) && r != '\\'):
		c.moveOn()
		c.moveOn()
	case quotes && strings.HasPrefix(rest, `\\`):
		c.moveOn()
		c.moveOn()
	default:
		c.moveOn()
	}
}
