package readmodel

import (
	"context"
	"hash/crc32"
	"time"
)

// stored is a chunk as it is in the file.
type stored struct {
	checksum int64
	data     []byte
}

func (s *stored) eachRecord(d *decoder, yield func(*Record) error) error {
	if int64(crc32.ChecksumIEEE(s.data)) != s.checksum {
		return errDamaged
	}
	return d.eachRecord(string(s.data), yield)
}

// replayRecords counts the records of a stream that were stored at since or later, and those that follow them.
func (m *Model) replayRecords(ctx context.Context, stream int, since time.Time, c Counter) error {
	from := int64(0)
	if since.After(time.Unix(0, 0)) {
		from = since.UnixNano()
	}
	rows, err := m.db.QueryContext(ctx, "SELECT checksum, data FROM chunk WHERE stream = ? AND at >= ? ORDER BY first", stream, from)
	if err != nil {
		return err
	}
	defer rows.Close()
	begun := false
	decoder := &decoder{}
	for rows.Next() {
		var s stored
		if err := rows.Scan(&s.checksum, &s.data); err != nil {
			return err
		}
		err := s.eachRecord(decoder, func(r *Record) error {
			begun = begun || r.StoredAt.UnixNano() >= from
			if !begun {
				return nil
			}
			return countRecord(c, r)
		})
		if err != nil {
			return err
		}
	}
	return rows.Err()
}

func countRecord(c Counter, r *Record) error {
	switch {
	case r.Unreadable != "":
		return unreadableError(r)
	case r.Decision != nil:
		c.Decision(r.Decision)
	case r.Event != nil:
		c.Event(r.Event)
	}
	return nil
}
