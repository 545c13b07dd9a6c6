package cli

import "fmt"

// ExitError ends the command with an exit code: 1 failed, 2 wrong usage, 3 lint with --strict or too many changes. Err is what to tell the
// person; nil when the command has said it all.
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
