package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"homeroom/dev/stack"
)

func TestUsage(t *testing.T) {
	tests := []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--help"}, 0, "Usage: dev"},
		{[]string{"run", "--help"}, 0, "--inbox-port"},
		{[]string{"--nonsense"}, 2, "unknown flag --nonsense"},
		{[]string{"--nats-port", "many"}, 2, "--nats-port"},
		{nil, 2, "dev: run it in the folder that git cloned, where examples/academy is, or name an academy with --academy DIR\n"}, // tests run in a folder of their own
	}
	for _, test := range tests {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			var out bytes.Buffer
			if code := runMain(t.Context(), test.args, &out, &out); code != test.code || !strings.Contains(out.String(), test.want) {
				t.Errorf("got %d, want %d with %q:\n%s", code, test.code, test.want, out.String())
			}
		})
	}
}

func TestTakenPortIsNamedWithItsFlag(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	port := strconv.Itoa(ln.Addr().(*net.TCPAddr).Port)
	var out bytes.Buffer
	code := runMain(t.Context(), []string{"--academy=../examples/academy", "--nats-port=0", "--temporal-port=0", "--edge-port=0", "--console-port=0", "--api-port=0", "--ui-port=" + port, "--inbox-port=" + port}, &out, &out)
	want := "dev: the Temporal UI can't start: port " + port + " is taken by another program; choose another with --ui-port\n" +
		"dev: the inbox can't start: port " + port + " is meant for the Temporal UI too; choose another with --inbox-port\n"
	if code != 1 || out.String() != want {
		t.Errorf("got %d:\n%s\nwant 1:\n%s", code, out.String(), want)
	}
}

// bannerReader ends the command as soon as the banner is complete.
type bannerReader struct {
	bytes.Buffer
	done context.CancelFunc
}

func (b *bannerReader) Write(p []byte) (int, error) {
	defer func() {
		if strings.Contains(b.String(), "Data") {
			b.done()
		}
	}()
	return b.Buffer.Write(p)
}

func TestRunStartsAndStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &bannerReader{done: cancel}
	errOut := &bytes.Buffer{}
	if code := runMain(ctx, []string{"--academy=../examples/academy", "--nats-port=0", "--temporal-port=0", "--ui-port=0", "--edge-port=0", "--console-port=0", "--api-port=0", "--inbox-port=0", "--data", t.TempDir()}, out, errOut); code != 0 || errOut.Len() > 0 {
		t.Errorf("got %d:\n%s%s", code, out.String(), errOut.String())
	}
}

func TestBanner(t *testing.T) {
	s := &stack.Stack{
		NATSURL:         "nats://127.0.0.1:4222",
		TemporalAddress: "127.0.0.1:7233",
		Namespace:       "default",
		UIURL:           "http://127.0.0.1:8233",
		InboxURL:        "http://127.0.0.1:8025",
	}
	var out bytes.Buffer
	if err := printBanner(&out, s, "http://127.0.0.1:8024", "http://127.0.0.1:8026", "http://127.0.0.1:8081", "hr_key", ""); err != nil {
		t.Fatal(err)
	}
	want := `
Homeroom is up, on this machine only. Ctrl-C stops it.

  Console            http://127.0.0.1:8024   write rules, try them, publish them, see what they did
  Inbox              http://127.0.0.1:8025   what learners would get; also the SendGrid API
  Learners' pages    http://127.0.0.1:8026   unsubscribe, preferences, share links: follow them from the inbox
  Events over HTTP   http://127.0.0.1:8081   POST /v1/events with the write key hr_key
  Temporal UI        http://127.0.0.1:8233   one workflow per learner
  Temporal           127.0.0.1:7233          namespace default
  NATS               nats://127.0.0.1:4222   publish to learning.<learner>.<event>
  Data               in memory, gone at the end (--data DIR keeps it)

`
	if out.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", out.String(), want)
	}
}

func TestSecondInterruptLeavesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		signals := make(chan os.Signal)
		left := -1
		ctx := untilInterrupted(signals, io.Discard, func(code int) { left = code })
		synctest.Wait()
		if ctx.Err() != nil {
			t.Fatal("it stopped by itself")
		}
		signals <- os.Interrupt
		synctest.Wait()
		if ctx.Err() == nil || left != -1 {
			t.Fatalf("after one signal: %v, left with %d; want to be stopping", ctx.Err(), left)
		}
		signals <- os.Interrupt
		synctest.Wait()
		if left != 130 {
			t.Errorf("after two signals: left with %d, want 130", left)
		}
	})
}
