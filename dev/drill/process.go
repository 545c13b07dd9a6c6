package drill

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// process is Homeroom in a process of its own, as its parent sees it.
type process struct {
	cmd    *exec.Cmd
	in     io.WriteCloser // its end is the process's end, whatever becomes of this one
	lines  chan string    // what it says; closed when it has ended
	ended  chan struct{}
	nats   string // where it found its servers
	temp   string
	edge   string
	memory int64 // the most that was resident, in bytes, after stop; 0: not known
}

// launch starts the process and returns when Homeroom serves.
func launch(ctx context.Context, o Options, c config) (*process, error) {
	c.Verbose = o.Verbose
	order, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	p := &process{cmd: o.Process(), lines: make(chan string, 8), ended: make(chan struct{})}
	p.cmd.Env = append(p.cmd.Environ(), "GOMEMLIMIT=900MiB") // as in docker-compose.yml
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
		for said := bufio.NewScanner(out); said.Scan(); {
			p.lines <- said.Text()
		}
		_ = p.cmd.Wait() // killed, as a rule
	}()
	if _, err := p.in.Write(append(order, '\n')); err != nil {
		p.kill()
		return nil, fmt.Errorf("telling Homeroom's process what to do: %w", err)
	}
	words, err := p.hear(ctx, sayReady)
	if err == nil && len(words) != 3 {
		err = fmt.Errorf("Homeroom's process said %q", words)
	}
	if err != nil {
		p.kill()
		return nil, err
	}
	p.nats, p.temp, p.edge = words[0], words[1], words[2]
	return p, nil
}

// hear waits for a line that begins so and returns its other words.
func (p *process) hear(ctx context.Context, word string) ([]string, error) {
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

// kill is kill -9. It may be called again, and after stop.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	for range p.lines { // so that the reader ends
	}
	<-p.ended
	_ = p.in.Close()
}

// died reports whether the process has ended by itself.
func (p *process) died() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// stopTime is how long the process may take to finish what is in hand.
const stopTime = time.Minute

// stop is SIGTERM's gentle way: Homeroom finishes what is in hand.
func (p *process) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stopTime)
	defer cancel()
	defer p.kill()
	if err := p.in.Close(); err != nil {
		return err
	}
	words, err := p.hear(ctx, sayMemory)
	if err == nil && len(words) == 1 {
		p.memory, err = strconv.ParseInt(words[0], 10, 64)
	}
	return err
}
