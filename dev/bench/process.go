package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strings"

	"homeroom/rules"
)

// process is Homeroom with its servers in a process of its own, which can be killed and weighed. It is the one that drills
// kill; see package drill, which says what is written to it and what it answers.
type process struct {
	cmd            *exec.Cmd
	in             io.WriteCloser // its end is the process's end
	ended          chan struct{}
	nats, temporal string
}

// order tells the process what to do.
type order struct {
	Data    string            `json:"data"`
	Inbox   string            `json:"inbox"`
	Key     string            `json:"key"`
	Academy map[string][]byte `json:"academy"`
}

// launch starts the process and returns when Homeroom serves.
func launch(ctx context.Context, command func() *exec.Cmd, dir, inbox, key string, academy *rules.Academy) (*process, error) {
	text, err := json.Marshal(order{Data: dir, Inbox: inbox, Key: key, Academy: academy.Files})
	if err != nil {
		return nil, err
	}
	p := &process{cmd: command(), ended: make(chan struct{})}
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
	said := make(chan string, 8)
	go func() {
		defer close(p.ended)
		defer close(said)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			said <- lines.Text()
		}
		_ = p.cmd.Wait() // killed, as a rule
	}()
	if _, err := p.in.Write(append(text, '\n')); err != nil {
		p.kill()
		return nil, fmt.Errorf("telling Homeroom's process what to do: %w", err)
	}
	select {
	case line := <-said:
		words := strings.Fields(line)
		if len(words) == 4 && words[0] == "ready" {
			p.nats, p.temporal = words[1], words[2]
			return p, nil
		}
		p.kill()
		return nil, fmt.Errorf("Homeroom's process could not begin: %s", line)
	case <-ctx.Done():
		p.kill()
		return nil, ctx.Err()
	}
}

// kill is kill -9. It may be called again.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
	_ = p.in.Close()
}

// resident is what the process holds of the machine's memory, in bytes.
func (p *process) resident() int64 {
	return field(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid), "VmRSS:")
}
