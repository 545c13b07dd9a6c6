//go:build !unix

package keyboard

import "os"

// Keyboard is not there on this system.
type Keyboard struct{}

// Open returns nil: no keys are read on this system.
func Open(*os.File) (*Keyboard, error) { return nil, nil }

// Columns returns 0: it is not known how many the terminal has.
func Columns(*os.File) int { return 0 }

// Keys returns nil.
func (*Keyboard) Keys() <-chan byte { return nil }

// Close does nothing.
func (*Keyboard) Close() error { return nil }
