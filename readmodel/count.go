package readmodel

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"homeroom/report"
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

// The streams by their number in the file.
const (
	decisionStream = 1
	eventStream    = 2
)

// Query says what to count.
type Query struct {
	Since   time.Time // what was stored earlier is left out; zero: nothing is
	Sharing []string  // names of the messages that ask to share or to refer
}

// Count takes in what is new and counts what the query asks for.
func (m *Model) Count(ctx context.Context, s Sources, q Query) (*report.Summary, error) {
	summary, err := m.countOnce(ctx, s, q)
	if isDamage(err) {
		if err = m.remakeFile(ctx); err == nil {
			summary, err = m.countOnce(ctx, s, q)
		}
	}
	return summary, explainError(err)
}

func (m *Model) countOnce(ctx context.Context, s Sources, q Query) (*report.Summary, error) {
	if err := m.refreshStream(ctx, decisionStream, s.Decisions); err != nil {
		return nil, fmt.Errorf("take in decisions: %w", err)
	}
	if err := m.refreshStream(ctx, eventStream, s.Events); err != nil {
		return nil, fmt.Errorf("take in events: %w", err)
	}
	if m.deleted {
		if err := m.emptyLog(ctx); err != nil {
			return nil, err
		}
	}
	want := answer{sharing: sharingText(q.Sharing)}
	var err error
	if want.decisions, err = m.findSpan(ctx, decisionStream, q.Since); err != nil {
		return nil, err
	}
	if want.events, err = m.findSpan(ctx, eventStream, q.Since); err != nil {
		return nil, err
	}
	if err := m.refuseUnreadable(ctx, &want); err != nil {
		return nil, err
	}
	return m.answerQuestion(ctx, &want)
}

// span is a part of a stream, by its first and last sequence. It is empty if the first is after the last.
type span struct{ first, last uint64 }

func (s span) contains(sequence uint64) bool { return s.first <= sequence && sequence <= s.last }

// differences are the spans of what is in one of two spans only.
func (s span) differences(o span) []span {
	if s.first > s.last || o.first > o.last || s.last < o.first || o.last < s.first {
		return []span{s, o}
	}
	return []span{
		{min(s.first, o.first), max(s.first, o.first) - 1},
		{min(s.last, o.last) + 1, max(s.last, o.last)},
	}
}

// findSpan returns what the file holds of a stream from the first record on that was stored at `since` or later; zero: everything.
func (m *Model) findSpan(ctx context.Context, stream int, since time.Time) (span, error) {
	p, err := m.loadPosition(ctx, stream)
	if err != nil {
		return span{}, err
	}
	from := int64(0)
	if since.After(time.Unix(0, 0)) {
		from = since.UnixNano()
	}
	var checksum int64
	var data string
	err = m.db.QueryRowContext(ctx, "SELECT checksum, data FROM log WHERE stream = ? AND at >= ? ORDER BY first LIMIT 1", stream, from).Scan(&checksum, &data)
	if errors.Is(err, sql.ErrNoRows) {
		return span{p.taken + 1, p.taken}, nil
	}
	if err != nil {
		return span{}, err
	}
	records, err := readLog(data, checksum)
	if err != nil {
		return span{}, err
	}
	i := slices.IndexFunc(records, func(r logged) bool { return r.at >= from })
	if i < 0 {
		return span{}, errDamaged
	}
	return span{records[i].sequence, p.taken}, nil
}

