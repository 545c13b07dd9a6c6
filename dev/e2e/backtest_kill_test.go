package e2e

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"homeroom/admin"
	"homeroom/worker"
)

// backtestVictim tells this test program to work on backtests until it is killed: the address of NATS, that of Temporal, and the namespace.
const backtestVictim = "HOMEROOM_E2E_BACKTEST"

// workUntilKilled works on backtests, says when it halts in the middle of one, and ends when its standard input does.
func workUntilKilled(servers string) int {
	if err := workHaltingOn(strings.Fields(servers)); err != nil {
		fmt.Fprintln(os.Stderr, "the process to be killed:", err)
		return 1
	}
	return 0
}

func workHaltingOn(servers []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), victimStart)
	defer cancel()
	temporal, err := client.DialContext(ctx, client.Options{HostPort: servers[1], Namespace: servers[2]})
	if err != nil {
		return err
	}
	i, err := admin.Connect(ctx, admin.ConnectOptions{
		Name:      "backtests, to be killed",
		NATS:      admin.NATSOptions{URL: servers[0]},
		Temporal:  temporal,
		Namespace: servers[2],
		Directly:  true,
		Now:       time.Now,
	})
	if err != nil {
		return err
	}
	work := i.BacktestActivities(nil)
	halted := make(chan struct{})
	work.Events = &haltingEvents{BacktestEvents: work.Events, halted: halted}
	if err := worker.NewBacktestWorker(temporal, work, nil).Start(); err != nil {
		return err
	}
	say(os.Stdout, "ready")
	<-halted
	say(os.Stdout, "halted")
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// TestABacktestSurvivesAKill: the process that works on it is killed in the middle of a partition; another one finishes it, with the same result.
func TestABacktestSurvivesAKill(t *testing.T) {
	t.Parallel()
	b := openBacktests(t)
	opts := b.options()
	want := b.runHere(opts)
	k := startVictim(t, fmt.Sprintf("%s=%s %s %s", backtestVictim, b.stack.NATSURL, b.stack.TemporalAddress, b.stack.Namespace))
	k.expect(t, "ready")
	b.begin("bt-1", opts)
	k.expect(t, "halted")
	k.kill()
	b.work(nil)
	got := b.await("bt-1")
	b.compare(&want, &got)
}
