//go:build !linux

package servers

import "syscall"

// processAttributes leaves everything as it is: where this is not Linux, PostgreSQL says itself that it does not run as root.
func processAttributes(*account) *syscall.SysProcAttr { return nil }
