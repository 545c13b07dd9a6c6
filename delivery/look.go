package delivery

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"sync"
	"time"
)

// How often a provider's suppression lists are read, by Homeroom's clock.
const (
	lookEvery   = 24 * time.Hour
	lookAgain   = 15 * time.Minute // after a look that ended early, if the provider names no longer time
	lookLease   = 5 * time.Minute  // for how long a process that is not heard of keeps the others from looking
	lookOverlap = 24 * time.Hour   // of a look with the one before: clocks differ, and entries that are taken off meanwhile shift pages
)

// LookRecord is how far the provider's suppression lists have been read. All processes share it.
type LookRecord struct {
	Lists  map[string]ListCursor `json:"lists"`
	NextAt time.Time             `json:"next_at,omitzero"` // when the next look is due
	// By is the process that reads at the moment, or read last, and Lease until when the others leave it to that.
	By    string    `json:"by,omitempty"`
	Lease time.Time `json:"lease,omitzero"`
	// Problem is why the last look ended early; empty: it did not.
	Problem string `json:"problem,omitempty"`
}

// ListCursor is how far one list has been read.
type ListCursor struct {
	From      time.Time `json:"from,omitzero"`       // what was listed before has been read
	To        time.Time `json:"to,omitzero"`         // the end of what is being read; zero: nothing is
	Offset    int       `json:"offset,omitempty"`    // how many of the entries between From and To have been read
	Finished  time.Time `json:"finished,omitzero"`   // when the list was last read to its end
	Forbidden bool      `json:"forbidden,omitempty"` // the key may not read the list
}

// claim returns the record as a process that looks now writes it; false: no look is due, or another process has it in hand.
func (r LookRecord) claim(by string, now time.Time) (LookRecord, bool) {
	if now.Before(r.NextAt) || r.By != by && now.Before(r.Lease) {
		return r, false
	}
	r.By = by
	r.Lease = now.Add(lookLease)
	return r, true
}

// withCursor returns the record with another cursor of a list.
func (r LookRecord) withCursor(list string, c ListCursor) LookRecord {
	r.Lists = maps.Clone(r.Lists)
	if r.Lists == nil {
		r.Lists = map[string]ListCursor{}
	}
	r.Lists[list] = c
	return r
}

// beginLook returns the cursor at the beginning of a look, or as an earlier one left it that ended early.
func (c ListCursor) beginLook(now time.Time) ListCursor {
	if c.To.IsZero() || c.To.After(now) {
		c.To = now.Truncate(time.Second)
		c.Offset = 0
	}
	return c
}

// afterPage returns the cursor after a page with so many entries, and whether it was the last.
func (c ListCursor) afterPage(entries, pageSize int, now time.Time) (next ListCursor, last bool) {
	c.Forbidden = false
	if entries >= pageSize {
		c.Offset += entries
		return c, false
	}
	return ListCursor{From: c.To.Add(-lookOverlap), Finished: now}, true
}

// ProviderLists are a provider's suppression lists.
type ProviderLists interface {
	// ReadList returns a page of the entries of a list from one time to another: without the first offset of them; fewer than PageSize are the
	// last. A *[Error] with status 403 says that the key may not read it, one with RetryAfter for how long the provider is to be left alone.
	ReadList(ctx context.Context, list string, from, to time.Time, offset int) ([]Listed, error)
}

// LookRecords keeps the record that all processes share.
type LookRecords interface {
	// Look returns the record and its revision; 0: there is none.
	Look(ctx context.Context) (LookRecord, uint64, error)
	// PutLook writes the record if it still has the revision, else the error wraps [ErrConflict].
	PutLook(ctx context.Context, r LookRecord, revision uint64) (uint64, error)
}

// ListLookOptions are what a ListLook works with. All are required.
type ListLookOptions struct {
	Provider ProviderLists
	Lists    []string // their names
	PageSize int      // of the provider
	Book     AddressBook
	Records  LookRecords
	By       string // this process
	Now      func() time.Time
}

// ListLook reads a provider's suppression lists once a day, so that what was said to the provider before Homeroom came, or while no webhook arrived, is heeded.
// Of all processes one looks; another goes on where it stopped.
type ListLook struct {
	o ListLookOptions

	mu     sync.Mutex
	last   LookRecord
	counts map[ListedCount]int64
}

// ListedCount is what entries are counted by.
type ListedCount struct {
	List   string
	Effect ListedEffect
}

