package privacy

import (
	"context"
	"fmt"
	"slices"
	"time"

	"homeroom/internal/clock"
	"homeroom/store"
	"homeroom/subjects"
)

// ErasureReceipt says what an erasure did. It tells nobody whom it was about.
type ErasureReceipt struct {
	// Learner is the keyed hash of the id, in hex, under which the tombstone is kept.
	Learner string    `json:"learner"`
	At      time.Time `json:"at"`
	By      string    `json:"by,omitempty"`
	// OtherIDs is how many other ids of the same learner were erased too.
	OtherIDs int `json:"other_ids,omitempty"`
	// Complete: at the end nothing was found any more, twice.
	Complete   bool    `json:"complete"`
	Rounds     int     `json:"rounds"`
	Suppressed int     `json:"addresses_suppressed"`
	Removed    []Count `json:"removed"`           // by place; those that held nothing among them
	Remaining  []Count `json:"remains,omitempty"` // what was found at the end
	// Warnings are what could not be made sure of, each with what to do.
	Warnings []string `json:"doubts,omitempty"`
	Kept     []Kept   `json:"stays"`
}

// Kept is something that an erasure leaves where it is.
type Kept struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

// Erase removes everything that Homeroom holds about a learner, under all ids that were merged; see the package comment for how. Who has nothing left is
// erased again without harm. Of [subjects.NoLearner] all events and dead letters are removed; no address is suppressed, and there is no tombstone. An error means that it did not come to its end: what was done stays done, so run it again.
// A receipt that is not Complete says what remains.
func (p *Privacy) Erase(ctx context.Context, learner, by string, at time.Time) (ErasureReceipt, error) {
	if err := checkLearner(learner); err != nil {
		return ErasureReceipt{}, err
	}
	others, err := p.otherIDs(ctx, learner)
	if err != nil {
		return ErasureReceipt{}, err
	}
	total := ErasureReceipt{Complete: true}
	for _, id := range others {
		p.opts.Progress("the learner has another id, which is erased first")
		receipt, err := p.eraseID(ctx, id, by, at)
		if err != nil {
			return receipt, err
		}
		total.addReceipt(&receipt)
	}
	receipt, err := p.eraseID(ctx, learner, by, at)
	if err != nil || len(others) == 0 {
		return receipt, err
	}
	total.addReceipt(&receipt)
	total.OtherIDs = len(others)
	total.Learner = receipt.Learner
	total.At = receipt.At
	total.By = receipt.By
	total.Kept = p.listKept(ctx, learner, &total)
	return total, nil
}

// eraseID removes everything that is held under one id.
func (p *Privacy) eraseID(ctx context.Context, learner, by string, at time.Time) (ErasureReceipt, error) {
	e := &erasure{
		Privacy: p,
		learner: learner,
		nobody:  learner == subjects.NoLearner,
		at:      at,
		removed: map[string]uint64{},
	}
	receipt := ErasureReceipt{Learner: p.opts.Store.Suppressions.TombstoneKey(learner), At: at, By: by}
	if err := e.prepareErasure(ctx, by); err != nil {
		return receipt, fmt.Errorf("erase a learner: %w", err)
	}
	last, err := e.runRounds(ctx, &receipt)
	if err != nil {
		return receipt, fmt.Errorf("erase a learner: %w; what was removed stays removed: run it again", err)
	}
	receipt.Suppressed = len(e.suppressed)
	receipt.Warnings = e.warnings
	for _, c := range last.countPlaces() {
		receipt.Removed = append(receipt.Removed, Count{c.Place, e.removed[c.Place]})
		if c.Count > 0 {
			receipt.Remaining = append(receipt.Remaining, c)
		}
	}
	receipt.Kept = e.listKept(ctx, learner, &receipt)
	return receipt, nil
}

// erasure is one learner's, under way.
type erasure struct {
	*Privacy
	learner         string
	nobody          bool // the events of no learner are erased: no address and no tombstone is theirs
	at              time.Time
	keys            store.SearchKeys
	suppressed      []string // addresses
	removed         map[string]uint64
	warnings        []string
	triggersAwaited bool // the triggers have been waited for once
}

// prepareErasure writes what must be there before anything is removed.
func (e *erasure) prepareErasure(ctx context.Context, by string) error {
	if e.nobody {
		return nil
	}
	f, err := e.findAll(ctx, e.learner, e.keys)
	if err != nil {
		return err
	}
	if err := e.suppressAddresses(ctx, f); err != nil {
		return err
	}
	return e.opts.Store.Suppressions.WriteTombstone(ctx, e.learner, store.Tombstone{At: e.at, By: by})
}

// suppressAddresses keeps every address that is known from being written to. Addresses in events of no learner are of learners who asked for nothing.
func (e *erasure) suppressAddresses(ctx context.Context, f found) error {
	if e.nobody {
		return nil
	}
	addresses, err := e.findAddresses(ctx, e.learner, f.places)
	if err != nil {
		return err
	}
	for _, address := range addresses {
		if slices.Contains(e.suppressed, address) {
			continue
		}
		if err := e.opts.Store.Suppressions.Add(ctx, address, store.ReasonErased, e.at); err != nil {
			return err
		}
		e.suppressed = append(e.suppressed, address)
	}
	return nil
}

