//go:build unix

package process

import "syscall"

// Freeze stops the process with SIGSTOP until Thaw: it answers nothing, and its connections stay open.
func (p *Process) Freeze() error { return p.cmd.Process.Signal(syscall.SIGSTOP) }

// Thaw has a frozen process go on, with SIGCONT.
func (p *Process) Thaw() error { return p.cmd.Process.Signal(syscall.SIGCONT) }
