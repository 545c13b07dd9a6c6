package yamlfile

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// MaxFile is the size of the largest file that is read, in bytes.
const MaxFile = 256 << 10

// Limits of what is in a file. They are far above what a person writes and keep a hostile or broken file from costing
// more than a moment.
const (
	maxLines   = 10_000
	maxLine    = 8 << 10 // bytes
	maxNesting = 64      // open brackets, or dashes in one line
)

// Position is a place in a file. The zero value is the file as a whole.
type Position struct {
	Line int `json:"line"` // from 1
	Col  int `json:"col"`  // in characters, from 1
}

// Source is one file as text: UTF-8, lines ending in \n.
type Source struct {
	File  string // path as the person gave it
	Text  string
	Lines []string
}

// NewSource takes a file's content as it is; see [Normalize].
func NewSource(file string, content []byte) *Source {
	text := string(content)
	return &Source{File: file, Text: text, Lines: strings.Split(text, "\n")}
}

// Line returns the text of a line, empty if there is no such line.
func (s *Source) Line(n int) string {
	if n < 1 || n > len(s.Lines) {
		return ""
	}
	return s.Lines[n-1]
}

// Normalize drops a byte order mark and turns Windows line ends into \n, so that a checkout on Windows is the same
// revision.
func Normalize(content []byte) []byte {
	content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	return bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n"))
}

// flaw keeps a file from being read, before anybody asks what it says.
type flaw struct {
	at      Position
	message string
	fix     string
}

// textFlaw returns what keeps the file from being read as text, or nil.
func (s *Source) textFlaw() *flaw {
	if len(s.Text) > MaxFile {
		return &flaw{message: "the file is larger than 256 KiB", fix: "split it into smaller files"}
	}
	if len(s.Lines) > maxLines {
		return &flaw{message: "the file has more than 10,000 lines", fix: "split it into smaller files"}
	}
	for i, line := range s.Lines {
		if len(line) > maxLine {
			return &flaw{Position{i + 1, maxLine}, "the line is longer than 8 KiB", "break it into several lines"}
		}
		if !utf8.ValidString(line) {
			valid := strings.ToValidUTF8(line, "\x00")
			col := utf8.RuneCountInString(valid[:strings.IndexByte(valid, 0)]) + 1
			return &flaw{Position{i + 1, col}, "this is not UTF-8 text", "save the file with the encoding UTF-8"}
		}
		if at := strings.IndexFunc(line, isControl); at >= 0 {
			return &flaw{Position{i + 1, utf8.RuneCountInString(line[:at]) + 1},
				"an invisible control character", "delete the character, or the line, and type it again"}
		}
	}
	return nil
}

func isControl(r rune) bool {
	return r < ' ' && r != '\t' || r == 0x7f || r == '\u2028' || r == '\ufeff'
}

// nestingFlaw returns the place of nesting so deep that reading it would take long, or nil. Brackets in texts are counted
// too; no file that a person writes holds so many.
func (s *Source) nestingFlaw() *flaw {
	const (
		message = "nested too deeply"
		fix     = "write it flatter"
	)
	open := 0
	for i, line := range s.Lines {
		for at, r := range []byte(line) {
			switch r {
			case '[', '{':
				open++
			case ']', '}':
				open = max(0, open-1)
			}
			if open > maxNesting {
				return &flaw{Position{i + 1, utf8.RuneCountInString(line[:at]) + 1}, message, fix}
			}
		}
		for _, mark := range []string{"- ", "? ", ": "} {
			if strings.Contains(line, strings.Repeat(mark, maxNesting)) {
				return &flaw{Position{i + 1, 1}, message, fix}
			}
		}
		if indent := len(line) - len(strings.TrimLeft(line, " ")); indent > 4*maxNesting {
			return &flaw{Position{i + 1, indent}, message, fix}
		}
	}
	return nil
}
