package admin

import "homeroom/store"

// What a request may be told, to be found with errors.Is: there is no such thing; somebody else published meanwhile.
var (
	ErrNotFound           = store.ErrNotFound
	ErrPublishedMeanwhile = store.ErrPublishedMeanwhile
)

// InputError is a mistake in what a person asked for: a name that does not exist, a value that cannot be read. The same
// request fails again until it is mended.
type InputError struct{ Err error }

func (e *InputError) Error() string { return e.Err.Error() }

func (e *InputError) Unwrap() error { return e.Err }

// inputError wraps err, which must not be nil.
func inputError(err error) error { return &InputError{Err: err} }
