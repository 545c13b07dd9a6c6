package delivery

import (
	"context"
	"errors"
	"time"

	"homeroom/engine"
)

// Phase is how far a send has come.
type Phase string

// The phases; see the package comment for how they follow each other.
const (
	PhaseNone      Phase = ""          // the ledger has never heard of this send
	PhaseClaimed   Phase = "claimed"   // an attempt has begun; the provider has not been called
	PhaseCalling   Phase = "calling"   // the provider is being called, or was when the process died
	PhaseReleased  Phase = "released"  // the provider has not taken the mail and may be called: it said "not now", it was not called, or settlement found so
	PhaseUncertain Phase = "uncertain" // the mail may have gone out; the provider is called again only by settlement, once
	PhaseSettled   Phase = "settled"   // the provider answered for good
)

// Entry is what the ledger remembers of one send. It carries no personal data.
type Entry struct {
	Phase   Phase          `json:"phase"`
	Outcome engine.Outcome `json:"outcome,omitzero"` // with settled and uncertain
	// Send is which send this is, without its trigger's properties and its values: webhooks know the send id only.
	Send engine.Send `json:"send,omitzero"`
	// Copies are hashes of the addresses that got a copy: what is reported of them is nothing that the learner did.
	Copies []string `json:"copies,omitempty"`
	// Heard are the ids of the provider's reports that were taken in, the newest last, at most [MaxReportIDs].
	Heard []string `json:"heard,omitempty"`
	// Receipt is the provider's own message id, for support cases; may be empty.
	Receipt string    `json:"receipt,omitempty"`
	Calls   int       `json:"calls,omitempty"` // how often the provider has been called
	At      time.Time `json:"at"`              // when this phase was entered
	// Called is when the provider was called last; zero: never, or by a version that did not note it.
	Called time.Time `json:"called,omitzero"`
	// Resent reports whether the send was uncertain and evidence said that the provider had not taken it. That happens once.
	Resent bool `json:"resent,omitempty"`
	// Revision is the store's own version of the entry; 0: the entry does not exist. It is not part of the stored
	// value: Get and Put fill it in.
	Revision uint64 `json:"-"`
}

// MaxReportIDs is how many report ids of one send are remembered, so that a repeated report is recognized.
const MaxReportIDs = 64

// Ledger remembers how far each send has come. Which phase may follow which is the Deliverer's business; a ledger only
// compares and swaps. Package ledgertest holds what every implementation must do.
type Ledger interface {
	// Get returns the entry of a send; an unknown send is the zero Entry and no error. It must see every
	// acknowledged Put (no replica reads).
	Get(ctx context.Context, sendID string) (Entry, error)
	// Put stores e if the entry still has e.Revision (0: if there is none yet), and returns e with its new
	// revision. Otherwise the error is (or wraps) ErrConflict and nothing has changed. After any other error
	// nobody knows whether the entry was stored.
	Put(ctx context.Context, sendID string, e Entry) (Entry, error)
}

// ErrConflict says that another attempt has changed the entry meanwhile: read it again.
var ErrConflict = errors.New("the send's ledger entry was changed by another attempt")
