package admin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"homeroom/engine"
	"homeroom/publish"
	"homeroom/rules"
	"homeroom/store"
)

// DraftSchedule says when a draft is put in force by itself, or why it was not.
type DraftSchedule = store.DraftSchedule

// Scheduling says when a draft is to be put in force, and how.
type Scheduling struct {
	At   string // a local time such as 2026-12-01 09:00
	Zone string // the IANA zone of At
	DraftPublication
}

// TimeInZone reads a local time such as 2026-12-01 09:00 in an IANA zone; see [publish.TimeInZone].
func TimeInZone(text, zone string) (time.Time, error) {
	at, err := publish.TimeInZone(text, zone)
	if err != nil {
		return time.Time{}, inputError(err)
	}
	return at, nil
}

// ScheduleDraft has a draft put in force at a time. The draft must be fit to be published now: it compiles, its tests pass, it has the approvals it
// needs, or the scheduling says that they may be missing. It is cancelled when the draft's content changes or something else is published. An earlier
// scheduling of the draft is replaced.
func (i *Installation) ScheduleDraft(ctx context.Context, d Draft, s Scheduling) (Draft, error) {
	at, err := TimeInZone(s.At, s.Zone)
	if err != nil {
		return Draft{}, err
	}
	if err := i.checkNotUnderWay(d.Schedule); err != nil {
		return Draft{}, err
	}
	now := i.MachineNow().UTC()
	if err := publish.CheckScheduledTime(at, now); err != nil {
		return Draft{}, inputError(err)
	}
	if len(d.Changed) == 0 {
		return Draft{}, inputError(errors.New("this draft changes nothing of what is in force"))
	}
	ready, err := i.checkDraft(ctx, d, s.DraftPublication)
	if err != nil {
		return Draft{}, err
	}
	next := d.Draft
	next.Schedule = &store.DraftSchedule{
		At:              at.UTC(),
		Zone:            s.Zone,
		By:              s.By,
		MadeAt:          now,
		Hash:            d.Hash,
		Number:          d.Current.Number,
		Note:            s.Note,
		RunPolicy:       string(s.RunPolicy),
		WithoutApproval: s.WithoutApproval,
		Untested:        s.Untested,
	}
	return i.writeRecorded(ctx, AuditRecord{Action: store.ActionSchedule, Target: d.ID, Hash: d.Hash, Base: d.Base, With: ready.with}, next)
}

// UnscheduleDraft cancels a draft's scheduled publication, or takes the note away that it was cancelled. A draft without either is an [*InputError].
func (i *Installation) UnscheduleDraft(ctx context.Context, d Draft) (Draft, error) {
	if err := i.checkNotUnderWay(d.Schedule); err != nil {
		return Draft{}, err
	}
	next := d.Draft
	next.Schedule = nil
	switch {
	case d.Schedule == nil:
		return Draft{}, inputError(errors.New("the publication of this draft is not scheduled"))
	case !d.Schedule.Waits():
		return i.writeDraft(ctx, next)
	}
	return i.writeRecorded(ctx, AuditRecord{Action: store.ActionUnschedule, Target: d.ID, Hash: d.Hash, Base: d.Base}, next)
}

// writeEdited writes a draft whose content may have changed. A publication that waits is cancelled if it has.
func (i *Installation) writeEdited(ctx context.Context, d store.Draft, by string) (Draft, error) {
	if err := i.checkNotUnderWay(d.Schedule); err != nil {
		return Draft{}, err
	}
	if !d.Schedule.Waits() || rules.Hash(d.Files) == d.Schedule.Hash {
		return i.writeDraft(ctx, d)
	}
	return i.cancelSchedule(ctx, d, by+" changed the draft", store.DraftEdited)
}

// cancelSchedule writes a draft whose publication waits no more. why is a sentence for people, and with what the audit record says of it, such as [store.DraftEdited].
func (i *Installation) cancelSchedule(ctx context.Context, d store.Draft, why, with string) (Draft, error) {
	d.Schedule = i.endSchedule(d.Schedule, why)
	return i.writeRecorded(ctx, AuditRecord{Action: store.ActionUnschedule, Target: d.ID, Hash: d.Schedule.Hash, Base: d.Base, With: []string{with}}, d)
}

// endSchedule returns a schedule that is cancelled now.
func (i *Installation) endSchedule(s *DraftSchedule, why string) *DraftSchedule {
	ended := *s
	ended.Ended = i.MachineNow().UTC()
	ended.Why = why
	return &ended
}

// writeRecorded records an act and writes the draft that it changes.
func (i *Installation) writeRecorded(ctx context.Context, r AuditRecord, next store.Draft) (Draft, error) {
	var written Draft
	err := i.recordAct(ctx, r, func() (err error) {
		written, err = i.writeDraft(ctx, next)
		return err
	})
	return written, err
}

// ScheduleKeeping says how scheduled publications are kept.
type ScheduleKeeping struct {
	Every     time.Duration // the pause between two looks, in real time
	Approvals int           // how many others must have approved, if the settings in force do not say
	Report    func(ScheduleReport)
}

// ScheduleReport says what became of one scheduled publication, or why the drafts could not be looked at.
type ScheduleReport struct {
	Draft string // empty: none in particular
	Stage publish.ScheduleStage
	Why   string // it was cancelled
	Err   error  // it is tried again
}

// Log writes the report to a log.
func (r ScheduleReport) Log(log *slog.Logger) {
	switch {
	case r.Draft == "":
		log.Warn("scheduled publications could not be looked at", "error", r.Err)
	case r.Err != nil:
		log.Warn("a scheduled publication failed and is tried again", "draft", r.Draft, "error", r.Err)
	case r.Stage == publish.StageCancelled:
		log.Warn("a scheduled publication was cancelled", "draft", r.Draft, "why", r.Why)
	default:
		log.Info("a scheduled draft is in force", "draft", r.Draft)
	}
}

