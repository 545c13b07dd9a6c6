package segments

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/klauspost/compress/zstd"
)

// partFile is the file of one partition: a head, then blocks in the order of their sequences.
type partFile struct {
	path    string
	file    *os.File
	created time.Time // of the stream; zero: of none
	blocks  []placedBlock
	size    int64 // bytes, up to the end of the last whole block
}

// placedBlock is where a block is in its file.
type placedBlock struct {
	header blockHeader
	at     int64
}

// The head of a file is a skippable frame: magic number, size, then the version and when the stream was created, in Unix nanoseconds.
const (
	headMagic   = 0x184D2A5A
	headSize    = 8 + 16
	headVersion = 1
)

func encodeHead(created time.Time) []byte {
	nanos := int64(0)
	if !created.IsZero() {
		nanos = created.UnixNano()
	}
	out := binary.LittleEndian.AppendUint32(nil, headMagic)
	out = binary.LittleEndian.AppendUint32(out, headSize-8)
	out = binary.LittleEndian.AppendUint64(out, headVersion)
	return binary.LittleEndian.AppendUint64(out, uint64(nanos))
}

// errForeign says that a file is not a part of an event copy. Nothing of it is changed.
var errForeign = errors.New("the file is not Homeroom's and stays as it is: name another folder, or delete it")

// openPart opens a file or makes it, and finds its blocks. What follows the last whole block is cut off: the process that wrote it ended.
func openPart(path string) (*partFile, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	p := &partFile{path: path, file: file}
	if err := p.findBlocks(); err != nil {
		return p, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

func (p *partFile) findBlocks() error {
	var head [headSize]byte
	n, err := io.ReadFull(p.file, head[:])
	if n == 0 && errors.Is(err, io.EOF) {
		return p.clear(time.Time{})
	}
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	whole := encodeHead(time.Time{})
	if n < 4 || !bytes.Equal(head[:4], whole[:4]) {
		return errForeign
	}
	if n < headSize || !bytes.Equal(head[:16], whole[:16]) {
		return p.clear(time.Time{}) // of another version, or never whole
	}
	if nanos := int64(binary.LittleEndian.Uint64(head[16:])); nanos != 0 {
		p.created = time.Unix(0, nanos)
	}
	info, err := p.file.Stat()
	if err != nil {
		return err
	}
	p.size = headSize
	for {
		h, err := readHeader(io.NewSectionReader(p.file, p.size, headerSize))
		if errors.Is(err, io.EOF) {
			return nil
		}
		end := p.size + headerSize + int64(h.Size)
		if err != nil || end > info.Size() || h.First <= p.taken() {
			if err != nil && !errors.Is(err, errDamaged) {
				return err
			}
			return p.file.Truncate(p.size)
		}
		p.blocks = append(p.blocks, placedBlock{header: h, at: p.size})
		p.size = end
	}
}

// taken is the sequence of the last message that was taken in; 0: there is none.
func (p *partFile) taken() uint64 {
	if len(p.blocks) == 0 {
		return 0
	}
	return p.blocks[len(p.blocks)-1].header.Last
}

// takenAt is when that one was stored, in Unix nanoseconds.
func (p *partFile) takenAt() int64 { return p.blocks[len(p.blocks)-1].header.Stored }

// span returns the first and the last arrival; both are zero if there is no event.
func (p *partFile) span() (first, last time.Time) {
	for i := range p.blocks {
		h := &p.blocks[i].header
		if h.From == 0 {
			continue
		}
		if from := time.Unix(0, h.From).UTC(); first.IsZero() || from.Before(first) {
			first = from
		}
		if to := time.Unix(0, h.At).UTC(); to.After(last) {
			last = to
		}
	}
	return first, last
}

func (p *partFile) countRecords() uint64 {
	var n uint64
	for i := range p.blocks {
		n += p.blocks[i].header.Count
	}
	return n
}

// clear empties the file for a stream that was created then.
func (p *partFile) clear(created time.Time) error {
	p.blocks = nil
	p.created = created
	p.size = headSize
	if err := p.file.Truncate(0); err != nil {
		return err
	}
	_, err := p.file.WriteAt(encodeHead(created), 0)
	return err
}

// appendBlock writes a block behind the last and empties it.
func (p *partFile) appendBlock(b *block, enc *zstd.Encoder) error {
	if b.header.Count == 0 {
		return nil
	}
	var out bytes.Buffer
	header := b.header
	if err := b.writeTo(&out, enc); err != nil {
		return err
	}
	header.Size = uint64(out.Len() - headerSize)
	if _, err := p.file.WriteAt(out.Bytes(), p.size); err != nil {
		return err
	}
	p.blocks = append(p.blocks, placedBlock{header: header, at: p.size})
	p.size += int64(out.Len())
	return nil
}

// dropExpired drops the messages before a sequence: the stream holds them no more. The file is written anew without them.
func (p *partFile) dropExpired(ctx context.Context, first uint64, enc *zstd.Encoder, dec *zstd.Decoder) error {
	if len(p.blocks) == 0 || p.blocks[0].header.First >= first {
		return nil
	}
	file, err := os.OpenFile(p.path+".new", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	next := &partFile{path: p.path, file: file}
	err = next.clear(p.created)
	if err == nil {
		err = p.copyFrom(ctx, next, first, enc, dec)
	}
	if err == nil {
		err = os.Rename(file.Name(), p.path)
	}
	if err != nil {
		return errors.Join(err, file.Close(), os.Remove(file.Name()))
	}
	err = p.file.Close()
	*p = *next
	return err
}

// copyFrom copies the messages under a sequence and after it: whole blocks as they are, and what is left of the one that holds it.
func (p *partFile) copyFrom(ctx context.Context, next *partFile, first uint64, enc *zstd.Encoder, dec *zstd.Decoder) error {
	for i := range p.blocks {
		placed := &p.blocks[i]
		switch h := placed.header; {
		case ctx.Err() != nil:
			return ctx.Err()
		case h.Last < first:
		case h.First >= first:
			whole := make([]byte, headerSize+h.Size)
			if _, err := p.file.ReadAt(whole, placed.at); err != nil {
				return err
			}
			if _, err := next.file.WriteAt(whole, next.size); err != nil {
				return err
			}
			next.blocks = append(next.blocks, placedBlock{header: h, at: next.size})
			next.size += int64(len(whole))
		default:
			var b block
			records, err := readBlock(io.NewSectionReader(p.file, placed.at+headerSize, int64(h.Size)), h, dec)
			if err != nil {
				return err
			}
			err = eachRecord(records, func(r *Record) error {
				if r.Seq >= first {
					b.add(r)
				}
				return nil
			})
			if err != nil {
				return err
			}
			b.header.Stored = h.Stored
			if err := next.appendBlock(&b, enc); err != nil {
				return err
			}
		}
	}
	return nil
}

// eachRecord calls each with every record of the file.
func (p *partFile) eachRecord(ctx context.Context, dec *zstd.Decoder, each func(*Record) error) error {
	section := io.NewSectionReader(p.file, headSize, p.size-headSize)
	return eachBlock(ctx, section, dec, func(h blockHeader, records []byte) error {
		var n uint64
		err := eachRecord(records, func(r *Record) error {
			n++
			return each(r)
		})
		if err == nil && n != h.Count {
			return fmt.Errorf("%w: a block has not as many records as its header says", errDamaged)
		}
		return err
	})
}
