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

// BucketDrafts keeps the folders that somebody edits and that are not in force yet.
const BucketDrafts = "homeroom_drafts"

// Drafts are the folders that somebody edits and that are not in force yet. A draft is written by compare-and-swap, so that two
// people cannot overwrite each other.
type Drafts struct {
	kv     jetstream.KeyValue
	stream jetstream.Stream
}

// Draft is a folder that somebody edits.
type Draft struct {
	ID         string            `json:"id"` // see [ValidDraftID]
	Author     string            `json:"author"`
	Base       string            `json:"base,omitempty"`        // hash of the revision that it began from; empty: nothing was in force
	BaseNumber int               `json:"base_number,omitempty"` // of the publication
	Files      map[string][]byte `json:"files"`                 // the whole folder, by path
	SavedBy    string            `json:"saved_by"`
	Editors    []string          `json:"editors,omitempty"` // everybody who saved it
	SavedAt    time.Time         `json:"saved_at"`
	Proposal   *DraftProposal    `json:"proposal,omitempty"` // nil: not proposed
	Schedule   *DraftSchedule    `json:"schedule,omitempty"` // nil: nobody has scheduled its publication
	// Revision is the store's version of the draft; 0: it is not stored yet.
	Revision uint64 `json:"-"`
}

// DraftProposal asks for a draft to be put in force.
type DraftProposal struct {
	Reason    string     `json:"reason"`
	By        string     `json:"by"`
	At        time.Time  `json:"at"`
	Approvals []Approval `json:"approvals,omitempty"` // oldest first
	Comments  []Comment  `json:"comments,omitempty"`  // oldest first
	// Backtest is what a backtest found when the draft was proposed; nil: nobody had run one of that content.
	Backtest *BacktestNote `json:"backtest,omitempty"`
}

// BacktestNote is what a backtest of one content found, in short.
type BacktestNote struct {
	Hash     string    `json:"hash"` // of the files that were run
	Base     string    `json:"base"` // of the revision that they were compared with
	From     time.Time `json:"from"`
	Until    time.Time `json:"until"`
	Changes  int       `json:"changes"`           // messages
	Affected int       `json:"affected_learners"` // of whom a message changes
	// PerDayBefore and PerDayAfter are messages a day, of all rules.
	PerDayBefore float64 `json:"per_day_before"`
	PerDayAfter  float64 `json:"per_day_after"`
}

// Approval is somebody's consent to one content and no other.
type Approval struct {
	By   string    `json:"by"`
	At   time.Time `json:"at"`
	Hash string    `json:"hash"` // of the files that were approved
}

// Comment is what somebody says about a proposal.
type Comment struct {
	By   string    `json:"by"`
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

// ErrDraftMoved says that somebody else saved the draft since it was read.
var ErrDraftMoved = errors.New("somebody else saved this draft meanwhile")

const (
	maxDrafts  = 200
	draftIDLen = 64
)

var draftID = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)

// ValidDraftID reports whether a text can name a draft: 1 to 64 lower-case letters, digits and dashes, not a dash first.
func ValidDraftID(id string) bool { return draftID.MatchString(id) }

// OpenDrafts gives access to the drafts; their bucket is made by [Setup].
func OpenDrafts(ctx context.Context, js jetstream.JetStream) (*Drafts, error) {
	kv, err := js.KeyValue(ctx, BucketDrafts)
	if err != nil {
		return nil, fmt.Errorf("open the NATS bucket %s; `homeroom setup` makes it: %w", BucketDrafts, err)
	}
	stream, err := js.Stream(ctx, "KV_"+BucketDrafts)
	if err != nil {
		return nil, fmt.Errorf("open the NATS bucket %s: %w", BucketDrafts, err)
	}
	return &Drafts{kv: kv, stream: stream}, nil
}

// Get returns a draft; [ErrNotFound] if there is none.
func (d *Drafts) Get(ctx context.Context, id string) (Draft, error) {
	if !ValidDraftID(id) {
		return Draft{}, fmt.Errorf("draft %q: %w", shortenText(id, draftIDLen), ErrNotFound)
	}
	entry, err := d.kv.Get(ctx, id)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return Draft{}, fmt.Errorf("draft %s: %w", id, ErrNotFound)
	}
	if err != nil {
		return Draft{}, fmt.Errorf("read draft %s: %w", id, err)
	}
	return decodeDraft(entry)
}

