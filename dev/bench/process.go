package bench

import (
	"context"
	"fmt"
	"os/exec"

	"homeroom/dev/process"
	"homeroom/dev/standin"
	"homeroom/rules"
)

// launchHomeroom starts Homeroom with its servers, which keep their data in dir, in a process of its own.
func launchHomeroom(ctx context.Context, command func() *exec.Cmd, dir string, mail *standin.Listener, academy *rules.Academy) (*process.Process, error) {
	return process.Launch(ctx, command(), process.Order{Data: dir, Inbox: mail.URL(), Key: mail.PublicKey(), Academy: academy.Files})
}

// residentBytes is what a process holds of the machine's memory, in bytes.
func residentBytes(p *process.Process) int64 {
	return readKilobytes(fmt.Sprintf("/proc/%d/status", p.ID()), "VmRSS:")
}
