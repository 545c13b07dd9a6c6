package printing

import (
	"fmt"
	"io"

	"homeroom/admin"
	"homeroom/internal/narrate"
)

// BacktestProgress draws a line for reading, then one for deciding.
type BacktestProgress struct {
	o        IO
	reading  *Progress
	deciding *Progress // nil: not yet
}

// NewBacktestProgress starts the line for reading size bytes; 0: how many is said while they are read.
func NewBacktestProgress(o IO, size int64) *BacktestProgress {
	return &BacktestProgress{o: o, reading: NewProgress(o, size)}
}

// Reader counts what is read through it.
func (p *BacktestProgress) Reader(r io.Reader) io.Reader { return p.reading.Reader(r) }

// Draw draws how far a stage is.
func (p *BacktestProgress) Draw(stage admin.BacktestStage, done, total int64) {
	if stage == admin.BacktestReading {
		if total > 0 {
			p.reading.size = total
			p.reading.read.Store(done)
		}
		p.reading.Draw(int(done))
		return
	}
	if p.deciding == nil {
		p.reading.Clear()
		p.deciding = NewProgress(p.o, total)
	}
	p.deciding.DrawRead(done)
}

// Clear removes the line.
func (p *BacktestProgress) Clear() {
	p.reading.Clear()
	if p.deciding != nil {
		p.deciding.Clear()
	}
}

// PublicationProgress draws how far a publication is, over itself, where a person looks.
type PublicationProgress struct {
	o     IO
	drawn bool
}

// NewPublicationProgress starts a line.
func NewPublicationProgress(o IO) *PublicationProgress { return &PublicationProgress{o: o} }

// Draw draws the line.
func (l *PublicationProgress) Draw(p admin.PublishProgress) {
	if !l.o.Terminal {
		return
	}
	line := p.Stage
	if p.Swept.Seen > 0 {
		line += fmt.Sprintf(" · %s, %d told", narrate.Count(p.Swept.Seen, "learner"), p.Swept.Signaled())
	}
	l.drawn = true
	fmt.Fprintf(l.o.Err, "\r\x1b[K%s", line)
}

// Clear removes the line.
func (l *PublicationProgress) Clear() {
	if l.drawn {
		l.drawn = false
		fmt.Fprint(l.o.Err, "\r\x1b[K")
	}
}
