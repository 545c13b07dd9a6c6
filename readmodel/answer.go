package readmodel

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/gob"
	"hash/crc32"
	"maps"
	"slices"

	"homeroom/report"
)

const (
	// maxAnswers is how many answers are kept, so that reports over different times do not disturb each other.
	maxAnswers = 4
	// maxChanged is how many buckets may have changed since an answer. If more did, counting everything takes no longer.
	maxChanged = bucketCount / 3
	// maxReplaced is up to how many changed buckets an answer is replaced by the one that was made from it. If more did, they are over different times.
	maxReplaced = 4096
)

// answer is a summary and what it was counted from.
type answer struct {
	id        int64
	sharing   string // the messages that ask to share, see sharingText
	decisions span
	events    span
	summary   *report.Summary
}

// answerQuestion brings a kept answer up to date, or counts everything.
func (m *Model) answerQuestion(ctx context.Context, want *answer) (*report.Summary, error) {
	kept, err := m.listAnswers(ctx)
	if err != nil {
		return nil, err
	}
	kept = slices.DeleteFunc(kept, func(a answer) bool { return a.sharing != want.sharing })
	if len(kept) == 0 {
		return m.summarizeAll(ctx, want)
	}
	nearest := slices.MinFunc(kept, func(a, b answer) int { return cmp.Compare(a.recordsApart(want), b.recordsApart(want)) })
	changed, err := m.listChanged(ctx, &nearest, want)
	if err != nil {
		return nil, err
	}
	if len(changed) > maxChanged {
		return m.summarizeAll(ctx, want)
	}
	if err := m.loadSummary(ctx, &nearest); err != nil {
		return nil, err
	}
	if err := m.advanceAnswer(ctx, &nearest, want, changed); err != nil {
		return nil, err
	}
	if want.decisions == nearest.decisions && want.events == nearest.events {
		return want.summary, nil
	}
	if len(changed) <= maxReplaced {
		want.id = nearest.id
	}
	return want.summary, m.saveAnswer(ctx, want)
}

func (m *Model) summarizeAll(ctx context.Context, want *answer) (*report.Summary, error) {
	if err := m.countAll(ctx, want); err != nil {
		return nil, err
	}
	return want.summary, m.saveAnswer(ctx, want)
}

// recordsApart is about how many records one of two answers is about, and the other is not.
func (a *answer) recordsApart(o *answer) uint64 {
	total := uint64(0)
	for _, s := range append(a.decisions.differences(o.decisions), a.events.differences(o.events)...) {
		if s.first <= s.last {
			total += s.last - s.first + 1
		}
	}
	return total
}

// advanceAnswer makes an answer from another by counting again who changed.
func (m *Model) advanceAnswer(ctx context.Context, from, to *answer, changed []int) error {
	to.summary = from.summary
	if len(changed) == 0 {
		return nil
	}
	var p pieces
	for _, bucket := range changed {
		if err := m.loadPieces(ctx, &p, bucket, 1); err != nil {
			return err
		}
	}
	type counted struct {
		summary *report.Summary
		err     error
	}
	was := make(chan counted)
	go func() {
		summary, err := p.countRecords(from, m.names.list)
		was <- counted{summary, err}
	}()
	is, err := p.countRecords(to, m.names.list)
	before := <-was
	if before.err != nil {
		return before.err
	}
	if err != nil {
		return err
	}
	to.summary.Subtract(before.summary)
	to.summary.Add(is)
	return nil
}

// listChanged lists the buckets with records that one of two answers is about, and the other is not.
func (m *Model) listChanged(ctx context.Context, a, b *answer) ([]int, error) {
	changed := map[int]bool{}
	for stream, spans := range map[int][]span{
		decisionStream: a.decisions.differences(b.decisions),
		eventStream:    a.events.differences(b.events),
	} {
		for _, s := range spans {
			buckets, err := m.listBuckets(ctx, stream, s.first, s.last)
			if err != nil {
				return nil, err
			}
			maps.Copy(changed, buckets)
		}
	}
	return slices.Sorted(maps.Keys(changed)), nil
}

// shrinkSummaries takes the records before a sequence out of the kept answers.
func (m *Model) shrinkSummaries(ctx context.Context, stream int, first uint64) error {
	kept, err := m.listAnswers(ctx)
	if err != nil {
		return err
	}
	for i := range kept {
		to := kept[i]
		s := &to.decisions
		if stream == eventStream {
			s = &to.events
		}
		if s.first >= first {
			continue
		}
		s.first = first
		changed, err := m.listChanged(ctx, &kept[i], &to)
		if err != nil {
			return err
		}
		if len(changed) > maxChanged {
			if _, err := m.db.ExecContext(ctx, "DELETE FROM summary WHERE id = ?", to.id); err != nil {
				return err
			}
			continue
		}
		if err := m.loadSummary(ctx, &kept[i]); err != nil {
			return err
		}
		if err := m.advanceAnswer(ctx, &kept[i], &to, changed); err != nil {
			return err
		}
		if err := m.saveAnswer(ctx, &to); err != nil {
			return err
		}
	}
	return nil
}

// listAnswers lists the kept answers without their summaries, the oldest first.
func (m *Model) listAnswers(ctx context.Context) ([]answer, error) {
	rows, err := m.db.QueryContext(ctx, "SELECT id, sharing, decisions_first, decisions_last, events_first, events_last FROM summary ORDER BY id")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []answer
	for rows.Next() {
		var a answer
		if err := rows.Scan(&a.id, &a.sharing, &a.decisions.first, &a.decisions.last, &a.events.first, &a.events.last); err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, rows.Err()
}

func (m *Model) loadSummary(ctx context.Context, a *answer) error {
	var checksum int64
	var data []byte
	if err := m.db.QueryRowContext(ctx, "SELECT checksum, data FROM summary WHERE id = ?", a.id).Scan(&checksum, &data); err != nil {
		return err
	}
	a.summary = report.NewSummary()
	if int64(crc32.ChecksumIEEE(data)) != checksum || gob.NewDecoder(bytes.NewReader(data)).Decode(a.summary) != nil {
		return errDamaged
	}
	return nil
}

// saveAnswer keeps an answer in place of the one with its id, and forgets the oldest of too many.
func (m *Model) saveAnswer(ctx context.Context, a *answer) error {
	var data bytes.Buffer
	if err := gob.NewEncoder(&data).Encode(a.summary); err != nil {
		return err
	}
	tx, err := m.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := replaceAnswer(ctx, tx, a, data.Bytes()); err != nil {
		return err
	}
	return tx.Commit()
}

func replaceAnswer(ctx context.Context, tx *sql.Tx, a *answer, data []byte) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM summary WHERE id = ?", a.id); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO summary (id, sharing, decisions_first, decisions_last, events_first, events_last, checksum, data)
		VALUES ((SELECT coalesce(max(id), 0) + 1 FROM summary), ?, ?, ?, ?, ?, ?, ?)`,
		a.sharing, a.decisions.first, a.decisions.last, a.events.first, a.events.last, int64(crc32.ChecksumIEEE(data)), data)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "DELETE FROM summary WHERE id <= (SELECT max(id) FROM summary) - ?", maxAnswers)
	return err
}
