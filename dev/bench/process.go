package bench

import (
	"context"
	"os/exec"

	"homeroom/dev/process"
	"homeroom/internal/standin"
	"homeroom/rules"
)

// launchHomeroom starts a process of Homeroom with its servers, which keep their data in dir.
func launchHomeroom(ctx context.Context, command func() *exec.Cmd, dir string, mail *standin.Listener, academy *rules.Academy) (*process.Process, error) {
	return process.Launch(ctx, command(), process.Order{Data: dir, Inbox: mail.URL(), Key: mail.PublicKey(), Academy: academy.Files})
}