// shortenText cuts a text to at most n bytes.
func shortenText(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return strings.ToValidUTF8(text[:n], "") + "…"
}

func decodeDraft(entry jetstream.KeyValueEntry) (Draft, error) {
	draft, err := unpackDraft(entry.Value())
	if err != nil || draft.ID != entry.Key() {
		return Draft{}, fmt.Errorf("draft %s: %w: %w", entry.Key(), ErrDamaged, err)
	}
	draft.Revision = entry.Revision()
	return draft, nil
}

func unpackDraft(packed []byte) (Draft, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return Draft{}, err
	}
	text, err := io.ReadAll(io.LimitReader(z, maxUnpacked))
	if err != nil {
		return Draft{}, err
	}
	var draft Draft
	err = json.Unmarshal(text, &draft)
	return draft, err
}

// Put writes a draft whose Revision is the one that was read, and returns its new one. [ErrDraftMoved]: somebody else wrote it
// meanwhile.
func (d *Drafts) Put(ctx context.Context, draft Draft) (revision uint64, err error) {
	if !ValidDraftID(draft.ID) {
		return 0, fmt.Errorf("store draft: %q is not a name of a draft", shortenText(draft.ID, draftIDLen))
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if err := errors.Join(json.NewEncoder(z).Encode(draft), z.Close()); err != nil {
		return 0, fmt.Errorf("store draft %s: %w", draft.ID, err)
	}
	if draft.Revision == 0 {
		revision, err = d.kv.Create(ctx, draft.ID, packed.Bytes())
	} else {
		revision, err = d.kv.Update(ctx, draft.ID, packed.Bytes(), draft.Revision)
	}
	switch {
	case err == nil:
		return revision, nil
	case errors.Is(err, jetstream.ErrKeyExists), errors.Is(err, jetstream.ErrKeyRevisionMismatch):
		return 0, fmt.Errorf("store draft %s: %w", draft.ID, ErrDraftMoved)
	case errors.Is(err, nats.ErrMaxPayload):
		return 0, fmt.Errorf("store draft %s: packed it is %d KiB, more than the NATS server takes in one message: raise its max_payload or make the folder smaller: %w",
			draft.ID, packed.Len()>>10, err)
	}
	return 0, fmt.Errorf("store draft %s: %w", draft.ID, err)
}

// Delete removes a draft that still has the revision; [ErrDraftMoved] otherwise.
func (d *Drafts) Delete(ctx context.Context, id string, revision uint64) error {
	err := d.kv.Delete(ctx, id, jetstream.LastRevision(revision))
	if errors.Is(err, jetstream.ErrKeyRevisionMismatch) || isWrongSequence(err) {
		return fmt.Errorf("delete draft %s: %w", id, ErrDraftMoved)
	}
	if err != nil {
		return fmt.Errorf("delete draft %s: %w", id, err)
	}
	return nil
}

// isWrongSequence reports whether a server refused a write because the record has another revision.
func isWrongSequence(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence
}

// List returns at most 200 drafts, the last saved first. Damaged ones are left out.
func (d *Drafts) List(ctx context.Context) ([]Draft, error) {
	entries, err := newFollower(d.stream, BucketDrafts, ">").readNewest(ctx)
	if err != nil {
		return nil, fmt.Errorf("list drafts: %w", err)
	}
	var drafts []Draft
	for _, e := range slices.Backward(entries) {
		if e.deleted {
			continue
		}
		draft, err := unpackDraft(e.value)
		if err != nil || draft.ID != e.key {
			continue
		}
		draft.Revision = e.revision
		if drafts = append(drafts, draft); len(drafts) == maxDrafts {
			break
		}
	}
	slices.SortStableFunc(drafts, func(a, b Draft) int { return b.SavedAt.Compare(a.SavedAt) })
	return drafts, nil
}
