package cli

import (
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"homeroom/internal/narrate"
)

// redraw is how often a progress line is drawn anew.
const redraw = 100 * time.Millisecond

// progress draws one line over itself on a terminal, and nothing anywhere else.
type progress struct {
	io    IO
	size  int64 // bytes to read; 0: not known
	read  atomic.Int64
	began time.Time
	drawn time.Time
}

// newProgress starts a progress line for reading size bytes.
func newProgress(o IO, size int64) *progress {
	p := &progress{io: o, size: size}
	if o.Now != nil {
		p.began = o.Now()
	}
	return p
}

// reader counts what is read through it.
func (p *progress) reader(r io.Reader) io.Reader { return &countingReader{r: r, n: &p.read} }

// draw draws the line with the number of events, unless it was drawn a moment ago.
func (p *progress) draw(n int) {
	if !p.io.Terminal || p.io.Now == nil {
		return
	}
	now := p.io.Now()
	if now.Sub(p.drawn) < redraw {
		return
	}
	p.drawn = now
	line := fmt.Sprintf("%s events", narrate.Thousands(n))
	if spent := now.Sub(p.began).Seconds(); spent > 0 {
		line += fmt.Sprintf(" · %s/s", narrate.Thousands(int(float64(n)/spent)))
	}
	if p.size > 0 {
		line = bar(float64(p.read.Load())/float64(p.size)) + " " + line
	}
	fmt.Fprintf(p.io.Err, "\r\x1b[K%s", line)
}

// clear removes the line from the terminal.
func (p *progress) clear() {
	if p.io.Terminal && !p.drawn.IsZero() {
		fmt.Fprint(p.io.Err, "\r\x1b[K")
	}
}

// drawReading returns a callback that draws how much of a stream has been read, a new line for each stream, and a function
// that clears what was drawn last.
func (o IO) drawReading() (onRead func(done, total int64), clearLine func()) {
	line := newProgress(o, 0)
	onRead = func(done, total int64) {
		if done == 0 {
			line.clear()
			line = newProgress(o, total)
			return
		}
		line.read.Store(done)
		line.draw(int(done))
	}
	return onRead, func() { line.clear() }
}

// bar draws a share between 0 and 1.
func bar(share float64) string {
	const width = 24
	share = min(max(share, 0), 1)
	full := int(share * width)
	return fmt.Sprintf("%s%s %3.0f%%", strings.Repeat("█", full), strings.Repeat("░", width-full), share*100)
}

type countingReader struct {
	r io.Reader
	n *atomic.Int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}
