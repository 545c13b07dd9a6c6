package yamlfile

import (
	"cmp"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

// Problem is one thing that is wrong with a file, or with a folder of them. A part of a file that is not YAML, such as
// the body of a message, may be its place too.
type Problem struct {
	File string `json:"file"`           // path as the person gave it, slashes
	Line int    `json:"line,omitempty"` // from 1; 0: the file as a whole
	Col  int    `json:"col,omitempty"`  // in characters, from 1; 0: the line as a whole
	// EndCol is the column behind the last character that is wrong, in the same line; 0: not known.
	EndCol  int    `json:"end_col,omitempty"`
	Rule    string `json:"rule,omitempty"`
	Message string `json:"message"`
	Fix     string `json:"fix,omitempty"`    // what to do
	Source  string `json:"source,omitempty"` // the line of the file
	Warning bool   `json:"warning,omitempty"`
	Lint    string `json:"lint,omitempty"` // the name of a warning
	// Replacement is the fix as an editor can apply it; nil: people must think about it.
	Replacement *Replacement `json:"replacement,omitempty"`
}

// Replacement is a text that mends a problem if it stands where the text from Start to End stands.
type Replacement struct {
	Start Position `json:"start"`
	End   Position `json:"end"` // behind the last character
	Text  string   `json:"text"`
}

// Error returns place, message and fix in one line.
func (p *Problem) Error() string {
	if p.Fix == "" {
		return p.Head()
	}
	return p.Head() + "; " + p.Fix
}

// Head returns place and message in one line, as an editor can follow it: "rules/x.yaml:3:1: message".
func (p *Problem) Head() string {
	if place := p.place(); place != "" {
		return place + " " + p.what()
	}
	return p.what()
}

// Problems are all the things that are wrong with a file or a folder, sorted by place.
type Problems []Problem

// Error lists the problems, one a line, without their source lines.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i := range ps {
		lines[i] = ps[i].Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the single problems, each as a *Problem.
func (ps Problems) Unwrap() []error {
	out := make([]error, len(ps))
	for i := range ps {
		out[i] = &ps[i]
	}
	return out
}

// Err returns the problems as an error if one of them keeps the folder from being used, else nil.
func (ps Problems) Err() error {
	if ps.Errors() == 0 {
		return nil
	}
	return ps
}

// Errors counts the problems that keep the folder from being used.
func (ps Problems) Errors() int { return len(ps) - ps.Warnings() }

// Warnings counts the problems that do not.
func (ps Problems) Warnings() int {
	n := 0
	for _, p := range ps {
		if p.Warning {
			n++
		}
	}
	return n
}

// Format prints the problems for a person: where and what, the source line with a caret, and the fix.
func (ps Problems) Format(w io.Writer, color bool) error {
	paint := func(code, text string) string {
		if !color {
			return text
		}
		return "\x1b[" + code + "m" + text + "\x1b[0m"
	}
	var b strings.Builder
	for i := range ps {
		p := &ps[i]
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(paint("1", p.place()) + " " + p.what() + "\n")
		if p.Source != "" {
			line, caret := excerpt(p.Source, p.Col)
			b.WriteString("    " + line + "\n")
			if p.Col > 0 {
				b.WriteString("    " + paint(p.colorCode(), caret) + "\n")
			}
		}
		if p.Fix != "" {
			b.WriteString("    " + paint("32", "fix:") + " " + p.Fix + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (p *Problem) colorCode() string {
	if p.Warning {
		return "33"
	}
	return "31"
}

func (p *Problem) place() string {
	switch {
	case p.File == "" && p.Line == 0:
		return ""
	case p.Line == 0:
		return p.File + ":"
	case p.Col == 0:
		return fmt.Sprintf("%s:%d:", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d:", p.File, p.Line, p.Col)
}

func (p *Problem) what() string {
	var b strings.Builder
	if p.Warning {
		b.WriteString("warning: ")
	}
	if p.Rule != "" {
		fmt.Fprintf(&b, "rule %q: ", p.Rule)
	}
	b.WriteString(p.Message)
	if p.Lint != "" {
		b.WriteString(" (" + p.Lint + ")")
	}
	return b.String()
}

// excerptWidth is how much of a long source line is shown.
const excerptWidth = 120

// excerpt returns the part of the line around the column, and a line with a caret under it. Tabs become blanks so that
// the caret stands where it should.
func excerpt(line string, col int) (text, caret string) {
	runes := []rune(strings.ReplaceAll(line, "\t", " "))
	at := min(max(col-1, 0), len(runes))
	if len(runes) > excerptWidth {
		from := max(0, min(at-excerptWidth/2, len(runes)-excerptWidth))
		runes = runes[from : from+excerptWidth]
		at -= from
		if from > 0 {
			runes[0] = '…'
		}
	}
	return strings.TrimRight(string(runes), " "), strings.Repeat(" ", at) + "^"
}

// Under puts the folder before the files' names.
func (ps Problems) Under(dir string) Problems {
	for i := range ps {
		switch {
		case ps[i].File == "." || ps[i].File == "":
			ps[i].File = dir
		case dir != ".":
			ps[i].File = path.Join(dir, ps[i].File)
		}
	}
	return ps
}

// Sort orders the problems by file, place and text, and drops repeats.
func (ps Problems) Sort() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col),
			cmp.Compare(a.Message, b.Message))
	})
	return slices.CompactFunc(ps, func(a, b Problem) bool {
		return a.File == b.File && a.Line == b.Line && a.Col == b.Col && a.Message == b.Message
	})
}
