package readmodel

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"maps"
	"slices"
)

const (
	// logRowSize is how many records a row of the log has.
	logRowSize = 4096
	// maxBuffered is how many bytes of records are written in a transaction.
	maxBuffered = 64 << 20
	// pieceSize is up to how many bytes records are added to a row, so that rows that grow bit by bit fit a page of SQLite. What one
	// transaction brings for a bucket is one row, however large.
	pieceSize = 3500
)

// bucketCount is how many parts the learners are divided into. A part is what is counted again if something of it changed, so it should have few
// learners.
const bucketCount = 1 << 16

// pieceID is the number of the first piece of a bucket. Those of one stream follow each other, and so do those of one bucket.
func pieceID(stream, bucket int) int64 { return int64(stream)<<40 | int64(bucket)<<20 }

// maxPieces is how many pieces a bucket has at most.
const maxPieces = 1 << 20

// logRow is a run of records in the log: of each its sequence, when it was stored, and its bucket.
type logRow struct {
	first uint64 // sequence
	last  uint64 // sequence
	at    int64  // when the last was stored, in Unix nanoseconds
	count int
	data  []byte
}

// logged is a record as the log has it.
type logged struct {
	sequence uint64
	at       int64 // Unix nanoseconds
	bucket   int   // −1: the record counts nothing
}

func (l *logRow) addRecord(r logged) {
	if l.count == 0 {
		l.first = r.sequence
	}
	l.data = binary.AppendUvarint(l.data, r.sequence-l.last)
	l.data = binary.AppendVarint(l.data, r.at-l.at)
	l.data = binary.AppendUvarint(l.data, uint64(r.bucket+1))
	l.last = r.sequence
	l.at = r.at
	l.count++
}

// readLog returns the records of a row of the log.
func readLog(data string, checksum int64) ([]logged, error) {
	if int64(crc32.ChecksumIEEE([]byte(data))) != checksum {
		return nil, errDamaged
	}
	d := decoder{rest: data}
	var all []logged
	var last logged
	for d.rest != "" {
		last.sequence += d.readUvarint()
		last.at += d.readVarint()
		last.bucket = int(d.readUvarint()) - 1
		all = append(all, last)
	}
	if d.damaged {
		return nil, errDamaged
	}
	return all, nil
}

func insertLogRow(ctx context.Context, tx *sql.Tx, stream int, l *logRow) error {
	if l.count == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO log (stream, first, last, at, count, checksum, data) VALUES (?, ?, ?, ?, ?, ?, ?)",
		stream, l.first, l.last, l.at, l.count, int64(crc32.ChecksumIEEE(l.data)), l.data)
	return err
}

// takeRecords takes in what comes after the position, and moves it. It begins with the last that was taken, which tells whether the stream is
// the same; if not, it returns errOtherStream.
func (m *Model) takeRecords(ctx context.Context, stream int, source Source, p *position) error {
	collected := newIntake(m, stream, p)
	checked := p.taken == 0
	err := source.Read(ctx, p.taken, func(r *Record) error {
		if !checked {
			checked = true
			if r.Sequence != p.taken || r.StoredAt.UnixNano() != p.takenAt {
				return errOtherStream
			}
			return nil
		}
		return collected.addRecord(ctx, r)
	})
	if err != nil {
		return err
	}
	if !checked {
		return errOtherStream
	}
	return collected.writeRows(ctx)
}

// intake collects records and writes them in transactions. If it fails, what was written agrees with the position in the file.
type intake struct {
	model      *Model
	stream     int
	position   *position
	log        []logRow
	buckets    map[int][]byte
	buffered   int // bytes in buckets
	unreadable []Record
	encoder    encoder
}

func newIntake(m *Model, stream int, p *position) *intake {
	return &intake{
		model:    m,
		stream:   stream,
		position: p,
		buckets:  map[int][]byte{},
		encoder:  encoder{names: m.names},
	}
}

func (b *intake) addRecord(ctx context.Context, r *Record) error {
	if b.buffered >= maxBuffered {
		if err := b.writeRows(ctx); err != nil {
			return err
		}
	}
	n := len(b.log)
	if n > 0 && r.Sequence <= b.log[n-1].last || r.Sequence <= b.position.taken {
		return nil // it came before
	}
	if n == 0 || b.log[n-1].count == logRowSize {
		b.log = append(b.log, logRow{})
		n++
	}
	bucket := r.bucket()
	b.log[n-1].addRecord(logged{
		sequence: r.Sequence,
		at:       r.StoredAt.UnixNano(),
		bucket:   bucket,
	})
	if r.Unreadable != "" {
		b.unreadable = append(b.unreadable, *r)
	}
	if bucket >= 0 {
		b.encoder.data = b.encoder.data[:0]
		b.encoder.appendRecord(r)
		b.buckets[bucket] = append(b.buckets[bucket], b.encoder.data...)
		b.buffered += len(b.encoder.data)
	}
	return nil
}

// writeRows writes what was collected.
func (b *intake) writeRows(ctx context.Context) error {
	if len(b.log) == 0 {
		return nil
	}
	tx, err := b.model.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for i := range b.log {
		if err := insertLogRow(ctx, tx, b.stream, &b.log[i]); err != nil {
			return err
		}
	}
	for _, r := range b.unreadable {
		if _, err := tx.ExecContext(ctx, "INSERT INTO unreadable (stream, sequence, reason) VALUES (?, ?, ?)", b.stream, r.Sequence, r.Unreadable); err != nil {
			return err
		}
	}
	if err := b.model.names.save(ctx, tx); err != nil {
		return err
	}
	if err := b.writePieces(ctx, tx); err != nil {
		return err
	}
	last := b.log[len(b.log)-1]
	p := *b.position
	p.taken = last.last
	p.takenAt = last.at
	if err := savePosition(ctx, tx, b.stream, p); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	b.model.names.saved = len(b.model.names.list)
	*b = *newIntake(b.model, b.stream, b.position)
	*b.position = p
	return nil
}

// writePieces appends to the last piece of each bucket, or begins another.
func (b *intake) writePieces(ctx context.Context, tx *sql.Tx) error {
	find, err := tx.PrepareContext(ctx, "SELECT id, checksum, data FROM piece WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT 1")
	if err != nil {
		return err
	}
	defer find.Close()
	write, err := tx.PrepareContext(ctx, "INSERT OR REPLACE INTO piece (id, checksum, data) VALUES (?, ?, ?)")
	if err != nil {
		return err
	}
	defer write.Close()
	for _, bucket := range slices.Sorted(maps.Keys(b.buckets)) {
		data := b.buckets[bucket]
		id := pieceID(b.stream, bucket)
		var last piece
		err := find.QueryRowContext(ctx, id, id+maxPieces).Scan(&last.id, &last.checksum, &last.data)
		switch {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return err
		case len(last.data)+len(data) > pieceSize:
			id = last.id + 1
		default:
			if err := last.checkSum(); err != nil {
				return err
			}
			id = last.id
			data = append([]byte(last.data), data...)
		}
		if _, err := write.ExecContext(ctx, id, int64(crc32.ChecksumIEEE(data)), data); err != nil {
			return err
		}
	}
	return nil
}
