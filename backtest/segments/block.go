package segments

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// blockSize is how many bytes of records are compressed at a time.
const blockSize = 256 << 10

// maxBlock bounds a block that is read, in bytes of records: one record may be larger than a block, for a body has up to 256 KiB.
const maxBlock = 4 << 20

// The skippable frame before a block: magic number and size (RFC 8878, 3.1.2), then what the block holds.
const (
	skippableMagic = 0x184D2A5B
	headerSize     = 8 + 7*8
)

// blockHeader says what the block behind it holds.
type blockHeader struct {
	First  uint64 // sequences
	Last   uint64
	From   int64  // earliest arrival of an event, in Unix nanoseconds; 0: there is none
	At     int64  // latest, likewise
	Stored int64  // when the stream stored the last one, likewise; 0: there is no stream
	Count  uint64 // records
	Size   uint64 // bytes of the compressed frame
}

func (h *blockHeader) encode() []byte {
	out := binary.LittleEndian.AppendUint32(nil, skippableMagic)
	out = binary.LittleEndian.AppendUint32(out, headerSize-8)
	for _, n := range []uint64{h.First, h.Last, uint64(h.From), uint64(h.At), uint64(h.Stored), h.Count, h.Size} {
		out = binary.LittleEndian.AppendUint64(out, n)
	}
	return out
}

// readHeader reads the next header; the error is io.EOF at the end of a file, and wraps errDamaged if there is something else.
func readHeader(r io.Reader) (blockHeader, error) {
	var raw [headerSize]byte
	if _, err := io.ReadFull(r, raw[:]); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return blockHeader{}, fmt.Errorf("%w: it ends within a header", errDamaged)
		}
		return blockHeader{}, err
	}
	if binary.LittleEndian.Uint32(raw[:]) != skippableMagic || binary.LittleEndian.Uint32(raw[4:]) != headerSize-8 {
		return blockHeader{}, fmt.Errorf("%w: there is no header where one should be", errDamaged)
	}
	word := func(i int) uint64 { return binary.LittleEndian.Uint64(raw[8+8*i:]) }
	h := blockHeader{
		First:  word(0),
		Last:   word(1),
		From:   int64(word(2)),
		At:     int64(word(3)),
		Stored: int64(word(4)),
		Count:  word(5),
		Size:   word(6),
	}
	if h.Size > maxBlock || h.Last < h.First {
		return blockHeader{}, fmt.Errorf("%w: a header makes no sense", errDamaged)
	}
	return h, nil
}

// readBlock reads the records behind a header.
func readBlock(r io.Reader, h blockHeader, dec *zstd.Decoder) ([]byte, error) {
	packed := make([]byte, h.Size)
	if _, err := io.ReadFull(r, packed); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, fmt.Errorf("%w: it ends within a block", errDamaged)
		}
		return nil, err
	}
	records, err := dec.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	return records, nil
}

// block collects records until they are written.
type block struct {
	header  blockHeader // without Size
	records []byte
}

func (b *block) add(r *Record) {
	if b.header.Count == 0 {
		b.header.First = r.Seq
	}
	b.header.Last = r.Seq
	if at := r.Arrival.UnixNano(); len(r.Body) > 0 {
		if b.header.From == 0 || at < b.header.From {
			b.header.From = at
		}
		b.header.At = max(b.header.At, at)
	}
	b.header.Count++
	b.records = appendRecord(b.records, r)
}

// writeTo appends the block to a file and empties it.
func (b *block) writeTo(w io.Writer, enc *zstd.Encoder) error {
	if b.header.Count == 0 {
		return nil
	}
	packed := enc.EncodeAll(b.records, nil)
	b.header.Size = uint64(len(packed))
	if _, err := w.Write(append(b.header.encode(), packed...)); err != nil {
		return err
	}
	*b = block{records: b.records[:0]}
	return nil
}

// newEncoder returns what compresses blocks. Each block stands for itself, so small windows do.
func newEncoder() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(blockSize), zstd.WithEncoderCRC(true))
}

// newDecoder returns what reads blocks; it refuses one that would unpack to more than maxBlock.
func newDecoder() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxBlock))
}
