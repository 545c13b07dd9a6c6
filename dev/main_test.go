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
	"time"

	"homeroom/dev/stack"
	"homeroom/engine"
	"homeroom/internal/cells"
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
	at := addresses{
		console: "http://127.0.0.1:8024",
		pages:   "http://127.0.0.1:8026",
		api:     "http://127.0.0.1:8081",
		phones:  "http://127.0.0.1:43210",
		key:     "hr_key",
		data:    "",
	}
	var out bytes.Buffer
	if err := printBanner(&out, s, at); err != nil {
		t.Fatal(err)
	}
	want := `
Homeroom is up, on this machine only. Ctrl-C stops it.

  Console            http://127.0.0.1:8024   write, try and publish rules
  Inbox              http://127.0.0.1:8025   learners' mail; the SendGrid API
  Learners' pages    http://127.0.0.1:8026   where the links in mails lead
  Events over HTTP   http://127.0.0.1:8081   POST /v1/events with the write key
  Write key          hr_key
  Phones             http://127.0.0.1:43210/pushes
  Temporal UI        http://127.0.0.1:8233   one workflow per learner
  Temporal           127.0.0.1:7233          namespace default
  NATS               nats://127.0.0.1:4222   publish learning.<learner>.<event>
  Data               in memory, gone at the end (--data DIR keeps it)

`
	if out.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", out.String(), want)
	}
	out.Reset()
	s.NATSURL = "nats://127.0.0.1:43210" // the longest that there are
	s.UIURL = "http://127.0.0.1:43210"
	if err := printBanner(&out, s, at); err != nil {
		t.Fatal(err)
	}
	expectColumns(t, out.String(), 80)
}

// TestHelpFitsATerminal: every command's.
func TestHelpFitsATerminal(t *testing.T) {
	for _, command := range []string{"", "run", "play", "drill", "bench", "pages", "judge", "null"} {
		var out bytes.Buffer
		if code := runMain(t.Context(), append(strings.Fields(command), "--help"), &out, &out); code != 0 || out.Len() < 200 {
			t.Errorf("%s --help: %d:\n%s", command, code, out.String())
		}
		expectColumns(t, out.String(), 80)
	}
}

// expectColumns reports an error for every line that is longer.
func expectColumns(t *testing.T, text string, most int) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if n := cells.Width(line); n > most {
			t.Errorf("%d columns, want at most %d: %s", n, most, line)
		}
	}
}

// TestDecisionsFitTheTerminal, and are whole where there is none.
func TestDecisionsFitTheTerminal(t *testing.T) {
	d := engine.Decision{
		At:      time.Date(2026, 9, 21, 5, 6, 0, 0, time.UTC),
		Learner: "u_021",
		Rule:    "certificate-share",
		Scope:   "certificate_id=cert_u_021_crs_stats",
		Kind:    engine.KindDeferred,
		Message: "certificate-ready",
		Reason:  engine.ReasonQuietHours,
		Until:   time.Date(2026, 9, 21, 15, 0, 0, 0, time.UTC),
	}
	for columns, want := range map[int]string{
		0:  "Mon 21 Sep 05:06  u_021   deferred   certificate-ready     quiet_hours until 2026-09-21 15:00:00 · certificate-share · certificate_id=cert_u_021_crs_stats\n",
		80: "Mon 21 Sep 05:06  u_021   deferred   certificate-ready     quiet_hours until 20…\n",
		10: "Mon 21 Sep 05:06  u_021   deferred …\n",
	} {
		var out bytes.Buffer
		c := &console{out: &out, columns: func() int { return columns }}
		c.printDecision(d)
		if out.String() != want {
			t.Errorf("in %d columns:\n%swant\n%s", columns, out.String(), want)
		}
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

// TestBenchRefusesWhatItWouldPassOver: two measurements at once, or repetitions of what is not repeated.
func TestBenchRefusesWhatItWouldPassOver(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"bench", "--scale", "--jobs", "A"}, "--scale and --jobs are two measurements: run one after the other"},
		{[]string{"bench", "--scale", "--runs", "3"}, "--runs repeats jobs: name them with --jobs"},
		{[]string{"bench", "--runs", "3"}, "--runs repeats jobs: name them with --jobs"},
	} {
		var out bytes.Buffer
		args := append(test.args, "--academy=../examples/academy")
		if code := runMain(t.Context(), args, &out, &out); code != 2 || !strings.Contains(out.String(), test.want) {
			t.Errorf("%v: got %d, want 2 with %q:\n%s", test.args, code, test.want, out.String())
		}
	}
}
