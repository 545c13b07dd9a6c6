package content

import (
	"errors"

	"homeroom/internal/yamlfile"
)

// Error is one thing that is wrong with a message, found when it was parsed, checked or rendered.
type Error = yamlfile.Problem

// Errors are all the things that are wrong, in the order of file and line. It is the error that Parse and NewLibrary
// return; errors.As finds the first *Error in it.
type Errors = yamlfile.Problems

// ErrNoMessage says that a library has no message of that name.
var ErrNoMessage = errors.New("no such message")
