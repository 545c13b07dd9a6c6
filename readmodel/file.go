package readmodel

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
)

// ErrInUse is returned by [Open] if another process has the file open.
var ErrInUse = errors.New("another process uses this read model: give each process a file of its own")

// ErrForeign is returned by [Open] if the file is not a read model. Nothing of it is changed.
var ErrForeign = errors.New("the file is not a read model of Homeroom and stays as it is: name another, or delete it")

const (
	applicationID = 0x486d726d // "Hmrm", at byte 68 of an SQLite file
	schemaVersion = 5          // a change of what a record keeps or of report.Summary needs a new one
)

// SQLite's result codes, see https://www.sqlite.org/rescode.html.
const (
	codeBusy    = 5
	codeLocked  = 6
	codeCorrupt = 11
	codeFull    = 13
	codeNotADB  = 26
)

const schema = `
CREATE TABLE stream (
	id INTEGER PRIMARY KEY,
	created INTEGER NOT NULL, -- Unix nanoseconds
	taken INTEGER NOT NULL,   -- sequence of the last record; 0: none
	taken_at INTEGER NOT NULL -- when that one was stored, in Unix nanoseconds
);
CREATE TABLE log ( -- which records are held, in the order of their stream
	stream INTEGER NOT NULL,
	first INTEGER NOT NULL, -- sequences
	last INTEGER NOT NULL,
	at INTEGER NOT NULL,    -- when the last was stored, in Unix nanoseconds
	count INTEGER NOT NULL,
	checksum INTEGER NOT NULL,
	data BLOB NOT NULL,
	PRIMARY KEY (stream, first)
);
CREATE INDEX log_bounds ON log (stream, last, at, count);
CREATE TABLE piece ( -- the records themselves, by learner
	id INTEGER PRIMARY KEY, -- see pieceID
	checksum INTEGER NOT NULL,
	data BLOB NOT NULL
);
CREATE TABLE name (
	id INTEGER PRIMARY KEY,
	text TEXT NOT NULL
);
CREATE TABLE unreadable (
	stream INTEGER NOT NULL,
	sequence INTEGER NOT NULL,
	reason TEXT NOT NULL,
	PRIMARY KEY (stream, sequence)
);
CREATE TABLE summary ( -- what was reported
	id INTEGER PRIMARY KEY,          -- the greatest was used last
	sharing TEXT NOT NULL,           -- the messages that ask to share, as JSON
	decisions_first INTEGER NOT NULL, -- sequences; what is between them was counted
	decisions_last INTEGER NOT NULL,
	events_first INTEGER NOT NULL,
	events_last INTEGER NOT NULL,
	checksum INTEGER NOT NULL,
	data BLOB NOT NULL
);`

// Model is an open file. It is for one goroutine.
type Model struct {
	path  string
	db    *sql.DB
	names *names
	// selectPieces is prepared, because a report asks it for every bucket that changed.
	selectPieces *sql.Stmt
	deleted      bool // something, since the log of SQLite was emptied
}

// Open opens a read model, or makes one where no file is. A file that is damaged or that has another version is made anew. The error
// wraps [ErrInUse] or [ErrForeign] if that is the reason.
func Open(ctx context.Context, path string) (*Model, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open the read model: %w", err)
	}
	m := &Model{path: absolute}
	if err := m.checkOwner(); err != nil {
		return nil, fmt.Errorf("open the read model %s: %w", path, err)
	}
	err = m.openFile(ctx)
	if isDamage(err) {
		err = m.remakeFile(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("open the read model %s: %w", path, errors.Join(err, m.Close()))
	}
	return m, nil
}

// Close closes the file.
func (m *Model) Close() error {
	if m.db == nil {
		return nil
	}
	return m.db.Close()
}

// checkOwner makes sure that no file of somebody else is opened, which might be made anew. Without a file it makes an empty one that
// its owner alone can read.
func (m *Model) checkOwner() error {
	file, err := os.OpenFile(m.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	header := make([]byte, 100)
	n, err := io.ReadFull(file, header)
	if n == 0 && errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if n < len(header) || !bytes.HasPrefix(header, []byte("SQLite format 3\x00")) || binary.BigEndian.Uint32(header[68:]) != applicationID {
		return ErrForeign
	}
	return nil
}

func (m *Model) openFile(ctx context.Context) error {
	location := url.URL{Scheme: "file", Path: m.path}
	db, err := sql.Open("sqlite", location.String())
	if err != nil {
		return err
	}
	m.db = db
	db.SetMaxOpenConns(1) // the pragmas and the lock are the connection's
	if err := m.lockFile(ctx); err != nil {
		return explainError(err)
	}
	// With synchronous=normal a power failure may lose the last transactions, which the next look takes in again. secure_delete overwrites
	// what was deleted: it may be of an erased learner.
	if _, err := db.ExecContext(ctx, "PRAGMA journal_mode=wal; PRAGMA synchronous=normal; PRAGMA secure_delete=on; PRAGMA cache_size=-65536"); err != nil {
		return explainError(err)
	}
	if err := m.emptyLog(ctx); err != nil { // a process that was killed may have left what it deleted
		return explainError(err)
	}
	if m.names, err = loadNames(ctx, db); err != nil {
		return explainError(err)
	}
	m.selectPieces, err = db.PrepareContext(ctx, "SELECT checksum, data FROM piece WHERE id >= ? AND id < ? ORDER BY id")
	return explainError(err)
}

// emptyLog empties SQLite's write-ahead log: what was deleted must not stay in it.
func (m *Model) emptyLog(ctx context.Context) error {
	_, err := m.db.ExecContext(ctx, "PRAGMA wal_checkpoint(truncate)")
	m.deleted = m.deleted && err != nil
	return err
}

// lockFile takes the file for this process, and writes the schema into an empty one. That is done before the log is used, so that the file's
// header says at once whose it is.
func (m *Model) lockFile(ctx context.Context) error {
	if _, err := m.db.ExecContext(ctx, "PRAGMA locking_mode=exclusive; BEGIN EXCLUSIVE; COMMIT"); err != nil {
		return err
	}
	var version int
	if err := m.db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	switch version {
	case schemaVersion:
		return nil
	case 0:
		_, err := m.db.ExecContext(ctx, fmt.Sprintf("BEGIN; PRAGMA application_id=%d; PRAGMA user_version=%d; %s COMMIT", applicationID, schemaVersion, schema))
		return err
	}
	return fmt.Errorf("%w: it has version %d", errDamaged, version)
}

// remakeFile deletes the file and makes it anew.
func (m *Model) remakeFile(ctx context.Context) error {
	if err := m.Close(); err != nil && !isDamage(err) {
		return err
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(m.path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	if err := m.checkOwner(); err != nil {
		return err
	}
	return m.openFile(ctx)
}

// explainError says what to do about an error of SQLite.
func explainError(err error) error {
	var failed *sqlite.Error
	if !errors.As(err, &failed) {
		return err
	}
	switch failed.Code() & 0xff {
	case codeBusy, codeLocked:
		return fmt.Errorf("%w (%w)", ErrInUse, err)
	case codeFull:
		return fmt.Errorf("the disk of the read model is full: make room, or delete the file: %w", err)
	}
	return err
}

func isDamage(err error) bool {
	var failed *sqlite.Error
	if errors.As(err, &failed) {
		code := failed.Code() & 0xff
		return code == codeCorrupt || code == codeNotADB
	}
	return errors.Is(err, errDamaged)
}
