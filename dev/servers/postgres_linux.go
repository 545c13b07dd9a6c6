package servers

import "syscall"

// processAttributes has a process run as an account, nil being that of this process. The process gets no Ctrl-C of this one's terminal, because it is stopped after those who use it, and is
// interrupted if this process is killed.
func processAttributes(as *account) *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGINT}
	if as != nil {
		attributes.Credential = &syscall.Credential{Uid: uint32(as.uid), Gid: uint32(as.gid)}
	}
	return attributes
}
