package content

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// variable is one use of a variable in a Liquid expression.
type variable struct {
	parts []string // "trigger", "score_pct"
	text  string   // as written, so that Liquid can evaluate it
	// guarded reports that the use says itself what happens if there is no value: `| default: …`.
	guarded bool
	line    int // of the file; 0: not known
	col     int // in characters, from 1; 0: the line as a whole
}

func (v variable) root() string   { return v.parts[0] }
func (v variable) dotted() string { return strings.Join(v.parts, ".") }

// expression is what can be said of a Liquid expression without evaluating it. The Liquid library keeps its syntax
// tree to itself, so the words are read here, with the same lexical rules.
type expression struct {
	variables []variable
	filters   []string
}

var liquidWord = regexp.MustCompile(
	`"[^"]*"|'[^']*'|-?\d+(?:\.\d+)?|\.\.|\.[A-Za-z_][\w-]*\??|[A-Za-z_][\w-]*\??:?|[=!<>]=|\s+|(?s:.)`)

// notVariables are words of the expression language itself.
var notVariables = []string{"true", "false", "nil", "and", "or", "contains", "in"}

// analyzeExpression reads the variables and filters of a Liquid expression. loop says that it follows `in` in a for
// tag, where "reversed", "limit:" and "offset:" may follow.
func analyzeExpression(source string, loop bool) (expression, error) {
	var words []string
	for _, w := range liquidWord.FindAllString(source, -1) {
		if strings.TrimSpace(w) != "" {
			words = append(words, w)
		}
	}
	var x expression
	for i := 0; i < len(words); {
		w := words[i]
		switch {
		case w == "|" && i+1 < len(words) && isName(words[i+1]):
			x.filters = append(x.filters, strings.TrimSuffix(words[i+1], ":"))
			i += 2
		case !isName(w), strings.HasSuffix(w, ":"), slices.Contains(notVariables, w), loop && i > 0 && w == "reversed":
			i++
		default:
			v, next, err := readPath(words, i)
			if err != nil {
				return expression{}, err
			}
			v.guarded = next+1 < len(words) && words[next] == "|" && words[next+1] == "default:" ||
				i > 0 && words[i-1] == "default:"
			x.variables = append(x.variables, v)
			i = next
		}
	}
	return x, nil
}

// readPath reads a variable and its properties from words[i:] and returns where it ends.
func readPath(words []string, i int) (variable, int, error) {
	v := variable{parts: []string{words[i]}, text: words[i]}
	indexed := false // an index into a list was read: what follows it is no property that can be named
	for i++; i < len(words); {
		switch w := words[i]; {
		case len(w) > 1 && w[0] == '.' && w != "..":
			if !indexed {
				v.parts = append(v.parts, w[1:])
			}
			v.text += w
			i++
		case w == "[":
			if i+2 >= len(words) || words[i+2] != "]" || !(isQuoted(words[i+1]) || isNumber(words[i+1])) {
				return v, i, fmt.Errorf(`%s[…] needs a name in quotes or a number`, v.text)
			}
			if isQuoted(words[i+1]) && !indexed {
				v.parts = append(v.parts, strings.Trim(words[i+1], `"'`))
			} else {
				indexed = true
			}
			v.text += "[" + words[i+1] + "]"
			i += 3
		default:
			return v, i, nil
		}
	}
	return v, i, nil
}

func isName(w string) bool {
	c := w[0] | 0x20
	return c >= 'a' && c <= 'z' || w[0] == '_'
}

func isQuoted(w string) bool { return w[0] == '"' || w[0] == '\'' }

func isNumber(w string) bool {
	return w[0] >= '0' && w[0] <= '9' || w[0] == '-' && len(w) > 1
}
