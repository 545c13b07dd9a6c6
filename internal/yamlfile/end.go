package yamlfile

import (
	"strings"
	"unicode"
)

// indexScalars remembers where the keys and single values of a tree begin.
func (r *Reader) indexScalars(n *Node) {
	if n.Kind == Scalar {
		r.scalars[n.At] = n
	}
	for _, p := range n.Pairs {
		r.indexScalars(p.Key)
		r.indexScalars(p.Value)
	}
	for _, item := range n.Items {
		r.indexScalars(item)
	}
}

// endOf returns the column behind what begins at a place: a key, a value as far as it stands in this line, or else a word. It is 0 at the
// end of a line.
func (r *Reader) endOf(at Position) int {
	n := r.scalars[at]
	if n == nil || n.Style != Plain {
		return r.Source.WordEnd(at)
	}
	line := []rune(r.Source.Line(at.Line))
	if at.Col > len(line) {
		return 0
	}
	rest := string(line[at.Col-1:])
	if !strings.HasPrefix(rest, n.Text) { // the value goes on in the next line
		rest, _, _ = strings.Cut(rest, " #")
		return at.Col + len([]rune(strings.TrimRightFunc(rest, unicode.IsSpace)))
	}
	return at.Col + len([]rune(n.Text))
}

// WordEnd returns the column behind the word that begins at a place: a quoted text, a name, a run of signs, or else one character. It is 0
// at the end of a line.
func (s *Source) WordEnd(at Position) int {
	line := []rune(s.Line(at.Line))
	if at.Col < 1 || at.Col > len(line) {
		return 0
	}
	from := at.Col - 1
	first := line[from]
	if first == '"' || first == '\'' {
		for i := from + 1; i < len(line); i++ {
			if line[i] == first {
				return i + 2
			}
		}
	}
	belongs := isNameRune
	switch {
	case strings.ContainsRune(signRunes, first):
		belongs = func(c rune) bool { return strings.ContainsRune(signRunes, c) }
	case !isNameRune(first):
		return at.Col + 1
	}
	end := from
	for end < len(line) && belongs(line[end]) {
		end++
	}
	return end + 1
}

// signRunes are the characters of which an expression's signs are made.
const signRunes = "=<>!&|+-*/%"

func isNameRune(c rune) bool { return c == '_' || unicode.IsLetter(c) || unicode.IsDigit(c) }

// replacementOf returns the replacement of what stands from a place to a column of the same line by a text. Quotes stay. It is nil if it is
// not known where that ends.
func (r *Reader) replacementOf(at Position, end int, text string) *Replacement {
	line := []rune(r.Source.Line(at.Line))
	if end <= at.Col || end > len(line)+1 {
		return nil
	}
	start := at.Col
	if first := line[start-1]; (first == '"' || first == '\'') && end-start >= 2 && line[end-2] == first {
		start++
		end--
	}
	return &Replacement{Start: Position{Line: at.Line, Col: start}, End: Position{Line: at.Line, Col: end}, Text: text}
}

// ReplaceNode returns the replacement of a key or a single value by a text. It is nil if it is not known where that ends.
func (r *Reader) ReplaceNode(n *Node, text string) *Replacement {
	return r.replacementOf(n.At, r.endOf(n.At), text)
}
