package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/simulate"
	"homeroom/store"
)

// Options are what an import needs. All but those with a default are required.
type Options struct {
	Store   *store.Store
	Ruleset *engine.Ruleset  // in force: says what counts as activity and what is counted
	Catalog *catalog.Catalog // decodes the lines
	Now     time.Time        // no event may be newer than this plus catalog.MaxAhead
	DryRun  bool             // read and check everything, and write nothing
	// Waker wakes the learners whom an inactivity rule may fall due for. Nil: nobody is woken.
	Waker *Waker
	// OpenRejected opens the file for lines that cannot be used. It is called with the first of them, and at most once.
	OpenRejected func() (io.WriteCloser, error)
	// OnRead hears, every 1,000 lines, how many have been read; the total is 0, because it is not known. May be nil.
	OnRead func(done, total int64)
	// OnApply hears how many events have been imported, of how many. May be nil.
	OnApply func(done, total int64)
}

// Result counts what an import did.
type Result struct {
	DryRun   bool `json:"dry_run,omitempty"`
	Events   int  `json:"events"`   // imported, or known already
	Learners int  `json:"learners"` // whose events these are
	// Profiles and Standings are how many records differ from before.
	Profiles  int `json:"profiles_changed"`
	Standings int `json:"standings_changed"`
	Repeated  int `json:"repeated_events,omitempty"` // the same id of the same learner again
	Platform  int `json:"platform_events,omitempty"` // of no learner; passed over
	Ignored   int `json:"ignored,omitempty"`         // known to a source of sources.yaml and not wanted; passed over
	Erased    int `json:"erased_events,omitempty"`   // from before their learner was erased; passed over
	// Aliased are the events that name another id of a learner. An import merges nothing: both ids are learners of their own until such an event is published.
	Aliased int `json:"aliased_events,omitempty"`
	// Waiting are the learners whom an inactivity rule may fall due for; Woken, those who are waited for now.
	Waiting int `json:"may_fall_silent"`
	Woken   int `json:"woken,omitempty"`
	// Rejected are the lines that cannot be used, by reason. RejectedFile is set by the caller, who knows the file's name.
	Rejected      map[string]int `json:"rejected,omitempty"`
	RejectedFile  string         `json:"rejected_file,omitempty"`
	SkippedTraits int            `json:"traits_not_taken_in,omitempty"`
	TraitNote     string         `json:"traits_note,omitempty"` // about the first of them
	// Remarks are how many traits were stored, or would be, although they cannot be used or have no meaning here, and how many properties look misspelt; Remark is about
	// the first of them. See profile.Remarks and catalog.Catalog.PropertyRemarks.
	Remarks int    `json:"remarks,omitempty"`
	Remark  string `json:"remark,omitempty"`
}

// ErrNothingImported is in the error of an import that failed before it wrote anything.
var ErrNothingImported = errors.New("nothing was taken in yet")

// Import reads NDJSON, an event a line (native, CloudEvents or Segment), gzipped or not, and imports it. Learners may come
// in any order; each one's events are applied in the order of their time. An error that comes before the first write wraps
// [ErrNothingImported]; after any other error the import may be run again.
func Import(ctx context.Context, in io.Reader, opts Options) (Result, error) {
	if opts.OnRead == nil {
		opts.OnRead = func(int64, int64) {}
	}
	if opts.OnApply == nil {
		opts.OnApply = func(int64, int64) {}
	}
	run := &importRun{Options: opts}
	shards, err := openShards()
	if err != nil {
		return Result{}, err
	}
	defer shards.close()
	rejected := &rejectedLines{open: opts.OpenRejected}
	events, err := simulate.Decompress(in)
	if err == nil {
		err = run.sortLines(ctx, events, shards, rejected)
	}
	if err = errors.Join(err, rejected.close()); err != nil {
		return Result{}, fmt.Errorf("%w; %w", err, ErrNothingImported)
	}
	run.result.DryRun = opts.DryRun
	run.result.Rejected = rejected.reasons
	if err := run.importShards(ctx, shards); err != nil {
		return run.result, err
	}
	return run.result, nil
}

// importRun is one import under way.
type importRun struct {
	Options
	result Result
}
