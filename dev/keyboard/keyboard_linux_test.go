package keyboard_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"homeroom/dev/keyboard"
)

// typistEnv makes the test binary the program that reads keys.
const typistEnv = "HOMEROOM_TEST_TYPIST"

func TestMain(m *testing.M) {
	if os.Getenv(typistEnv) != "" {
		os.Exit(runTypist())
	}
	os.Exit(m.Run())
}

// runTypist prints each key that it gets, and ends as some of them say: q returns, x exits, p panics in another goroutine, k is killed. Ctrl-C
// prints a line.
func runTypist() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	k, err := keyboard.Open(os.Stdin)
	if err != nil || k == nil {
		fmt.Println("no keyboard:", err)
		return 1
	}
	defer func() { _ = k.Close() }()
	fmt.Println("ready")
	for {
		select {
		case <-ctx.Done():
			fmt.Println("interrupted")
			return 0
		case key := <-k.Keys():
			fmt.Printf("key %c\n", key)
			switch key {
			case 'q':
				return 0
			case 'x':
				os.Exit(3)
			case 'p':
				go panic("somebody pressed p")
			case 'k':
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			}
		}
	}
}

// terminal is a pseudo-terminal on which a typist runs, with a shell that stays when the typist is gone.
type terminal struct {
	t      *testing.T
	master *os.File
	slave  *os.File
	lines  *bufio.Reader
	before unix.Termios
}

// openTerminal starts a typist by a command of the shell, in which "$TYPIST" is the program.
func openTerminal(t *testing.T, command string) *terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = master.Close() })
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = slave.Close() })
	term := &terminal{t: t, master: master, slave: slave}
	term.before = term.mode()
	out, written, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ended, end, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	shell := exec.CommandContext(t.Context(), "sh", "-c", `trap : INT; `+command+`; echo "left $?"; cat <&3 >/dev/null`)
	shell.Env = append(os.Environ(), typistEnv+"=1", "TYPIST="+os.Args[0])
	shell.Stdin = slave
	shell.Stdout = written
	shell.Stderr = io.Discard
	shell.ExtraFiles = []*os.File{ended}
	shell.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	_ = written.Close()
	_ = ended.Close()
	t.Cleanup(func() {
		_ = end.Close()
		_ = shell.Wait()
		_ = out.Close()
	})
	term.lines = bufio.NewReader(out)
	return term
}

func (term *terminal) mode() unix.Termios {
	term.t.Helper()
	mode, err := unix.IoctlGetTermios(int(term.slave.Fd()), unix.TCGETS)
	if err != nil {
		term.t.Fatal(err)
	}
	return *mode
}

// typeKeys presses keys.
func (term *terminal) typeKeys(keys string) {
	term.t.Helper()
	if _, err := term.master.WriteString(keys); err != nil {
		term.t.Fatal(err)
	}
}

// expectLine expects the next line that the typist or its shell prints.
func (term *terminal) expectLine(want string) {
	term.t.Helper()
	got, err := term.lines.ReadString('\n')
	if strings.TrimSuffix(got, "\n") != want {
		term.t.Fatalf("it printed %q (%v), want %q", got, err, want)
	}
}

// expectMode waits until the terminal is as it was before, which the guard sees to after the end of the typist.
func (term *terminal) expectMode() {
	term.t.Helper()
	tick := time.NewTicker(time.Millisecond) // no event says that another process has set the terminal
	defer tick.Stop()
	for late := time.After(30 * time.Second); term.mode() != term.before; {
		select {
		case <-tick.C:
		case <-late:
			term.t.Fatalf("the terminal is left as %+v, want %+v", term.mode(), term.before)
		}
	}
}

// TestKeysComeAtOnceAndTheTerminalIsGivenBack ends the program in every way that there is.
func TestKeysComeAtOnceAndTheTerminalIsGivenBack(t *testing.T) {
	for _, tc := range []struct {
		name, keys string
		want       []string
	}{
		{"it returns", "+ q", []string{"key +", "key  ", "key q", "left 0"}},
		{"it exits", "x", []string{"key x", "left 3"}},
		{"it panics", "p", []string{"key p", "left 2"}},
		{"it is killed", "k", []string{"key k", "left 137"}},
		{"Ctrl-C", "\x03", []string{"interrupted", "left 0"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			term := openTerminal(t, `"$TYPIST"`)
			term.expectLine("ready")
			mode := term.mode()
			if mode.Lflag&(unix.ICANON|unix.ECHO) != 0 || mode.Lflag&unix.ISIG == 0 || mode.Oflag != term.before.Oflag {
				t.Errorf("while keys are read the terminal is %+v, and was %+v", mode, term.before)
			}
			term.typeKeys(tc.keys)
			for _, line := range tc.want {
				term.expectLine(line)
			}
			term.expectMode()
		})
	}
}

// TestNoKeysWithoutATerminal: what is no terminal, or belongs to somebody else, is left alone.
func TestNoKeysWithoutATerminal(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = null.Close() }()
	if k, err := keyboard.Open(null); k != nil || err != nil {
		t.Errorf("/dev/null is a keyboard: %v", err)
	}
	term := openTerminal(t, `:`)
	term.expectLine("left 0")
	if k, err := keyboard.Open(term.slave); k != nil || err != nil {
		t.Errorf("the terminal of another session is a keyboard: %v", err)
	}
	piped := openTerminal(t, `echo q | "$TYPIST"`)
	piped.expectLine("no keyboard: <nil>")
	piped.expectLine("left 1")
	piped.expectMode()
}
