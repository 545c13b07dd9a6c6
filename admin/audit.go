package admin

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"homeroom/internal/mailaddress"
	"homeroom/internal/narrate"
	"homeroom/store"
	"homeroom/subjects"
)

// Actor is who asks an installation to do something, and which way they came in.
type Actor struct {
	Name string
	Way  store.Way
}

// The ways in.
const (
	WayConsole = store.WayConsole
	WayCLI     = store.WayCLI
)

// What a record of a publication says besides its action.
const (
	WithoutApproval = store.WithoutApproval
	WithFailedTests = store.WithFailedTests
	WithoutBase     = store.WithoutBase
)

// AuditRecord is one act, as package store keeps it.
type AuditRecord = store.AuditRecord

// As returns the installation as somebody uses it: what they do is recorded in their name. It shares the connections of the
// installation, which alone is closed.
func (i *Installation) As(a Actor) *Installation { return &Installation{shared: i.shared, actor: a} }

// errNobody says that an installation is used without an [Actor].
var errNobody = errors.New("nothing was done: it is not known who asks, so that it cannot be recorded")

// recordAct records an act and then does it. If it cannot be recorded nothing is done. If it fails a second record says so.
func (i *Installation) recordAct(ctx context.Context, r AuditRecord, act func() error) error {
	audit, err := i.openAudit(ctx)
	if err != nil {
		return err
	}
	if err := i.appendRecord(ctx, audit, &r); err != nil {
		return err
	}
	failed := act()
	if failed == nil {
		return nil
	}
	r.Failed = true
	if err := i.appendRecord(context.WithoutCancel(ctx), audit, &r); err != nil { // so that a request that was broken off is recorded, too
		return errors.Join(failed, err)
	}
	return failed
}

// recordLook records that somebody looked at something, before it is shown.
func (i *Installation) recordLook(ctx context.Context, r AuditRecord) error {
	return i.recordAct(ctx, r, func() error { return nil })
}

// recordDone records an act that cannot wait for its record: it has been done.
func (i *Installation) recordDone(ctx context.Context, r AuditRecord) error {
	audit, err := i.openAudit(ctx)
	if err == nil {
		err = i.appendRecord(context.WithoutCancel(ctx), audit, &r)
	}
	if err != nil {
		return fmt.Errorf("it is done, but not recorded: %w", err)
	}
	return nil
}

// appendRecord completes a record and stores it.
func (i *Installation) appendRecord(ctx context.Context, audit *store.Audit, r *AuditRecord) error {
	if i.actor.Name == "" {
		return errNobody
	}
	r.ID = cmp.Or(r.ID, rand.Text())
	r.At = i.MachineNow().UTC()
	r.Who = i.actor.Name
	r.Way = i.actor.Way
	return audit.Append(ctx, *r)
}

// openAudit returns the audit stream, opened once for all who share the connection.
func (i *Installation) openAudit(ctx context.Context) (*store.Audit, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.audit != nil {
		return i.audit, nil
	}
	audit, err := store.OpenAudit(ctx, i.js)
	if err == nil {
		i.audit = audit
	}
	return audit, err
}

// recordLearner records an act about a learner, and then does it.
func (i *Installation) recordLearner(ctx context.Context, action store.AuditAction, learner string, act func() error) error {
	if err := subjects.ValidLearner(learner); err != nil {
		return inputError(err)
	}
	audit, err := i.openAudit(ctx)
	if err != nil {
		return err
	}
	return i.recordAct(ctx, AuditRecord{Action: action, Learner: audit.HashLearner(learner)}, act)
}

// recordAddress records an act about an address, and then does it.
func (i *Installation) recordAddress(ctx context.Context, action store.AuditAction, address string, act func() error) error {
	audit, err := i.openAudit(ctx)
	if err != nil {
		return err
	}
	return i.recordAct(ctx, AuditRecord{Action: action, Address: audit.HashAddress(mailaddress.Normalize(address))}, act)
}

