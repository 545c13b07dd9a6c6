//go:build unix

package keyboard

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Keyboard is a terminal that hands over each key as it is pressed and does not echo it. Signals such as Ctrl-C stay what they
// are, and what is printed is unaffected.
type Keyboard struct {
	keys     chan byte
	guard    *exec.Cmd
	guarding io.Closer // the guard gives the terminal back when this is closed, also by the end of the process
	signals  chan os.Signal
}

// keyMode are the arguments of stty for a terminal that hands over keys.
var keyMode = []string{"-icanon", "-echo", "min", "1", "time", "0"}

// Open makes a keyboard of the terminal that in is. It returns nil if in is no terminal, or one in which the process runs in the
// background.
func Open(in *os.File) (*Keyboard, error) {
	if !inForeground(in) {
		return nil, nil
	}
	saved, err := runStty(in, "-g")
	if err != nil {
		return nil, err
	}
	k := &Keyboard{keys: make(chan byte), signals: make(chan os.Signal, 1)}
	if err := k.startGuard(in, strings.TrimSpace(saved)); err != nil {
		return nil, err
	}
	if _, err := runStty(in, keyMode...); err != nil {
		_ = k.Close()
		return nil, err
	}
	signal.Ignore(syscall.SIGTTIN) // reading in the background is an error then, and does not stop the process
	signal.Notify(k.signals, syscall.SIGCONT)
	go k.setModeAfterStop(in)
	go k.readKeys(in)
	return k, nil
}

// Keys returns the keys as they are pressed. The channel is closed when the terminal is gone.
func (k *Keyboard) Keys() <-chan byte { return k.keys }

// Close gives the terminal back. Keys that are pressed afterwards are lost until the process ends.
func (k *Keyboard) Close() error {
	signal.Stop(k.signals)
	if err := k.guarding.Close(); err != nil {
		return err
	}
	if err := k.guard.Wait(); err != nil {
		return fmt.Errorf("giving the terminal back: %w; type reset if it does not show what you type", err)
	}
	return nil
}

// guardScript waits for the end of its file 3 and gives the terminal back. What stops or ends the program does not end it.
const guardScript = `trap "" HUP INT QUIT TERM TSTP TTOU; cat <&3 >/dev/null; exec stty "$0"`

// startGuard starts a process that gives the terminal back when this one ends, also by a panic or by kill -9.
func (k *Keyboard) startGuard(in *os.File, saved string) error {
	end, guarding, err := os.Pipe()
	if err != nil {
		return err
	}
	k.guarding = guarding
	k.guard = exec.Command("sh", "-c", guardScript, saved)
	k.guard.Stdin = in
	k.guard.ExtraFiles = []*os.File{end}
	err = k.guard.Start()
	_ = end.Close()
	if err != nil {
		_ = guarding.Close()
		return fmt.Errorf("starting what gives the terminal back: %w", err)
	}
	return nil
}

// setModeAfterStop sets the terminal anew when the process goes on in the foreground after Ctrl-Z: shells do not.
func (k *Keyboard) setModeAfterStop(in *os.File) {
	for range k.signals {
		if inForeground(in) {
			_, _ = runStty(in, keyMode...)
		}
	}
}

// backgroundPause is how long reading waits while the process is in the background.
const backgroundPause = 500 * time.Millisecond

func (k *Keyboard) readKeys(in *os.File) {
	defer close(k.keys)
	var one [1]byte
	for {
		n, err := in.Read(one[:])
		switch {
		case n == 1:
			k.keys <- one[0]
		case err == io.EOF:
			return
		case err != nil && isTerminal(in) && !inForeground(in):
			time.Sleep(backgroundPause)
		case err != nil:
			return
		}
	}
}

// inForeground reports whether in is the terminal of this process, and the process is the one in front there.
func inForeground(in *os.File) bool {
	group, err := unix.IoctlGetInt(int(in.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// Columns returns how many columns the terminal that f is has; 0: it is no terminal.
func Columns(f *os.File) int {
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	return int(size.Col)
}

// isTerminal reports whether in is the terminal of this process.
func isTerminal(in *os.File) bool {
	_, err := unix.IoctlGetInt(int(in.Fd()), unix.TIOCGPGRP)
	return err == nil
}

// runStty runs stty on a terminal and returns what it prints.
func runStty(in *os.File, args ...string) (string, error) {
	cmd := exec.Command("stty", args...)
	cmd.Stdin = in
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("stty %s: %w", strings.Join(args, " "), err)
	}
	return string(out), nil
}
