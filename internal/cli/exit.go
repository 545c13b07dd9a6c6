package cli

import "fmt"

// exitCodes are all codes that commands end with; docs/cli.md has the same table.
var exitCodes = []struct {
	code  int
	means string
}{
	{0, "It was done, or nothing was wrong."},
	{1, "It failed, or something is wrong: a test, a check, a server that cannot be reached."},
	{2, "It was typed or configured wrongly; trying again does not help."},
	{3, "There are warnings (rules check --strict), or more changes than allowed (backtest --max-change)."},
}

// ExitError ends the command with one of exitCodes. Err is what to tell the person; nil when the command has said it all.
type ExitError struct {
	Code int
	Err  error
}

func (e ExitError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("exit code %d", e.Code)
	}
	return e.Err.Error()
}

func (e ExitError) Unwrap() error { return e.Err }

// usage is an error about how the command was typed.
func usage(err error) error { return ExitError{Code: 2, Err: err} }