// AuditOptions say which records are asked for.
type AuditOptions struct {
	Since   time.Time // by the machine's clock; records that were stored earlier are left out; zero: none are
	Who     string    // only what this person did; empty: all
	Action  string    // only acts of this kind; empty: all
	Learner string    // only what is about this learner; empty: all
	Address string    // only what is about this address; empty: all
	Limit   int       // how many of the newest are returned; 0: all
}

// AuditLog is who did what.
type AuditLog struct {
	Records    []AuditRecord `json:"records"`              // the newest first; never nil
	Total      int           `json:"total"`                // how many there are, of which Records are the newest
	Unreadable int           `json:"unreadable,omitempty"` // records that cannot be read
}

// AuditLog reads who did what. An act that failed stands there once, as failed.
func (i *Installation) AuditLog(ctx context.Context, o AuditOptions) (AuditLog, error) {
	audit, err := i.openAudit(ctx)
	if err != nil {
		return AuditLog{}, err
	}
	matches := newAuditFilter(audit, o)
	var found []AuditRecord
	places := map[string]int{} // of acts in found, by id
	reader := i.newReader(time.Time{}, nil)
	reader.Since = o.Since
	unreadable, err := audit.Read(ctx, reader, func(r AuditRecord) {
		if !matches(r) {
			return
		}
		if n, known := places[r.ID]; known {
			found[n] = r
			return
		}
		places[r.ID] = len(found)
		found = append(found, r)
	})
	if err != nil {
		return AuditLog{}, err
	}
	slices.Reverse(found)
	log := AuditLog{Records: append([]AuditRecord{}, found...), Total: len(found), Unreadable: unreadable}
	if o.Limit > 0 && len(log.Records) > o.Limit {
		log.Records = log.Records[:o.Limit]
	}
	return log, nil
}

// newAuditFilter returns a function that reports whether a record is asked for.
func newAuditFilter(audit *store.Audit, o AuditOptions) func(AuditRecord) bool {
	learner := ""
	if o.Learner != "" {
		learner = audit.HashLearner(o.Learner)
	}
	address := ""
	if o.Address != "" {
		address = audit.HashAddress(mailaddress.Normalize(o.Address))
	}
	is := func(want, have string) bool { return want == "" || want == have }
	return func(r AuditRecord) bool {
		return is(o.Who, r.Who) && is(o.Action, string(r.Action)) && is(learner, r.Learner) && is(address, r.Address)
	}
}

// DescribeAudit says in words what a record is about; empty: its action says all.
func DescribeAudit(r AuditRecord) string {
	var parts []string
	add := func(text string, holds bool) {
		if holds {
			parts = append(parts, text)
		}
	}
	add(r.Target, r.Target != "")
	add(narrate.ShortHash(r.Hash), r.Hash != "")
	add("over "+narrate.ShortHash(r.Base), r.Base != "" && r.Base != r.Hash)
	add("learner "+narrate.ShortHash(r.Learner), r.Learner != "")
	add("address "+narrate.ShortHash(r.Address), r.Address != "")
	add(describeCount(r), r.Count > 0)
	for _, mark := range r.With {
		add(describeMark(mark), true)
	}
	add("failed", r.Failed)
	return strings.Join(parts, ", ")
}

// describeCount says how many of what a record is about.
func describeCount(r AuditRecord) string {
	switch r.Action {
	case store.ActionListAtRisk:
		return narrate.Count(r.Count, "learner")
	case store.ActionPurgeDeadLetters, store.ActionReplayDeadLetters:
		return narrate.Count(r.Count, "event")
	}
	return narrate.Thousands(r.Count)
}

// describeMark says a mark of a record in words.
func describeMark(mark string) string {
	switch mark {
	case store.WithoutApproval:
		return "without approval"
	case store.WithCondition:
		return "with a condition of its own"
	case store.WithFailedTests:
		return "although tests failed or were not run"
	case store.WithoutBase:
		return "over what others published after it was begun"
	case store.Scheduled:
		return "at the time that was set"
	case store.BaseMoved:
		return "because something else was published"
	case store.DraftEdited:
		return "because the draft was changed"
	case store.TooLate:
		return "because it was too late"
	case store.Refused:
		return "because it was refused"
	case store.Unscheduled:
		return "its scheduled publication with it"
	}
	return mark
}