// runRounds searches and removes until nothing was found twice, or the rounds are over. It returns the last search.
func (e *erasure) runRounds(ctx context.Context, receipt *ErasureReceipt) (last found, err error) {
	clean := 0
	for {
		if last, err = e.findAll(ctx, e.learner, e.keys); err != nil {
			return last, err
		}
		e.keys = last.keys
		if last.countAll() == 0 && e.triggersAwaited {
			if clean++; clean == 2 {
				receipt.Complete = true
				return last, nil
			}
			e.opts.Progress("nothing is left; looking once more")
			if err := clock.Sleep(ctx, e.opts.SearchPause); err != nil {
				return last, err
			}
			continue
		}
		clean = 0
		if receipt.Rounds == e.opts.Rounds {
			return last, nil
		}
		receipt.Rounds++
		e.opts.Progress(fmt.Sprintf("round %d: %d found", receipt.Rounds, last.countAll()))
		if err := e.suppressAddresses(ctx, last); err != nil {
			return last, err
		}
		if err := e.removeFound(ctx, last); err != nil {
			return last, err
		}
	}
}

// removeFound takes away what was found, in the order of the package comment.
func (e *erasure) removeFound(ctx context.Context, f found) error {
	var events uint64
	for _, place := range f.places {
		if place.Name == subjects.Stream || place.Name == subjects.SetAsideStream {
			events += place.Held
			if err := e.removePlace(ctx, place); err != nil {
				return err
			}
		}
	}
	if events > 0 || !e.triggersAwaited {
		e.awaitTriggers(ctx)
		// The triggers and the learner's workflow may just have written something: what was found is old.
		var err error
		if f, err = e.findAll(ctx, e.learner, e.keys); err != nil {
			return err
		}
		e.keys = f.keys
		if err := e.suppressAddresses(ctx, f); err != nil {
			return err
		}
	}
	e.opts.Progress(fmt.Sprintf("deleting %d runs of the workflow", len(f.runs)))
	if err := e.removeRuns(ctx, e.learner, f.runs); err != nil {
		return err
	}
	e.removed[temporalPlace] += uint64(len(f.runs))
	for _, place := range f.places {
		if err := e.removePlace(ctx, place); err != nil {
			return err
		}
	}
	return nil
}

func (e *erasure) removePlace(ctx context.Context, place store.Place) error {
	if place.Held == 0 {
		return nil
	}
	e.opts.Progress(fmt.Sprintf("purging %d from %s", place.Held, place.Name))
	if err := e.data.Remove(ctx, place); err != nil {
		return err
	}
	e.removed[place.Name] += place.Held
	return nil
}

// triggersWait is how long the triggers are given to finish what they have received, in real time.
const triggersWait = 30 * time.Second

// awaitTriggers waits until the triggers have processed everything that the partition stored up to now, but no longer than
// triggersWait: then the receipt has a warning. It does not wait if no instance runs. Events that the triggers had fetched are processed although
// the stream has them no more.
func (e *erasure) awaitTriggers(ctx context.Context) {
	e.triggersAwaited = true
	if instances, err := e.opts.Store.Control.ReadInstances(ctx); err == nil && len(instances) == 0 {
		return // no process is there to hold anything
	}
	partition := store.PartitionOf(e.learner)
	e.opts.Progress("waiting for the triggers to finish what they have received")
	want := e.opts.Now()
	if e.opts.Store.Control.AwaitHandedOver(ctx, partition, want, triggersWait).Before(want) {
		warning := fmt.Sprintf("nobody said within %s that partition %d of the stream was handed over: if a process was stopped or stuck while it processed the learner's events, it may store them again; once Homeroom is serving, run this again",
			triggersWait, partition)
		if !slices.Contains(e.warnings, warning) {
			e.warnings = append(e.warnings, warning)
		}
	}
}

// listKept says what an erasure leaves, and why.
func (p *Privacy) listKept(ctx context.Context, learner string, r *ErasureReceipt) []Kept {
	var kept []Kept
	if learner == subjects.NoLearner {
		kept = append(kept, Kept{"what is held of learners whose addresses or names were in these events", "the events were of no learner; erase each learner under their own id"})
	} else {
		kept = append(kept,
			Kept{"the tombstone: a keyed hash of the learner's id, when and by whom they were erased", "proof of the erasure; it tells nobody who it was"},
			Kept{"records of who looked at, exported or erased the learner, in " + subjects.AuditStream + ", with the learner as a keyed hash", "they prove who did what; they expire after 400 days"},
			Kept{fmt.Sprintf("%d addresses as keyed hashes in %s", r.Suppressed, store.BucketSuppressions), "so that nobody writes to them again"},
		)
	}
	kept = append(kept, []Kept{
		{"the learner's id in events of other learners that name it, such as who referred whom, and in what followed from them", "they are the other learners' history; erase those too, or use ids that mean nothing outside of the platform"},
		{"ids in the logs of Homeroom, NATS and Temporal, and in the memory of processes that run", "logs and memory have their own end; they hold no address and no name"},
		{"hashes of ids in files that `homeroom report --read-model` and `homeroom console --read-model` keep, until each is used next", "they are copies; the next report finds that something was erased and builds the file anew; files that nobody uses any more must be deleted"},
		{"activity, without address and name, in folders that `homeroom console --history` and `homeroom backtest --history` keep, for ten minutes while a console runs, else until each is used next", "they are copies; the next look finds that something was erased and reads that part anew; folders that nobody uses any more must be deleted"},
		{"bytes on the servers' disks that nothing refers to any more, and backups", "NATS and Temporal's database use the space again in their own time; encrypt disks and let backups expire"},
		{"what the mail provider logged, and the mails themselves", "they are outside of Homeroom: erase the address at the provider too"},
	}...)
	where, err := p.archiveLocation(ctx)
	if err != nil {
		where = "(not known: " + err.Error() + ")"
	}
	if where != "" {
		kept = append(kept, Kept{"copies of closed runs in Temporal's archive " + where, "Temporal deletes nothing there; let the archive expire, or delete the workflow's folder"})
	}
	return kept
}
