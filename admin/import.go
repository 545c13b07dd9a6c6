package admin

import (
	"context"
	"io"

	"homeroom/importer"
	"homeroom/store"
)

// ImportOptions say how to import learners whom the platform had before.
type ImportOptions struct {
	DryRun bool // read and check everything, and write nothing
	Wake   bool // have the inactivity rules wait for those who may fall silent
	// OpenRejected opens the output for lines that cannot be used, with the first of them.
	OpenRejected func() (io.WriteCloser, error)
	OnRead       func(done, total int64) // lines; the total is 0, because it is not known. May be nil
	OnApply      func(done, total int64) // events. May be nil
}

// Import reads NDJSON events, gzipped or not, and writes what they say of learners, silently; see package importer. The
// rules in force say what counts as activity. The installation must have been connected with its secret.
func (i *Installation) Import(ctx context.Context, in io.Reader, opts ImportOptions) (importer.Result, error) {
	academy, err := i.CurrentAcademy(ctx)
	if err != nil {
		return importer.Result{}, err
	}
	run := importer.Options{
		Store:        i.store,
		Ruleset:      academy.Ruleset,
		Catalog:      academy.Catalog,
		Now:          i.opts.Now(),
		DryRun:       opts.DryRun,
		OpenRejected: opts.OpenRejected,
		OnRead:       opts.OnRead,
		OnApply:      opts.OnApply,
	}
	if opts.Wake && !opts.DryRun {
		temporal, _, err := i.dialTemporal(ctx)
		if err != nil {
			return importer.Result{}, err
		}
		run.Waker = importer.NewWaker(temporal)
		defer run.Waker.Stop()
	}
	if opts.DryRun {
		return importer.Import(ctx, in, run)
	}
	var result importer.Result
	err = i.recordAct(ctx, AuditRecord{Action: store.ActionImport}, func() error {
		result, err = importer.Import(ctx, in, run)
		return err
	})
	return result, err
}
