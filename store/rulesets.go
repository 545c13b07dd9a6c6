package store

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Rulesets are the revisions of the growth team's folder, immutable and by hash, and the pointer to the current one.
// The pointer keeps its last 64 values.
type Rulesets struct {
	kv     jetstream.KeyValue
	stream jetstream.Stream // behind kv

	reconnects func() uint64 // how often this process's connection was made anew
}

// Bundle is one revision: the folder's files as they were, from which any worker can compile it again.
type Bundle struct {
	Hash   string            `json:"hash"`
	Files  map[string][]byte `json:"files"` // by path relative to the folder
	Author string            `json:"author,omitempty"`
	Note   string            `json:"note,omitempty"`
	At     time.Time         `json:"at"` // when it was published first
}

// Pointer says which revision is in force, and how it came to be.
type Pointer struct {
	Number int       `json:"number,omitempty"` // of the publication, counted from 1 by who publishes
	Hash   string    `json:"hash"`             // empty: none yet
	Author string    `json:"author,omitempty"`
	Note   string    `json:"note,omitempty"`
	At     time.Time `json:"at,omitzero"`
	// Replaced is the revision that was in force before; RunPolicy what happens to its live runs (engine.RunPolicy).
	Replaced  string `json:"replaced,omitempty"`
	RunPolicy string `json:"in_flight,omitempty"`
	// Revision is the store's version of the pointer; 0: there is none yet.
	Revision uint64 `json:"-"`
}

// ErrPublishedMeanwhile says that somebody else published meanwhile.
var ErrPublishedMeanwhile = errors.New("another revision was published meanwhile: look at it and publish again")

const (
	currentKey   = "current"
	bundlePrefix = "rev."
	maxUnpacked  = 64 << 20
)

var hexHash = regexp.MustCompile(`^[0-9a-f]{8,64}$`)

// OpenRulesets opens the revisions alone, to be read.
func OpenRulesets(ctx context.Context, js jetstream.JetStream) (*Rulesets, error) {
	kv, err := js.KeyValue(ctx, BucketRulesets)
	if err != nil {
		return nil, fmt.Errorf("open the NATS bucket %s; `homeroom setup` makes it: %w", BucketRulesets, err)
	}
	stream, err := js.Stream(ctx, "KV_"+BucketRulesets)
	if err != nil {
		return nil, fmt.Errorf("open the stream of the NATS bucket %s: %w", BucketRulesets, err)
	}
	return &Rulesets{kv: kv, stream: stream, reconnects: func() uint64 { return 0 }}, nil
}

// Put stores a revision. One that is stored already stays as it is, unless it is damaged.
func (s *Rulesets) Put(ctx context.Context, b Bundle) error {
	if !hexHash.MatchString(b.Hash) {
		return fmt.Errorf("store ruleset: %q is not a hash", b.Hash)
	}
	data, err := packBundle(b)
	if err != nil {
		return fmt.Errorf("store ruleset %s: %w", b.Hash, err)
	}
	_, err = s.kv.Create(ctx, bundlePrefix+b.Hash, data)
	if errors.Is(err, jetstream.ErrKeyExists) {
		err = s.mendBundle(ctx, b.Hash, data)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, nats.ErrMaxPayload):
		return fmt.Errorf("store ruleset %s: packed it is %d KiB, more than the NATS server takes in one message: raise its max_payload or make the folder smaller: %w",
			b.Hash, len(data)>>10, err)
	}
	return fmt.Errorf("store ruleset %s: %w", b.Hash, err)
}

// mendBundle writes a stored revision anew if it is damaged.
func (s *Rulesets) mendBundle(ctx context.Context, hash string, data []byte) error {
	entry, err := s.kv.Get(ctx, bundlePrefix+hash)
	if err != nil {
		return err
	}
	if _, err := unpackBundle(entry.Value(), hash); err == nil {
		return nil
	}
	_, err = s.kv.Update(ctx, bundlePrefix+hash, data, entry.Revision())
	if errors.Is(err, jetstream.ErrKeyRevisionMismatch) { // somebody else mended it
		return nil
	}
	return err
}

