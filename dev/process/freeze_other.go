//go:build !unix

package process

import "errors"

// Freeze returns an error: this system has no SIGSTOP.
func (p *Process) Freeze() error { return errors.New("this system cannot stop a process for a while") }

// Thaw does nothing.
func (p *Process) Thaw() error { return nil }
