package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// IO is what a command may read from and write to. Results go to Out; progress and complaints go to Err.
type IO struct {
	In       io.Reader
	Out, Err io.Writer
	Color    bool // Out may be colored: a terminal, and NO_COLOR is not set
	Terminal bool // Err is a terminal: progress may be drawn over itself
	// Now returns the time, for rates in progress lines. Nil: none are shown.
	Now func() time.Time
}

// paint returns text in an ANSI color when the output may be colored.
func (o IO) paint(code, text string) string {
	if !o.Color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// printJSON writes a value as indented JSON.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// printResult writes a result as indented JSON if the format is json, and else the text with a newline.
func printResult(o IO, format string, result any, text string) error {
	if format == "json" {
		return printJSON(o.Out, result)
	}
	_, err := fmt.Fprintln(o.Out, text)
	return err
}
