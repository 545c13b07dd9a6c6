// Command homeroom runs the learner engagement engine and the tools around it; `homeroom --help` lists them.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"homeroom/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		stop() // a second signal leaves at once
	}()
	os.Exit(cli.Main(ctx, os.Args[1:], cli.Terminal()))
}