// refuseUnreadable returns an error if a record that is to be counted cannot be.
func (m *Model) refuseUnreadable(ctx context.Context, a *answer) error {
	for stream, s := range map[int]span{decisionStream: a.decisions, eventStream: a.events} {
		var sequence uint64
		var reason string
		err := m.db.QueryRowContext(ctx, "SELECT sequence, reason FROM unreadable WHERE stream = ? AND sequence BETWEEN ? AND ? ORDER BY sequence LIMIT 1",
			stream, s.first, s.last).Scan(&sequence, &reason)
		if err == nil {
			return fmt.Errorf("message %d cannot be counted: %s", sequence, reason)
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
	}
	return nil
}

func sharingText(messages []string) string {
	text, _ := json.Marshal(slices.Sorted(slices.Values(messages))) // texts
	return string(text)
}

// listBuckets lists the buckets of the records between two sequences; nil: there are no records.
func (m *Model) listBuckets(ctx context.Context, stream int, first, last uint64) (map[int]bool, error) {
	if first > last {
		return nil, nil
	}
	rows, err := m.db.QueryContext(ctx, "SELECT checksum, data FROM log WHERE stream = ? AND last >= ? AND first <= ? ORDER BY first", stream, first, last)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var buckets map[int]bool
	for rows.Next() {
		var checksum int64
		var data string
		if err := rows.Scan(&checksum, &data); err != nil {
			return nil, err
		}
		records, err := readLog(data, checksum)
		if err != nil {
			return nil, err
		}
		for _, r := range records {
			if r.sequence < first || r.sequence > last {
				continue
			}
			if buckets == nil {
				buckets = map[int]bool{}
			}
			if r.bucket >= 0 {
				buckets[r.bucket] = true
			}
		}
	}
	return buckets, rows.Err()
}

// pieces are what some buckets hold.
type pieces struct{ decisions, events []string }

// loadPieces loads some buckets, which follow each other, besides what was loaded before.
func (m *Model) loadPieces(ctx context.Context, p *pieces, first, count int) (err error) {
	if p.decisions, err = m.appendPieces(ctx, p.decisions, decisionStream, first, count); err != nil {
		return err
	}
	p.events, err = m.appendPieces(ctx, p.events, eventStream, first, count)
	return err
}

func (m *Model) appendPieces(ctx context.Context, all []string, stream, first, count int) ([]string, error) {
	rows, err := m.selectPieces.QueryContext(ctx, pieceID(stream, first), pieceID(stream, first+count))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var p piece
		if err := rows.Scan(&p.checksum, &p.data); err != nil {
			return nil, err
		}
		if err := p.checkSum(); err != nil {
			return nil, err
		}
		all = append(all, p.data)
	}
	return all, rows.Err()
}

// countRecords counts the records that an answer is about.
func (p *pieces) countRecords(a *answer, names []string) (*report.Summary, error) {
	var sharing []string
	if err := json.Unmarshal([]byte(a.sharing), &sharing); err != nil {
		return nil, errDamaged
	}
	counter := report.NewCounter(report.Options{
		AsksToShare: func(message string) bool { return slices.Contains(sharing, message) },
	})
	d := decoder{names: names}
	if err := d.countRecords(p.decisions, a.decisions, counter); err != nil {
		return nil, err
	}
	if err := d.countRecords(p.events, a.events, counter); err != nil {
		return nil, err
	}
	return counter.Summary(), nil
}

// countRecords counts the records of a part of a stream.
func (d *decoder) countRecords(pieces []string, part span, c *report.Counter) error {
	for _, piece := range pieces {
		d.rest = piece
		for d.rest != "" {
			sequence, decision, event := d.readRecord()
			switch {
			case d.damaged:
				return errDamaged
			case !part.contains(sequence):
			case decision != nil:
				c.Decision(decision)
			case event != nil:
				c.Event(event)
			}
		}
	}
	return nil
}

// rangeSize is how many buckets countAll gives to one goroutine.
const rangeSize = bucketCount / 128

// countAll counts everything that an answer is about.
func (m *Model) countAll(ctx context.Context, a *answer) error {
	a.summary = report.NewSummary()
	var lock sync.Mutex
	var failed error
	var counting sync.WaitGroup
	free := make(chan struct{}, runtime.GOMAXPROCS(0))
	for first := 0; first < bucketCount; first += rangeSize {
		var p pieces
		if err := m.loadPieces(ctx, &p, first, rangeSize); err != nil {
			counting.Wait()
			return err
		}
		free <- struct{}{}
		counting.Go(func() {
			defer func() { <-free }()
			part, err := p.countRecords(a, m.names.list)
			lock.Lock()
			defer lock.Unlock()
			if err != nil {
				failed = err
				return
			}
			a.summary.Add(part)
		})
	}
	counting.Wait()
	return failed
}