// Get returns a revision; [ErrNotFound] if it was never stored. If what was stored last is damaged, an older copy that can be read
// is returned; without one the error wraps [ErrDamaged].
func (s *Rulesets) Get(ctx context.Context, hash string) (Bundle, error) {
	if !hexHash.MatchString(hash) {
		return Bundle{}, fmt.Errorf("read ruleset: %q is not a hash", hash)
	}
	entry, err := s.kv.Get(ctx, bundlePrefix+hash)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return Bundle{}, fmt.Errorf("ruleset %s: %w", hash, ErrNotFound)
	}
	if err != nil {
		return Bundle{}, fmt.Errorf("read ruleset %s: %w", hash, err)
	}
	b, err := unpackBundle(entry.Value(), hash)
	if err == nil {
		return b, nil
	}
	older, lookup := readValues(ctx, s.stream, s.kv.Bucket(), bundlePrefix+hash)
	for _, e := range slices.Backward(older) {
		if b, err := unpackBundle(e.value, hash); err == nil {
			return b, nil
		}
	}
	return Bundle{}, errors.Join(fmt.Errorf("read ruleset %s: %w: %w", hash, ErrDamaged, err), lookup)
}

// List returns the hashes of all revisions, sorted.
func (s *Rulesets) List(ctx context.Context) ([]string, error) {
	prefix := subjectOfKey(s.kv.Bucket(), bundlePrefix)
	info, err := s.stream.Info(ctx, jetstream.WithSubjectFilter(prefix+"*"))
	if err != nil {
		return nil, fmt.Errorf("list rulesets: %w", err)
	}
	var hashes []string
	for subject := range info.State.Subjects { // no revision is ever deleted
		hashes = append(hashes, strings.TrimPrefix(subject, prefix))
	}
	slices.Sort(hashes)
	return hashes, nil
}

// Current returns the pointer; before the first [Rulesets.SetCurrent] its Hash is empty. If the newest publication cannot be read,
// it returns the newest that can, with the store's version of the newest, so that the next publication replaces it.
func (s *Rulesets) Current(ctx context.Context) (Pointer, error) {
	var p Pointer
	revision, err := readRecord(ctx, s.kv, currentKey, &p)
	if isUnreadable(err) {
		var readable []Pointer
		readable, err = s.Publications(ctx)
		if err == nil && len(readable) > 0 {
			p = readable[len(readable)-1]
		}
	}
	p.Revision = revision
	return p, err
}

// CheckNewest returns an error that wraps [ErrDamaged] or [ErrNewer] if the newest publication cannot be read, so that
// [Rulesets.Current] is an earlier one.
func (s *Rulesets) CheckNewest(ctx context.Context) error {
	var p Pointer
	_, err := readRecord(ctx, s.kv, currentKey, &p)
	return err
}

// SetCurrent moves the pointer, if it still is as next.Revision says (as [Rulesets.Current] returned it), else
// [ErrPublishedMeanwhile]. The revision it points to must be stored.
func (s *Rulesets) SetCurrent(ctx context.Context, next Pointer) (Pointer, error) {
	if _, err := s.Get(ctx, next.Hash); err != nil {
		return Pointer{}, fmt.Errorf("publish: %w", err)
	}
	revision, err := swapRecord(ctx, s.kv, currentKey, next, next.Revision)
	if errors.Is(err, errConflict) {
		return Pointer{}, ErrPublishedMeanwhile
	}
	if err != nil {
		return Pointer{}, err
	}
	next.Revision = revision
	return next, nil
}

func packBundle(b Bundle) ([]byte, error) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if err := json.NewEncoder(z).Encode(b); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

// unpackBundle reads a revision to its end, where the checksum of gzip stands.
func unpackBundle(packed []byte, hash string) (Bundle, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return Bundle{}, err
	}
	text, err := io.ReadAll(io.LimitReader(z, maxUnpacked))
	if err != nil {
		return Bundle{}, err
	}
	var b Bundle
	if err := json.Unmarshal(text, &b); err != nil {
		return Bundle{}, err
	}
	if b.Hash != hash {
		return Bundle{}, fmt.Errorf("it is of the revision %q", b.Hash)
	}
	return b, nil
}
