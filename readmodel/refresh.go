package readmodel

import (
	"context"
	"database/sql"
	"errors"
	"hash/crc32"
	"time"
)

// maxAttempts is how often a stream is compared again because it changed during the comparison.
const maxAttempts = 8

// position is how far a stream was taken in.
type position struct {
	created int64  // Unix nanoseconds
	taken   uint64 // sequence; 0: nothing
	takenAt int64  // Unix nanoseconds
}

// errOtherStream is what takeRecords returns if the stream does not hold what was taken last.
var errOtherStream = errors.New("the stream is another, or went back")

// refreshStream brings the file's part of a stream up to date.
func (m *Model) refreshStream(ctx context.Context, stream int, source Source) error {
	for range maxAttempts {
		created, first, err := source.Bounds(ctx)
		if err != nil {
			return err
		}
		p, err := m.loadPosition(ctx, stream)
		if err != nil {
			return err
		}
		if p.created != created.UnixNano() || p.taken > 0 && p.taken < first {
			if p, err = m.clearStream(ctx, stream, created); err != nil {
				return err
			}
		}
		if err := m.deleteExpired(ctx, stream, first); err != nil {
			return err
		}
		err = m.takeRecords(ctx, stream, source, &p)
		if errors.Is(err, errOtherStream) {
			_, err = m.clearStream(ctx, stream, created)
			if err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		same, err := m.compareCounts(ctx, stream, source, p, first)
		if err != nil || same {
			return err
		}
	}
	return errors.New("the stream changes faster than it can be compared with the read model: try again, or go without the read model")
}

// compareCounts reports whether the file holds as many records as the stream. If it does not, something was erased, and the part is cleared;
// unless the stream changed meanwhile.
func (m *Model) compareCounts(ctx context.Context, stream int, source Source, p position, first uint64) (bool, error) {
	later, err := source.Count(ctx, p.taken+1)
	if err != nil {
		return false, err
	}
	all, err := source.Count(ctx, 0)
	if err != nil {
		return false, err
	}
	laterStill, err := source.Count(ctx, p.taken+1)
	if err != nil {
		return false, err
	}
	created, firstNow, err := source.Bounds(ctx)
	if err != nil {
		return false, err
	}
	if later != laterStill || first != firstNow || created.UnixNano() != p.created {
		return false, nil
	}
	var held uint64
	if err := m.db.QueryRowContext(ctx, "SELECT coalesce(sum(count), 0) FROM log WHERE stream = ?", stream).Scan(&held); err != nil {
		return false, err
	}
	if held+later == all {
		return true, nil
	}
	_, err = m.clearStream(ctx, stream, created)
	return false, err
}

func (m *Model) loadPosition(ctx context.Context, stream int) (position, error) {
	var p position
	err := m.db.QueryRowContext(ctx, "SELECT created, taken, taken_at FROM stream WHERE id = ?", stream).Scan(&p.created, &p.taken, &p.takenAt)
	if errors.Is(err, sql.ErrNoRows) {
		return position{}, nil
	}
	return p, err
}

func savePosition(ctx context.Context, tx *sql.Tx, stream int, p position) error {
	_, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO stream (id, created, taken, taken_at) VALUES (?, ?, ?, ?)", stream, p.created, p.taken, p.takenAt)
	return err
}

// clearStream forgets a stream's part of the file, and what was worked out from it.
func (m *Model) clearStream(ctx context.Context, stream int, created time.Time) (position, error) {
	p := position{created: created.UnixNano()}
	tx, err := m.db.BeginTx(ctx, nil)
	if err != nil {
		return p, err
	}
	defer tx.Rollback()
	m.deleted = true
	for _, statement := range []string{
		"DELETE FROM summary",
		"DELETE FROM log WHERE stream = ?1",
		"DELETE FROM unreadable WHERE stream = ?1",
		"DELETE FROM piece WHERE id >= ?2 AND id < ?3",
	} {
		if _, err := tx.ExecContext(ctx, statement, stream, pieceID(stream, 0), pieceID(stream+1, 0)); err != nil {
			return p, err
		}
	}
	if err := savePosition(ctx, tx, stream, p); err != nil {
		return p, err
	}
	return p, tx.Commit()
}

// deleteExpired deletes the records before a sequence: they have expired. They are taken out of the summaries first.
func (m *Model) deleteExpired(ctx context.Context, stream int, first uint64) error {
	if first == 0 {
		return nil
	}
	buckets, err := m.listBuckets(ctx, stream, 0, first-1)
	if err != nil || buckets == nil {
		return err
	}
	if err := m.shrinkSummaries(ctx, stream, first); err != nil {
		return err
	}
	tx, err := m.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	m.deleted = true
	for bucket := range buckets {
		if err := m.trimBucket(ctx, tx, stream, bucket, first); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM unreadable WHERE stream = ? AND sequence < ?", stream, first); err != nil {
		return err
	}
	if err := trimLog(ctx, tx, stream, first); err != nil {
		return err
	}
	return tx.Commit()
}

// trimLog deletes the records before a sequence from the log.
func trimLog(ctx context.Context, tx *sql.Tx, stream int, first uint64) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM log WHERE stream = ? AND last < ?", stream, first); err != nil {
		return err
	}
	var begin uint64
	var checksum int64
	var data string
	err := tx.QueryRowContext(ctx, "SELECT first, checksum, data FROM log WHERE stream = ? AND first < ?", stream, first).Scan(&begin, &checksum, &data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	old, err := readLog(data, checksum)
	if err != nil {
		return err
	}
	var rest logRow
	for _, r := range old {
		if r.sequence >= first {
			rest.addRecord(r)
		}
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM log WHERE stream = ? AND first = ?", stream, begin); err != nil {
		return err
	}
	return insertLogRow(ctx, tx, stream, &rest)
}

// trimBucket deletes the records before a sequence from a bucket.
func (m *Model) trimBucket(ctx context.Context, tx *sql.Tx, stream, bucket int, first uint64) error {
	id := pieceID(stream, bucket)
	for {
		var p piece
		err := tx.QueryRowContext(ctx, "SELECT id, checksum, data FROM piece WHERE id >= ? AND id < ? ORDER BY id LIMIT 1", id, id+maxPieces).Scan(&p.id, &p.checksum, &p.data)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		rest, err := p.recordsFrom(first, m.names.list)
		if err != nil {
			return err
		}
		if rest != "" {
			_, err = tx.ExecContext(ctx, "UPDATE piece SET checksum = ?, data = ? WHERE id = ?", int64(crc32.ChecksumIEEE([]byte(rest))), []byte(rest), p.id)
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM piece WHERE id = ?", p.id); err != nil {
			return err
		}
	}
}
