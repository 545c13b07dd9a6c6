package rules

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// Limits of a file and of what is in it. They are far above what a person writes and keep a hostile or broken file from
// costing more than a moment.
const (
	maxFile    = 256 << 10 // bytes
	maxLines   = 10_000
	maxLine    = 8 << 10 // bytes
	maxNesting = 64      // open brackets, or dashes in one line
)

// pos is a place in a file: line and column in characters, from 1. The zero value is the file as a whole.
type pos struct{ line, col int }

// source is one file of the folder as text: UTF-8, lines ending in \n.
type source struct {
	file  string
	text  string
	lines []string
}

func newSource(file string, content []byte) *source {
	text := string(content)
	return &source{file: file, text: text, lines: strings.Split(text, "\n")}
}

// line returns the text of a line, empty if there is no such line.
func (s *source) line(n int) string {
	if n < 1 || n > len(s.lines) {
		return ""
	}
	return s.lines[n-1]
}

// normalize drops a byte order mark and turns Windows line ends into \n, so that a checkout on Windows is the same
// revision.
func normalize(content []byte) []byte {
	content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	return bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n"))
}

// flaw is something wrong with a file before anybody asks what it says.
type flaw struct {
	at           pos
	message, fix string
}

// textFlaw looks for what keeps a file from being read as text.
func (s *source) textFlaw() *flaw {
	if len(s.text) > maxFile {
		return &flaw{message: "the file is larger than 256 KiB", fix: "split it into smaller files"}
	}
	if len(s.lines) > maxLines {
		return &flaw{message: "the file has more than 10,000 lines", fix: "split it into smaller files"}
	}
	for i, line := range s.lines {
		if len(line) > maxLine {
			return &flaw{pos{i + 1, maxLine}, "the line is longer than 8 KiB", "break it into several lines"}
		}
		if !utf8.ValidString(line) {
			valid := strings.ToValidUTF8(line, "\x00")
			col := utf8.RuneCountInString(valid[:strings.IndexByte(valid, 0)]) + 1
			return &flaw{pos{i + 1, col}, "this is not UTF-8 text", "save the file with the encoding UTF-8"}
		}
		if at := strings.IndexFunc(line, isControl); at >= 0 {
			return &flaw{pos{i + 1, utf8.RuneCountInString(line[:at]) + 1},
				"an invisible control character", "delete the character, or the line, and type it again"}
		}
	}
	return nil
}

func isControl(r rune) bool {
	return r < ' ' && r != '\t' || r == 0x7f || r == '\u2028' || r == '\ufeff'
}

// nestingFlaw looks for nesting so deep that reading it would take long. Brackets in texts are counted too, which no
// file that a person wrote will notice.
func (s *source) nestingFlaw() *flaw {
	const message, fix = "nested too deeply", "write it flatter"
	open := 0
	for i, line := range s.lines {
		for at, r := range []byte(line) {
			switch r {
			case '[', '{':
				open++
			case ']', '}':
				open = max(0, open-1)
			}
			if open > maxNesting {
				return &flaw{pos{i + 1, utf8.RuneCountInString(line[:at]) + 1}, message, fix}
			}
		}
		for _, mark := range []string{"- ", "? ", ": "} {
			if strings.Contains(line, strings.Repeat(mark, maxNesting)) {
				return &flaw{pos{i + 1, 1}, message, fix}
			}
		}
		if indent := len(line) - len(strings.TrimLeft(line, " ")); indent > 4*maxNesting {
			return &flaw{pos{i + 1, indent}, message, fix}
		}
	}
	return nil
}
