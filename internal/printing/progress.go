package printing

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

// Progress draws one line over itself on a terminal, and nothing anywhere else.
type Progress struct {
	io    IO
	size  int64 // bytes to read; 0: not known
	read  atomic.Int64
	began time.Time
	drawn time.Time
}

// NewProgress starts a progress line for reading size bytes.
func NewProgress(o IO, size int64) *Progress {
	p := &Progress{io: o, size: size}
	if o.Now != nil {
		p.began = o.Now()
	}
	return p
}

// Reader counts what is read through it.
func (p *Progress) Reader(r io.Reader) io.Reader { return &countingReader{r: r, n: &p.read} }

// Draw draws the line with the number of events, unless it was drawn a moment ago.
func (p *Progress) Draw(n int) {
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
		line = shareBar(float64(p.read.Load())/float64(p.size)) + " " + line
	}
	fmt.Fprintf(p.io.Err, "\r\x1b[K%s", line)
}

// DrawRead draws the line with the number of events, of as many as the line was begun with.
func (p *Progress) DrawRead(done int64) {
	p.read.Store(done)
	p.Draw(int(done))
}

// Clear removes the line from the terminal.
func (p *Progress) Clear() {
	if p.io.Terminal && !p.drawn.IsZero() {
		fmt.Fprint(p.io.Err, "\r\x1b[K")
	}
}

// DrawReading returns a callback that draws how much of a stream has been read, a new line for each stream, and a function
// that clears what was drawn last.
func (o IO) DrawReading() (onRead func(done, total int64), clearLine func()) {
	line := NewProgress(o, 0)
	onRead = func(done, total int64) {
		if done == 0 {
			line.Clear()
			line = NewProgress(o, total)
			return
		}
		line.DrawRead(done)
	}
	return onRead, func() { line.Clear() }
}

// shareBar draws a share between 0 and 1.
func shareBar(share float64) string {
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
