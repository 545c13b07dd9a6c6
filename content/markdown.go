package content

import (
	"regexp"
	"strings"
	"sync"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
)

// markdownParser reads CommonMark with the tables, strikethrough, bare links and task lists of GitHub. It keeps no state between
// texts.
var markdownParser = sync.OnceValue(func() parser.Parser {
	return goldmark.New(goldmark.WithExtensions(
		extension.Table,
		extension.Strikethrough,
		extension.TaskList,
		extension.NewLinkify(
			extension.WithLinkifyAllowedProtocols([]string{"http:", "https:"}),
			extension.WithLinkifyURLRegexp(bareLink),
			extension.WithLinkifyWWWRegexp(bareWWW),
		),
	)).Parser()
})

// A bare link as goldmark reads it, with the marks of values in it: they belong to the link.
var (
	bareLink = regexp.MustCompile(`^(?:http|https)://[-a-zA-Z0-9@:%._\+~#=\x{E000}-\x{E019}]{1,256}(?:\.[a-z]+|\x{E001})(?::\d+)?(?:[/#?][-a-zA-Z0-9@:%_+.~#$!?&/=\(\);,'">\^{}\[\]\x{E000}-\x{E019}` + "`" + `]*)?`)
	bareWWW  = regexp.MustCompile(`^www\.[-a-zA-Z0-9@:%._\+~#=]{1,256}\.[a-z]+(?:[/#?][-a-zA-Z0-9@:%_\+.~#!?&/=\(\);,'">\^{}\[\]\x{E000}-\x{E019}` + "`" + `]*)?`)
)

// delimiterRow matches the row of dashes that makes a table of the row above it.
var delimiterRow = regexp.MustCompile(`^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$`)

// joinTableRows removes the empty lines that Liquid's tags leave between the rows of a table: a loop over rows is a table, too. lineOf
// says on which line of the source each line of the result stood, from 0.
func joinTableRows(source string) (joined string, lineOf []int) {
	lines := strings.Split(source, "\n")
	isRow := func(line string) bool { return strings.HasPrefix(strings.TrimSpace(line), "|") }
	var kept []string
	for i := 0; i < len(lines); i++ {
		kept = append(kept, lines[i])
		lineOf = append(lineOf, i)
		if !isRow(lines[i]) {
			continue
		}
		next := i + 1
		for next < len(lines) && strings.TrimSpace(lines[next]) == "" {
			next++
		}
		begins := next+1 < len(lines) && delimiterRow.MatchString(lines[next+1]) // another table
		if next < len(lines) && isRow(lines[next]) && !begins {
			i = next - 1
		}
	}
	return strings.Join(kept, "\n"), lineOf
}
