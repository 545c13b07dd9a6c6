package content

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/osteele/liquid/parser"

	"homeroom/internal/spelling"
)

// checker finds what is wrong with a template before Liquid sees it.
type checker struct {
	from     origin
	known    roots
	template *template
	errs     Errors
	locals   []string
	loops    int
	// lists are the outer lists that loops go through, by the names of their items.
	lists map[string]string
}

func (c *checker) addError(line int, hint, format string, args ...any) {
	c.addErrorAt(line, "", hint, format, args...)
}

// addErrorAt adds an error about a piece of a line; without one it is about the line as a whole.
func (c *checker) addErrorAt(line int, piece, hint, format string, args ...any) {
	c.errs = append(c.errs, Error{
		File:    c.from.file,
		Line:    line,
		Col:     c.from.columnOf(line, piece),
		Message: fmt.Sprintf(format, args...),
		Fix:     hint,
	})
}

func (c *checker) checkSource(source string, line int) {
	eachToken(source, line, func(tok parser.Token, literal bool) {
		at := tok.SourceLoc.LineNo
		switch {
		case literal:
		case tok.Type == parser.TextTokenType:
			if before, _, found := strings.Cut(tok.Source, "{{"); found {
				c.addError(at+strings.Count(before, "\n"), "close it with }} on the same line", "{{ is not closed")
			} else if before, _, found := strings.Cut(tok.Source, "{%"); found {
				c.addError(at+strings.Count(before, "\n"), "write {% name … %}", "this tag is malformed or not closed")
			}
		case tok.Type == parser.ObjTokenType:
			if strings.Contains(tok.Args, "%}") {
				c.addError(at, "", "%%} cannot stand inside {{ }}")
				return
			}
			c.checkExpression(tok.Args, at, false)
		default:
			c.checkTag(tok, at)
		}
	})
}

func (c *checker) checkTag(tok parser.Token, line int) {
	switch tok.Name {
	case "assign":
		name, value, ok := strings.Cut(tok.Args, "=")
		if !ok {
			c.addError(line, "write {% assign name = value %}", "this assign has no =")
			return
		}
		c.checkExpression(value, line, false)
		c.addLocal(strings.TrimSpace(name), line)
	case "capture":
		c.addLocal(strings.TrimSpace(tok.Args), line)
	case "for":
		name, list, ok := cutLoop(tok.Args)
		if !ok {
			c.addError(line, "write {% for item in trigger.list %}", "this loop is malformed")
			return
		}
		if c.loops++; c.loops > 2 {
			c.addError(line, "", "loops may be nested two deep at most")
		}
		c.checkExpression(list, line, true)
		c.addLocal(name, line)
		c.noteLoop(name, list)
		c.locals = append(c.locals, "forloop")
	case "endfor":
		c.loops--
	case "if", "unless", "elsif", "case", "when":
		c.checkExpression(tok.Args, line, false)
	case "button":
		c.checkButton(tok.Args, line)
	case "share":
		c.addShare(variable{line: line, col: c.from.columnOf(line, tok.Source)})
	default:
		if !slices.Contains(liquidTags, tok.Name) {
			c.addErrorAt(line, tok.Name, spelling.Suggest(tok.Name, liquidTags), "unknown tag %q", tok.Name)
		}
	}
}

func (c *checker) checkButton(args string, line int) {
	label, url, ok := cutButton(args)
	if !ok {
		c.addError(line, `write {% button "Text" links.name %}`, "a button needs a text in quotes and a link")
		return
	}
	c.checkSource(label, line)
	if isQuoted(url) {
		c.checkSource(strings.Trim(url, `"'`), line)
	} else {
		c.checkExpression(url, line, false)
	}
}

// addLocal adds a variable that the template sets itself.
func (c *checker) addLocal(name string, line int) {
	if _, taken := c.known[name]; taken || c.known == nil {
		c.addError(line, "choose another name", "%s is already a variable", name)
		return
	}
	c.locals = append(c.locals, name)
}

// noteLoop notes which list a loop goes through that a rule has given a name. A list of another variable, or one that the template makes itself, is none.
func (c *checker) noteLoop(item, list string) {
	x, err := analyzeExpression(list, true)
	if err != nil || len(x.variables) == 0 || slices.Contains(c.locals, x.variables[0].root()) {
		return
	}
	if _, own := messageRoots[x.variables[0].root()]; own {
		return
	}
	if c.lists == nil {
		c.lists = map[string]string{}
	}
	c.lists[item] = x.variables[0].dotted()
}

// checkExpression checks the variables and filters of an expression and records what it reads.
func (c *checker) checkExpression(source string, line int, loop bool) {
	x, err := analyzeExpression(source, loop)
	if err != nil {
		c.addError(line, "", "%v", err)
		return
	}
	if rangeExpr.MatchString(source) {
		c.addError(line, "", "ranges such as (1..3) are not for messages")
	}
	for _, f := range x.filters {
		if !slices.Contains(liquidFilters, f) {
			c.addErrorAt(line, f, spelling.Suggest(f, liquidFilters), "unknown filter %q", f)
		}
	}
	for _, v := range x.variables {
		if slices.Contains(c.locals, v.root()) {
			if list := c.lists[v.root()]; list != "" && len(v.parts) > 1 {
				c.template.items = append(c.template.items, list+"."+v.parts[1])
			}
			continue
		}
		if problem, hint := c.known.whyUnknown(v); problem != "" {
			c.addErrorAt(line, v.text, hint, "%s", problem)
			continue
		}
		v.line = line
		v.col = c.from.columnOf(line, v.text)
		c.template.variables = append(c.template.variables, v)
		if v.root() == "share" {
			c.addShare(v)
		}
	}
}

// addShare notes that the template uses the share links.
func (c *checker) addShare(at variable) {
	if !c.template.share {
		c.template.share = true
		c.template.shareAt = at
	}
}

var rangeExpr = regexp.MustCompile(`\([^()"']*\.\.[^()"']*\)`)

// whyUnknown says what is wrong with naming v, or nothing.
func (r roots) whyUnknown(v variable) (problem, hint string) {
	names, known := r[v.root()]
	switch {
	case !known && r["links"] == nil: // a link: a property of the trigger
		return "", ""
	case !known:
		all := make([]string, 0, len(r))
		for name := range r {
			all = append(all, name)
		}
		slices.Sort(all)
		return fmt.Sprintf("unknown variable %s", v.dotted()), spelling.Suggest(v.root(), all)
	case names == nil && len(v.parts) > 1:
		return fmt.Sprintf("%s has no parts", v.root()), ""
	case names == nil, (v.root() == "share" || v.root() == referralRoot) && len(v.parts) == 1:
		return "", ""
	case len(v.parts) == 1:
		return fmt.Sprintf("%s is a group of values", v.root()), fmt.Sprintf("say which, like %s.name", v.root())
	case names[0] != anyName[0] && !slices.Contains(names, v.parts[1]):
		return fmt.Sprintf("unknown variable %s", v.dotted()),
			spelling.Suggest(v.parts[1], names)
	default:
		return "", ""
	}
}