// KeepSchedule puts drafts in force whose time has come, until ctx ends. Any number of processes may do so for one installation.
func (i *Installation) KeepSchedule(ctx context.Context, k ScheduleKeeping) {
	ticker := time.NewTicker(k.Every)
	defer ticker.Stop()
	for {
		if err := i.PublishDue(ctx, k); err != nil && ctx.Err() == nil {
			k.Report(ScheduleReport{Err: err})
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// PublishDue looks once at all drafts: it puts those in force whose time has come, cancels those that must not be, and finishes what a process began
// that is gone.
func (i *Installation) PublishDue(ctx context.Context, k ScheduleKeeping) error {
	drafts, err := i.Drafts(ctx)
	if err != nil {
		return err
	}
	for n := range drafts {
		d := drafts[n]
		if !d.Schedule.Waits() {
			continue
		}
		report := ScheduleReport{Draft: d.ID}
		report.Stage, report.Why, report.Err = i.carryOut(ctx, d, k.Approvals)
		var overtaken *DraftConflictError
		if report.Stage == publish.StageWaiting || report.Stage == publish.StageClaimed || errors.As(report.Err, &overtaken) {
			continue // nothing happened, or somebody else was faster: the next look sees it
		}
		k.Report(report)
	}
	return nil
}

// carryOut does what is to become of one scheduled publication, in the name of who scheduled it.
func (i *Installation) carryOut(ctx context.Context, d Draft, approvals int) (stage publish.ScheduleStage, why string, err error) {
	look := publish.LookAtSchedule(&d.Draft, d.Hash, d.Current, i.MachineNow())
	as := i.As(Actor{Name: d.Schedule.By, Way: store.WaySchedule})
	switch look.Stage {
	case publish.StageWaiting, publish.StageClaimed:
		return look.Stage, "", nil
	case publish.StageCancelled:
		_, err := as.cancelSchedule(ctx, d.Draft, look.Why, look.Mark)
		return look.Stage, look.Why, err
	case publish.StageInForce:
		return look.Stage, "", as.finishScheduled(ctx, d)
	case publish.StageDue:
	}
	claimed, err := as.noteClaim(ctx, d.Draft, "")
	if err != nil {
		return publish.StageDue, "", err
	}
	if _, err = as.PublishDraft(ctx, claimed, scheduledPublication(&claimed, approvals)); err == nil {
		return publish.StageInForce, "", nil
	}
	var input *InputError
	if errors.As(err, &input) {
		_, written := as.cancelSchedule(ctx, claimed.Draft, err.Error(), store.Refused)
		return publish.StageCancelled, err.Error(), written
	}
	_, written := as.noteClaim(ctx, claimed.Draft, err.Error())
	return publish.StageDue, "", errors.Join(err, written)
}

// noteClaim writes that this process begins to put a draft in force, or why it could not. Then the claim stays until it runs out, so that it is not tried
// again at once.
func (i *Installation) noteClaim(ctx context.Context, d store.Draft, problem string) (Draft, error) {
	claim := *d.Schedule
	claim.Problem = problem
	if problem == "" {
		claim.Claimed = i.MachineNow().UTC()
	}
	d.Schedule = &claim
	return i.putDraft(ctx, d)
}

// finishScheduled visits all learners once more and deletes the draft: the process that put it in force did not come so far.
func (i *Installation) finishScheduled(ctx context.Context, d Draft) error {
	claimed, err := i.noteClaim(ctx, d.Draft, "")
	if err != nil {
		return err
	}
	if _, err := i.Sweep(ctx, nil); err != nil {
		return fmt.Errorf("no. %d is in force, but learners who sleep may still go by the rules before (`homeroom rules sweep` reaches them): %w", d.Current.Number, err)
	}
	return i.deleteDraft(ctx, claimed)
}

// scheduledPublication returns how a draft is put in force whose time has come.
func scheduledPublication(d *Draft, approvals int) DraftPublication {
	return DraftPublication{
		Seen:            d.Schedule.Hash,
		By:              d.Schedule.By,
		Note:            d.Schedule.Note,
		RunPolicy:       engine.RunPolicy(d.Schedule.RunPolicy),
		Approvals:       approvals,
		WithoutApproval: d.Schedule.WithoutApproval,
		Untested:        d.Schedule.Untested,
		scheduled:       true,
	}
}

// DescribeSchedule says in words when a draft is put in force, or why it is not; empty: nobody scheduled it.
func DescribeSchedule(s *DraftSchedule) string {
	switch {
	case s == nil:
		return ""
	case !s.Waits():
		return fmt.Sprintf("the publication for %s, scheduled by %s, was cancelled: %s", LocalTime(s.At, s.Zone), s.By, s.Why)
	case s.Problem != "":
		return fmt.Sprintf("scheduled by %s for %s; the last attempt failed and is repeated: %s", s.By, LocalTime(s.At, s.Zone), s.Problem)
	}
	return fmt.Sprintf("scheduled by %s for %s", s.By, LocalTime(s.At, s.Zone))
}

// LocalTime returns an instant as clocks in a zone show it, with the zone; in UTC if the zone is not known.
func LocalTime(at time.Time, zone string) string {
	place, err := time.LoadLocation(zone)
	if err != nil || zone == "" {
		place = time.UTC
		zone = "UTC"
	}
	return at.In(place).Format("Mon 2 Jan 2006 15:04 ") + zone
}
