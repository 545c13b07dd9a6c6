// Package process runs Homeroom in a process of its own, so that it can be killed and its memory measured: [Launch] starts
// the process, and [Serve] is what the process runs. The drills, the bench and the drawn dashboard use it. It must not know either.
package process

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// Process is Homeroom in a process of its own, as its parent sees it.
type Process struct {
	NATS, Temporal, Edge string // addresses of its servers and of its edge
	Metrics              string // address of its /metrics

	cmd   *exec.Cmd
	in    io.WriteCloser // the process stops when it is closed, also by the end of this process
	lines chan string    // standard output; closed when the process has ended
	ended chan struct{}
}

// Launch starts the process, with a command that runs [Serve] on its standard input and output, and returns when Homeroom
// serves.
func Launch(ctx context.Context, command *exec.Cmd, o Order) (*Process, error) {
	order, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	p := &Process{cmd: command, lines: make(chan string, 8), ended: make(chan struct{})}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting Homeroom's process: %w", err)
	}
	go func() {
		defer close(p.ended)
		defer close(p.lines)
		for output := bufio.NewScanner(out); output.Scan(); {
			p.lines <- output.Text()
		}
		_ = p.cmd.Wait() // an error is expected: the process is usually killed
	}()
	if _, err := p.in.Write(append(order, '\n')); err != nil {
		p.Kill()
		return nil, fmt.Errorf("telling Homeroom's process what to do: %w", err)
	}
	words, err := p.awaitLine(ctx, sayReady)
	if err == nil && len(words) != 4 {
		err = fmt.Errorf("Homeroom's process said %q", words)
	}
	if err != nil {
		p.Kill()
		return nil, err
	}
	p.NATS = words[0]
	p.Temporal = words[1]
	p.Edge = words[2]
	p.Metrics = words[3]
	return p, nil
}

// awaitLine waits for a line that begins with word and returns the line's other words.
func (p *Process) awaitLine(ctx context.Context, word string) ([]string, error) {
	for {
		select {
		case line, ok := <-p.lines:
			first, rest, _ := strings.Cut(line, " ")
			switch {
			case !ok:
				return nil, fmt.Errorf("Homeroom's process ended before it was %s: %v", word, p.cmd.ProcessState)
			case first == sayFailed:
				return nil, errors.New(rest)
			case first == word:
				return strings.Fields(rest), nil
			}
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for Homeroom's process to be %s: %w", word, ctx.Err())
		}
	}
}

// Kill kills the process with SIGKILL and waits for its end. It may be called again, and after Stop.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	for range p.lines { // so that the goroutine that reads the output can end
	}
	<-p.ended
	_ = p.in.Close()
}

// Died reports whether the process has ended.
func (p *Process) Died() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// stopTime is how long the process may take to finish its work.
const stopTime = time.Minute

// Stop lets Homeroom finish its work and stop, as SIGTERM does. It returns the peak of the resident memory, in bytes; 0 if
// the system does not say.
func (p *Process) Stop(ctx context.Context) (memory int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, stopTime)
	defer cancel()
	defer p.Kill()
	if err := p.in.Close(); err != nil {
		return 0, err
	}
	words, err := p.awaitLine(ctx, sayMemory)
	if err != nil || len(words) != 1 {
		return 0, err
	}
	return strconv.ParseInt(words[0], 10, 64)
}

// ResidentMemory returns the process's resident memory, in bytes; 0 if the system does not say.
func (p *Process) ResidentMemory() int64 {
	return ReadMemory(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid), "VmRSS:")
}

// metricsTime is how long /metrics may take to answer.
const metricsTime = 10 * time.Second

// ReadMetrics returns what the process's /metrics says. The process must measure, see [Order].
func (p *Process) ReadMetrics(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, metricsTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.Metrics, nil)
	if err != nil {
		return "", err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s", p.Metrics, answer.Status)
	}
	return string(text), err
}
