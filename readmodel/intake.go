package readmodel

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"homeroom/engine"
)

// Source is one stream, or of one stream the subjects that reports need.
type Source interface {
	// Bounds returns when the stream was created, and the first sequence that it still holds.
	Bounds(ctx context.Context) (created time.Time, first uint64, err error)
	// Count returns how many messages are stored under a sequence and after it.
	Count(ctx context.Context, from uint64) (uint64, error)
	// Read calls each with every message under a sequence and after it, in order, until the last that was stored when it began.
	Read(ctx context.Context, from uint64, each func(*Record) error) error
}

// Sources are the streams that reports are counted from.
type Sources struct {
	Decisions Source
	Events    Source
}

// Counter counts decisions, then events, each in the order of their stream. What it gets is valid during the call only.
type Counter interface {
	Decision(*engine.Decision)
	Event(*engine.Event)
}

// The streams by their number in the file.
const (
	decisionStream = 1
	eventStream    = 2
)

const (
	// chunkSize is how many records are stored in a row.
	chunkSize = 4096
	// chunksPerCommit is how many rows are written in a transaction.
	chunksPerCommit = 16
	// maxAttempts is how often a stream is compared that changes while it is.
	maxAttempts = 8
)

// Count takes in what is new and counts everything that was stored at `since` or later; zero: everything. start returns a counter that
// has counted nothing; it is called again if the file turns out to be damaged, and what the first has counted is void.
func (m *Model) Count(ctx context.Context, s Sources, since time.Time, start func() Counter) error {
	err := m.countOnce(ctx, s, since, start())
	if isDamage(err) {
		if err = m.remakeFile(ctx); err == nil {
			err = m.countOnce(ctx, s, since, start())
		}
	}
	return explainError(err)
}

func (m *Model) countOnce(ctx context.Context, s Sources, since time.Time, c Counter) error {
	if err := m.refreshStream(ctx, decisionStream, s.Decisions); err != nil {
		return fmt.Errorf("take in decisions: %w", err)
	}
	if err := m.refreshStream(ctx, eventStream, s.Events); err != nil {
		return fmt.Errorf("take in events: %w", err)
	}
	// What was deleted must not stay in the log.
	if _, err := m.db.ExecContext(ctx, "PRAGMA wal_checkpoint(truncate)"); err != nil {
		return err
	}
	if err := m.replayRecords(ctx, decisionStream, since, c); err != nil {
		return err
	}
	return m.replayRecords(ctx, eventStream, since, c)
}

// position is how far a stream was taken in.
type position struct {
	created int64  // Unix nanoseconds
	taken   uint64 // sequence; 0: nothing
	takenAt int64  // Unix nanoseconds
}

// errOtherStream is what take returns if the stream does not hold what was taken last.
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
		if p.created != created.UnixNano() || p.taken < first {
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
	if err := m.db.QueryRowContext(ctx, "SELECT coalesce(sum(count), 0) FROM chunk WHERE stream = ?", stream).Scan(&held); err != nil {
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

// clearStream forgets a stream's part of the file.
func (m *Model) clearStream(ctx context.Context, stream int, created time.Time) (position, error) {
	p := position{created: created.UnixNano()}
	tx, err := m.db.BeginTx(ctx, nil)
	if err != nil {
		return p, err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, "DELETE FROM chunk WHERE stream = ?", stream); err != nil {
		return p, err
	}
	if err := savePosition(ctx, tx, stream, p); err != nil {
		return p, err
	}
	return p, tx.Commit()
}

func savePosition(ctx context.Context, tx *sql.Tx, stream int, p position) error {
	_, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO stream (id, created, taken, taken_at) VALUES (?, ?, ?, ?)", stream, p.created, p.taken, p.takenAt)
	return err
}

// deleteExpired deletes the records before a sequence: they have expired.
func (m *Model) deleteExpired(ctx context.Context, stream int, first uint64) error {
	tx, err := m.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, "DELETE FROM chunk WHERE stream = ? AND last < ?", stream, first); err != nil {
		return err
	}
	var begin uint64
	var old stored
	err = tx.QueryRowContext(ctx, "SELECT first, checksum, data FROM chunk WHERE stream = ? AND first < ?", stream, first).Scan(&begin, &old.checksum, &old.data)
	if errors.Is(err, sql.ErrNoRows) {
		return tx.Commit()
	}
	if err != nil {
		return err
	}
	var rest chunk
	err = old.eachRecord(&decoder{}, func(r *Record) error {
		if r.Sequence >= first {
			rest.addRecord(r)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM chunk WHERE stream = ? AND first = ?", stream, begin); err != nil {
		return err
	}
	if err := insertChunk(ctx, tx, stream, &rest); err != nil {
		return err
	}
	return tx.Commit()
}

func insertChunk(ctx context.Context, tx *sql.Tx, stream int, c *chunk) error {
	if c.count == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO chunk (stream, first, last, at, count, checksum, data) VALUES (?, ?, ?, ?, ?, ?, ?)",
		stream, c.first, c.last, c.at, c.count, c.checksum(), c.data)
	return err
}

// takeRecords takes in what comes after the position, and moves it. It begins with the last that was taken, which tells whether the stream is
// the same; if not, it returns errOtherStream.
func (m *Model) takeRecords(ctx context.Context, stream int, source Source, p *position) error {
	batch := intake{model: m, stream: stream, position: p}
	checked := p.taken == 0
	err := source.Read(ctx, p.taken, func(r *Record) error {
		if !checked {
			checked = true
			if r.Sequence != p.taken || r.StoredAt.UnixNano() != p.takenAt {
				return errOtherStream
			}
			return nil
		}
		return batch.addRecord(ctx, r)
	})
	if err != nil {
		return err
	}
	if !checked {
		return errOtherStream
	}
	return batch.flushRows(ctx)
}

// intake collects records and writes them in transactions. If it fails, what was written agrees with the position in the file.
type intake struct {
	model    *Model
	stream   int
	position *position
	chunks   []chunk
}

func (b *intake) addRecord(ctx context.Context, r *Record) error {
	if n := len(b.chunks); n == 0 || b.chunks[n-1].count == chunkSize {
		if n == chunksPerCommit {
			if err := b.flushRows(ctx); err != nil {
				return err
			}
		}
		b.chunks = append(b.chunks, chunk{})
	}
	last := &b.chunks[len(b.chunks)-1]
	if r.Sequence <= max(last.last, b.position.taken) {
		return nil // it came before
	}
	last.addRecord(r)
	return nil
}

func (b *intake) flushRows(ctx context.Context) error {
	if len(b.chunks) == 0 {
		return nil
	}
	tx, err := b.model.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	p := *b.position
	for i := range b.chunks {
		c := &b.chunks[i]
		if c.count == 0 {
			continue
		}
		if err := insertChunk(ctx, tx, b.stream, c); err != nil {
			return err
		}
		p.taken = c.last
		p.takenAt = c.at
	}
	if err := savePosition(ctx, tx, b.stream, p); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	*b.position = p
	b.chunks = b.chunks[:0]
	return nil
}
