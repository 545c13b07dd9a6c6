package segments

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"time"

	"github.com/klauspost/compress/zstd"
)

// sorterParts is how many parts a Sorter has. One at a time is loaded, so with ten million events a part has about 160,000.
const sorterParts = 64

// defaultBudget is how many bytes of records a Sorter holds in memory.
const defaultBudget = 128 << 20

// Sorter sorts recorded events into parts by learner, for one use. It is not safe for concurrent use.
type Sorter struct {
	dir    string // for temporary files; empty: the system's
	budget int
	parts  [sorterParts]sorterPart
	held   int // bytes in memory
	events int64
	first  time.Time
	last   time.Time
	enc    *zstd.Encoder
	dec    *zstd.Decoder
}

// sorterPart is one part: what was written to its file, then what is in memory.
type sorterPart struct {
	file  *os.File // nil: nothing was written
	full  [][]byte // blocks that are not compressed
	block block
}

// SorterOptions say where a Sorter puts what does not fit into memory.
type SorterOptions struct {
	Dir    string // for temporary files; empty: the system's, which TMPDIR names
	Budget int    // bytes of records that are held in memory; 0: 128 MiB
}

// NewSorter returns an empty sorter, which must be closed.
func NewSorter(opts SorterOptions) (*Sorter, error) {
	s := &Sorter{dir: opts.Dir, budget: opts.Budget}
	if s.budget <= 0 {
		s.budget = defaultBudget
	}
	var err error
	if s.enc, err = newEncoder(); err != nil {
		return nil, err
	}
	s.dec, err = newDecoder()
	return s, err
}

// Close removes the temporary files.
func (s *Sorter) Close() error {
	var errs error
	for i := range s.parts {
		if f := s.parts[i].file; f != nil {
			errs = errors.Join(errs, f.Close())
			_ = os.Remove(f.Name()) // it is gone already where a file can be removed while it is open
		}
	}
	s.dec.Close()
	return errs
}

// Add takes an event in. The events of a learner stay in the order in which they were added; nothing of r is kept.
func (s *Sorter) Add(r *Record) error {
	h := fnv.New32a()
	h.Write(r.Learner)
	p := &s.parts[h.Sum32()%sorterParts]
	before := len(p.block.records)
	p.block.add(r)
	s.held += len(p.block.records) - before
	s.events++
	if s.first.IsZero() || r.Arrival.Before(s.first) {
		s.first = r.Arrival
	}
	if r.Arrival.After(s.last) {
		s.last = r.Arrival
	}
	if len(p.block.records) >= blockSize {
		p.full = append(p.full, p.block.records)
		p.block = block{}
	}
	if s.held > s.budget {
		return s.spillParts()
	}
	return nil
}

// spillParts writes what is in memory to the parts' files.
func (s *Sorter) spillParts() error {
	for i := range s.parts {
		if err := s.parts[i].writeBlocks(s); err != nil {
			return fmt.Errorf("sorting the events needs room for temporary files; TMPDIR says where: %w", err)
		}
	}
	s.held = 0
	return nil
}

func (p *sorterPart) writeBlocks(s *Sorter) error {
	if p.file == nil {
		f, err := os.CreateTemp(s.dir, "homeroom-backtest-*") // mode 0600
		if err != nil {
			return err
		}
		_ = os.Remove(f.Name()) // where that is not possible, Close does it
		p.file = f
	}
	blocks := p.full
	if len(p.block.records) > 0 {
		blocks = append(blocks, p.block.records)
	}
	w := bufio.NewWriterSize(p.file, 1<<18)
	for _, records := range blocks {
		packed := s.enc.EncodeAll(records, nil)
		h := blockHeader{Count: 1, Size: uint64(len(packed))}
		if _, err := w.Write(append(h.encode(), packed...)); err != nil {
			return err
		}
	}
	p.full = nil
	p.block = block{}
	return w.Flush()
}

// Parts returns how many parts there are.
func (s *Sorter) Parts() int { return sorterParts }

// Events returns how many events were added.
func (s *Sorter) Events() int64 { return s.events }

// Span returns the first and the last arrival; both are zero if there is no event.
func (s *Sorter) Span() (first, last time.Time) { return s.first, s.last }

// ReadPart calls each with every event of a part. What it gets stays valid.
func (s *Sorter) ReadPart(ctx context.Context, part int, each func(*Record) error) error {
	p := &s.parts[part]
	if p.file != nil {
		if _, err := p.file.Seek(0, io.SeekStart); err != nil {
			return fmt.Errorf("read a temporary file: %w", err)
		}
		if err := eachBlock(ctx, p.file, s.dec, func(_ blockHeader, records []byte) error { return eachRecord(records, each) }); err != nil {
			return fmt.Errorf("read a temporary file: %w", err)
		}
	}
	for _, records := range p.full {
		if err := eachRecord(records, each); err != nil {
			return err
		}
	}
	return eachRecord(p.block.records, each)
}

// eachBlock calls each with every block from where the file is read, unpacked.
func eachBlock(ctx context.Context, file io.Reader, dec *zstd.Decoder, each func(blockHeader, []byte) error) error {
	r := bufio.NewReaderSize(file, 1<<18)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		h, err := readHeader(r)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		records, err := readBlock(r, h, dec)
		if err != nil {
			return err
		}
		if err := each(h, records); err != nil {
			return err
		}
	}
}