// LookResult is what one look brought.
type LookResult struct {
	Looked  bool // it was due, and this process had it in hand
	Entries map[ListedEffect]int
	// Forbidden are the lists that the key may not read, without those that an earlier look found out already.
	Forbidden []string
}

// NewListLook returns a ListLook.
func NewListLook(o ListLookOptions) *ListLook {
	return &ListLook{o: o, counts: map[ListedCount]int64{}}
}

// Last returns the shared record as this process read it last.
func (l *ListLook) Last() LookRecord {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// Counts returns how many entries this process has taken in since it began.
func (l *ListLook) Counts() map[ListedCount]int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.counts)
}

// Run looks if a look is due and no other process has it in hand. After an error the next look goes on where this one stopped.
func (l *ListLook) Run(ctx context.Context) (LookResult, error) {
	result := LookResult{Entries: map[ListedEffect]int{}}
	record, revision, err := l.o.Records.Look(ctx)
	if err != nil {
		return result, err
	}
	l.rememberRecord(record)
	record, due := record.claim(l.o.By, l.o.Now())
	if !due {
		return result, nil
	}
	s := lookSession{look: l, record: record, revision: revision, result: &result}
	if err := s.save(ctx); err != nil {
		return result, ignoreConflict(err)
	}
	result.Looked = true
	began := l.o.Now()
	for _, list := range l.o.Lists {
		if err := s.readList(ctx, list); err != nil {
			return result, s.endEarly(ctx, err)
		}
	}
	s.record.NextAt = began.Add(lookEvery)
	s.record.Lease = time.Time{}
	s.record.Problem = ""
	return result, ignoreConflict(s.save(ctx))
}

func (l *ListLook) rememberRecord(r LookRecord) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = r
}

// ignoreConflict returns nil for a conflict: another process has taken the look over, and goes on.
func ignoreConflict(err error) error {
	if errors.Is(err, ErrConflict) {
		return nil
	}
	return err
}

// lookSession is one look under way.
type lookSession struct {
	look     *ListLook
	record   LookRecord
	revision uint64
	result   *LookResult
}

// save writes the record, and with it keeps the others from looking.
func (s *lookSession) save(ctx context.Context) error {
	revision, err := s.look.o.Records.PutLook(ctx, s.record, s.revision)
	if err != nil {
		return fmt.Errorf("note how far the provider's suppression lists were read: %w", err)
	}
	s.revision = revision
	s.look.rememberRecord(s.record)
	return nil
}

// readList reads a list from its cursor to its end, and writes the cursor after each page.
func (s *lookSession) readList(ctx context.Context, list string) error {
	l := s.look
	cursor := s.record.Lists[list].beginLook(l.o.Now())
	for last := false; !last; {
		page, err := l.o.Provider.ReadList(ctx, list, cursor.From, cursor.To, cursor.Offset)
		if isForbidden(err) {
			if !cursor.Forbidden {
				s.result.Forbidden = append(s.result.Forbidden, list)
			}
			cursor = ListCursor{From: cursor.From, Finished: cursor.Finished, Forbidden: true}
			s.record = s.record.withCursor(list, cursor)
			return s.save(ctx)
		}
		if err != nil {
			return fmt.Errorf("read the provider's list %s: %w", list, err)
		}
		for _, entry := range page {
			effect, err := TakeListed(ctx, l.o.Book, entry)
			if err != nil {
				return err
			}
			s.result.Entries[effect]++
			l.countEffect(list, effect)
		}
		cursor, last = cursor.afterPage(len(page), l.o.PageSize, l.o.Now())
		s.record = s.record.withCursor(list, cursor)
		s.record.Lease = l.o.Now().Add(lookLease)
		if err := s.save(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (l *ListLook) countEffect(list string, effect ListedEffect) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts[ListedCount{List: list, Effect: effect}]++
}

// endEarly writes why a look ended, and when the next one goes on.
func (s *lookSession) endEarly(ctx context.Context, cause error) error {
	if errors.Is(cause, ErrConflict) {
		return nil
	}
	after := lookAgain
	var e *Error
	if errors.As(cause, &e) {
		after = min(max(after, e.RetryAfter), lookEvery)
	}
	if ctx.Err() == nil { // else this process stops, and another goes on at once
		s.record.NextAt = s.look.o.Now().Add(after)
	}
	s.record.Lease = time.Time{}
	s.record.Problem = redactAddress(cause.Error(), "")
	return errors.Join(cause, ignoreConflict(s.save(context.WithoutCancel(ctx))))
}

// isForbidden reports whether the provider knows the key and does not let it read the list.
func isForbidden(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == http.StatusForbidden
}
