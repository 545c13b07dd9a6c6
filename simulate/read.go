package simulate

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"homeroom/catalog"
)

// Decoder reads one body, in any format, over what d held before; *catalog.Catalog is one.
type Decoder interface {
	DecodeInto(d *catalog.Decoded, learner, event string, body []byte, received time.Time) *catalog.DecodeError
}

// DeadLetter is a line that production would have put aside.
type DeadLetter struct {
	Line int // from 1
	Err  *catalog.DecodeError
}

func (d DeadLetter) String() string {
	return fmt.Sprintf("line %d: %s: %s", d.Line, d.Err.Code, d.Err.Error())
}

const (
	chunkLines = 256     // lines decoded in one go
	chunkBytes = 1 << 19 // or fewer, when they are long
	// maxLine is what is kept of a line: enough for the catalog to see that a body is too large.
	maxLine = 256<<10 + 1
)

// farFuture is the receive time of recorded events: no event is too new, and one that says no time gets this one.
var farFuture = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// chunk is a piece of the file on its way from the reader through a decoder and the sequencer to the deciders, and back to be
// filled again.
type chunk struct {
	first   int // number of its first line
	data    []byte
	ends    []int // where each line ends in data
	room    [chunkLines]decoded
	events  []decoded     // those of room that are filled
	decoded chan struct{} // gets one when events is filled
	shares  [][]*decoded  // the events of each decider, in order
	holders atomic.Int32  // how many deciders are not done with it
}

// newChunk has room for lines of the usual length, of the learners of so many deciders.
func newChunk(deciders int) *chunk {
	return &chunk{
		data:    make([]byte, 0, chunkLines*256),
		ends:    make([]int, 0, chunkLines),
		decoded: make(chan struct{}, 1),
		shares:  make([][]*decoded, deciders),
	}
}

// decoded is one line: an event or an error.
type decoded struct {
	catalog.Decoded
	at   time.Time // when the stream took it in
	line int
	body []byte // in the chunk's data
	// merge is set if the event merges another id into its learner's.
	merge *mergeTransfer
	err   *catalog.DecodeError
}

// Decompress returns a reader of plain text, whether or not r is gzipped; it looks at the content, not at a name.
func Decompress(r io.Reader) (io.Reader, error) {
	br := bufio.NewReaderSize(r, 1<<16)
	head, err := br.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read events: %w", err)
	}
	if !bytes.Equal(head, []byte{0x1f, 0x8b}) {
		return br, nil
	}
	zr, err := gzip.NewReader(br)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return zr, nil
}

// readChunks cuts r into chunks and hands each to both channels; it closes neither. Spare chunks are filled again.
func readChunks(ctx context.Context, r io.Reader, deciders int, spare <-chan *chunk, work, ordered chan<- *chunk) error {
	br := bufio.NewReaderSize(r, 1<<16)
	line := 1
	for {
		var c *chunk
		select {
		case c = <-spare:
		default:
			c = newChunk(deciders)
		}
		err := c.readLines(br, line)
		if len(c.ends) > 0 {
			line += len(c.ends)
			for _, ch := range []chan<- *chunk{work, ordered} {
				select {
				case ch <- c:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read events after line %d: %w", line-1, err)
		}
	}
}

// readLines reads whole lines; what a line has beyond maxLine is dropped. There are none when there was nothing.
func (c *chunk) readLines(br *bufio.Reader, first int) error {
	c.first = first
	c.data = c.data[:0]
	c.ends = c.ends[:0]
	for start := 0; len(c.ends) < chunkLines && len(c.data) < chunkBytes; start = len(c.data) {
		for {
			part, err := br.ReadSlice('\n')
			room := maxLine - (len(c.data) - start)
			c.data = append(c.data, part[:min(len(part), room)]...)
			if err == nil {
				break
			}
			if errors.Is(err, bufio.ErrBufferFull) {
				continue
			}
			if len(c.data) > start {
				c.ends = append(c.ends, len(c.data))
			}
			return err
		}
		c.ends = append(c.ends, len(c.data))
	}
	return nil
}

// decode fills in the chunk's events; blank lines are passed over.
func (c *chunk) decode(dec Decoder) {
	events := 0
	start := 0
	for i, end := range c.ends {
		body := bytes.TrimSpace(c.data[start:end])
		start = end
		if len(body) == 0 {
			continue
		}
		d := &c.room[events]
		d.line = c.first + i
		d.body = body
		d.merge = nil
		d.err = dec.DecodeInto(&d.Decoded, "", "", body, farFuture)
		events++
	}
	c.events = c.room[:events]
	c.decoded <- struct{}{}
}
