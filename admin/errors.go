package admin

import (
	"fmt"
	"strings"

	"homeroom/internal/spelling"
	"homeroom/store"
)

// Errors that a request may return, to be found with errors.Is: there is no such thing; somebody else published meanwhile.
var (
	ErrNotFound           = store.ErrNotFound
	ErrPublishedMeanwhile = store.ErrPublishedMeanwhile
)

// InputError is a mistake in what a person asked for: a name that does not exist, a value that cannot be read. The same
// request fails again until it is mended.
type InputError struct{ Err error }

func (e *InputError) Error() string { return e.Err.Error() }

func (e *InputError) Unwrap() error { return e.Err }

// suggest says which of the known names a person may have meant, with what goes before: ", did you mean x?" or "; there are a, b". Empty:
// there is none.
func suggest(name string, known []string) string {
	if near := spelling.Nearest(name, known); near != "" {
		return ", did you mean " + near + "?"
	}
	if len(known) == 0 {
		return "; there is none yet"
	}
	listed := strings.Join(known[:min(len(known), maxSuggested)], ", ")
	if len(known) > maxSuggested {
		listed += fmt.Sprintf(" and %d more", len(known)-maxSuggested)
	}
	return "; there are " + listed
}

// maxSuggested is how many names an error lists.
const maxSuggested = 40

// inputError wraps err, which must not be nil.
func inputError(err error) error { return &InputError{Err: err} }
