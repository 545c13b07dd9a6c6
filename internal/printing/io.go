package printing

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// IO is what a command may read from and write to. Results go to Out; progress and complaints go to Err.
type IO struct {
	In       io.Reader
	Out, Err io.Writer
	Color    bool // Out may be colored: a terminal, and NO_COLOR is not set
	Terminal bool // Err is a terminal: progress may be drawn over itself
	// Now returns the time. Nil: progress lines show no rates; commands that need the time cannot run.
	Now func() time.Time
}

// paint returns text in an ANSI color when the output may be colored.
func (o IO) paint(code, text string) string {
	if !o.Color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// PrintJSON prints a value as indented JSON.
func (o IO) PrintJSON(v any) error {
	e := json.NewEncoder(o.Out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// PrintResult prints a result as indented JSON if the format is json, and else the text, which ends with a newline.
func (o IO) PrintResult(format string, result any, text string) error {
	if format == "json" {
		return o.PrintJSON(result)
	}
	return o.PrintText(text)
}

// PrintText prints a text to Out, with one line break at its end.
func (o IO) PrintText(text string) error {
	_, err := io.WriteString(o.Out, strings.TrimSuffix(text, "\n")+"\n")
	return err
}

// PrintStage prints what is being done, a line for each stage.
func (o IO) PrintStage(words string) { fmt.Fprintln(o.Err, words) }
