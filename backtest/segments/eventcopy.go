package segments

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/zstd"
)

// ErrDamaged is returned if a file does not hold what it should; [EventCopy.Clear] and a refresh make it anew.
var ErrDamaged = errDamaged

// EventCopy is a folder with a file for each partition of an event stream. It is a copy and can be deleted at any time. It is for one goroutine, and
// one process at a time.
type EventCopy struct {
	dir   string
	lock  *os.File
	parts []*partFile
	enc   *zstd.Encoder
	dec   *zstd.Decoder
}

// maxAttempts is how often a partition is compared that changes while it is.
const maxAttempts = 8

// OpenEventCopy opens a folder, or makes it, for a stream of so many partitions. The error wraps [ErrInUse] if another process has it. What cannot be
// read in it is read from the stream again.
func OpenEventCopy(dir string, partitions int) (*EventCopy, error) {
	c := &EventCopy{dir: dir}
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		c.lock, err = lockFolder(dir)
	}
	if err == nil {
		c.enc, err = newEncoder()
	}
	if err == nil {
		c.dec, err = newDecoder()
	}
	for n := range partitions {
		if err != nil {
			break
		}
		var p *partFile
		p, err = openPart(filepath.Join(dir, fmt.Sprintf("%02d.zst", n)))
		if p != nil {
			c.parts = append(c.parts, p)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open the copy of the events in %s: %w", dir, errors.Join(err, c.Close()))
	}
	return c, nil
}

// Close closes the files.
func (c *EventCopy) Close() error {
	var errs error
	for _, p := range c.parts {
		errs = errors.Join(errs, p.file.Close())
	}
	if c.dec != nil {
		c.dec.Close()
	}
	if c.lock != nil {
		errs = errors.Join(errs, c.lock.Close()) // which gives up the lock
	}
	return errs
}

// Refresh makes the copy hold what the stream holds: it takes in what is new, drops what expired, and reads a partition anew from which something
// was erased, or if the stream is another or went back. Progress hears after each partition; it may be nil.
func (c *EventCopy) Refresh(ctx context.Context, stream Stream, progress func(done, total int64)) error {
	for n := range c.parts {
		if err := c.RefreshPart(ctx, stream, n); err != nil {
			return err
		}
		if progress != nil {
			progress(int64(n+1), int64(len(c.parts)))
		}
	}
	return nil
}

// RefreshPart does what [EventCopy.Refresh] does for one partition.
func (c *EventCopy) RefreshPart(ctx context.Context, stream Stream, part int) error {
	if err := c.refreshPart(ctx, stream, part, c.parts[part]); err != nil {
		return fmt.Errorf("take the events of partition %d into the copy: %w", part, err)
	}
	return nil
}

// errOtherStream says that the stream does not hold what was taken last.
var errOtherStream = errors.New("the stream is another, or went back")

func (c *EventCopy) refreshPart(ctx context.Context, stream Stream, n int, p *partFile) error {
	for range maxAttempts {
		created, first, err := stream.Bounds(ctx)
		if err != nil {
			return err
		}
		if !p.created.Equal(created) || p.taken() < first {
			err = p.clear(created)
		} else {
			err = p.dropExpired(ctx, first, c.enc, c.dec)
		}
		if err == nil {
			err = c.takeRecords(ctx, stream, n, p)
		}
		if errors.Is(err, errOtherStream) || errors.Is(err, errDamaged) {
			if err := p.clear(created); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		same, err := compareCounts(ctx, stream, n, p, first)
		if err != nil || same {
			return err
		}
	}
	return errors.New("the stream changes faster than it can be copied: try again, or read it without --history")
}

// takeRecords appends what comes after the last that was taken. It begins with that one, which tells whether the stream is the same.
func (c *EventCopy) takeRecords(ctx context.Context, stream Stream, n int, p *partFile) error {
	taken := p.taken()
	checked := taken == 0
	_, clock := p.span()
	var b block
	err := stream.Read(ctx, n, taken, func(s *Stored) error {
		if !checked {
			checked = true
			if s.Seq != taken || s.StoredAt.UnixNano() != p.takenAt() {
				return errOtherStream
			}
			return nil
		}
		if s.Time.After(clock) {
			clock = s.Time
		}
		r := Record{Learner: []byte(s.Learner), Seq: s.Seq, Arrival: clock, Body: s.Body}
		if s.Time.IsZero() {
			r = Record{Seq: s.Seq, Arrival: time.Unix(0, 0)}
		}
		b.add(&r)
		b.header.Stored = s.StoredAt.UnixNano()
		if len(b.records) < blockSize {
			return nil
		}
		return p.appendBlock(&b, c.enc)
	})
	if err != nil {
		return err
	}
	if !checked {
		return errOtherStream
	}
	return p.appendBlock(&b, c.enc)
}

// compareCounts reports whether the copy holds as many messages as the partition. If it does not, something was erased, and the file is cleared;
// unless the stream changed meanwhile.
func compareCounts(ctx context.Context, stream Stream, n int, p *partFile, first uint64) (bool, error) {
	later, err := stream.Count(ctx, n, p.taken()+1)
	if err != nil {
		return false, err
	}
	all, err := stream.Count(ctx, n, 0)
	if err != nil {
		return false, err
	}
	laterStill, err := stream.Count(ctx, n, p.taken()+1)
	if err != nil {
		return false, err
	}
	created, firstNow, err := stream.Bounds(ctx)
	if err != nil {
		return false, err
	}
	if later != laterStill || first != firstNow || !created.Equal(p.created) {
		return false, nil
	}
	if p.countRecords()+later == all {
		return true, nil
	}
	return false, p.clear(created)
}

// Clear empties the copy.
func (c *EventCopy) Clear() error {
	var errs error
	for _, p := range c.parts {
		errs = errors.Join(errs, p.clear(time.Time{}))
	}
	return errs
}

// ClearPart empties one partition, which its next refresh reads from the stream again.
func (c *EventCopy) ClearPart(part int) error { return c.parts[part].clear(time.Time{}) }

// CountPart returns how many messages one partition has.
func (c *EventCopy) CountPart(part int) int64 { return int64(c.parts[part].countRecords()) }

// Parts returns how many parts there are.
func (c *EventCopy) Parts() int { return len(c.parts) }

// Events returns how many messages there are.
func (c *EventCopy) Events() int64 {
	var n uint64
	for _, p := range c.parts {
		n += p.countRecords()
	}
	return int64(n)
}

// Span returns the first and the last arrival; both are zero if there is no event.
func (c *EventCopy) Span() (first, last time.Time) {
	for _, p := range c.parts {
		from, to := p.span()
		if !from.IsZero() && (first.IsZero() || from.Before(first)) {
			first = from
		}
		if to.After(last) {
			last = to
		}
	}
	return first, last
}

// ReadPart calls each with every event of a part. What it gets stays valid.
func (c *EventCopy) ReadPart(ctx context.Context, part int, each func(*Record) error) error {
	return c.parts[part].eachRecord(ctx, c.dec, each)
}
