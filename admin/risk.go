package admin

import (
	"context"
	"io"
	"time"

	"homeroom/engine"
	"homeroom/judgement"
	"homeroom/rules"
	"homeroom/store"
	"homeroom/subjects"
)

// RiskOptions say whose risk is asked for, and when.
type RiskOptions struct {
	Course string    // only this one; empty: all
	Top    int       // how many, the greatest risk first; 0: everybody
	At     time.Time // the instant of the risks; later events are left out. Zero: the last event of a recording, or now
	// Progress hears how many events have been read; the total is 0 while it is not known. It may be nil.
	Progress func(done, total int64)
}

// RiskList is who is how likely to leave which course.
type RiskList struct {
	At    time.Time        `json:"at"`
	Risks []judgement.Risk `json:"risks"` // the greatest first
	Of    int              `json:"of"`    // learners in courses that are under way
}

// eventAdder takes in events in the order in which they were stored.
type eventAdder interface {
	Add(ev *engine.Event, stored time.Time)
}

// RisksOfRecording works out from recorded events, NDJSON, gzipped or not, who is how likely to leave which course. academy may be nil: then activity is what the catalog
// says, and no course has dates.
func RisksOfRecording(ctx context.Context, academy *rules.Academy, events io.Reader, opts RiskOptions) (RiskList, error) {
	academy, err := orEmptyAcademy(academy)
	if err != nil {
		return RiskList{}, err
	}
	learners := judgement.NewLearners(academy.Ruleset)
	if err := addRecording(ctx, academy, events, opts.At, opts.Progress, learners); err != nil {
		return RiskList{}, err
	}
	at := opts.At
	if at.IsZero() {
		at = learners.Latest()
	}
	return listRisks(learners, at, opts), nil
}

// Risks works out from the events of the installation's stream, by what is in force, who is how likely to leave which course.
func (i *Installation) Risks(ctx context.Context, opts RiskOptions) (RiskList, error) {
	academy, err := i.CurrentAcademy(ctx)
	if err != nil {
		return RiskList{}, err
	}
	learners := judgement.NewLearners(academy.Ruleset)
	if err := i.addRecorded(ctx, opts.At, opts.Progress, learners); err != nil {
		return RiskList{}, err
	}
	at := opts.At
	if at.IsZero() {
		at = i.opts.Now()
		if learners.Latest().After(at) { // a time-lapse
			at = learners.Latest()
		}
	}
	return listRisks(learners, at, opts), nil
}

func listRisks(learners *judgement.Learners, at time.Time, opts RiskOptions) RiskList {
	list := RiskList{
		At:    at.UTC(),
		Risks: learners.Risks(at, opts.Course),
	}
	list.Of = len(list.Risks)
	if opts.Top > 0 && len(list.Risks) > opts.Top {
		list.Risks = list.Risks[:opts.Top]
	}
	return list
}

// Calibration is the result of a calibration, with the learners and the days that it used.
type Calibration struct {
	judgement.Calibration
	Learners int       `json:"learners"`
	First    time.Time `json:"first"` // the first day that was looked at
	Last     time.Time `json:"last"`
}

// calibrateEvery is how often everybody is looked at for a calibration.
const calibrateEvery = 7 * 24 * time.Hour

// CalibrateRecording compares, over recorded events, what the risk said each week with what came of it.
func CalibrateRecording(ctx context.Context, academy *rules.Academy, events io.Reader, opts RiskOptions) (Calibration, error) {
	academy, err := orEmptyAcademy(academy)
	if err != nil {
		return Calibration{}, err
	}
	watch := judgement.NewWatch(academy.Ruleset, calibrateEvery)
	if err := addRecording(ctx, academy, events, time.Time{}, opts.Progress, watch); err != nil {
		return Calibration{}, err
	}
	return calibrate(academy, watch, opts), nil
}

// Calibrate compares, over the events of the installation's stream, what the risk said each week with what came of it.
func (i *Installation) Calibrate(ctx context.Context, opts RiskOptions) (Calibration, error) {
	academy, err := i.CurrentAcademy(ctx)
	if err != nil {
		return Calibration{}, err
	}
	watch := judgement.NewWatch(academy.Ruleset, calibrateEvery)
	if err := i.addRecorded(ctx, time.Time{}, opts.Progress, watch); err != nil {
		return Calibration{}, err
	}
	return calibrate(academy, watch, opts), nil
}

func calibrate(academy *rules.Academy, watch *judgement.Watch, opts RiskOptions) Calibration {
	var chosen []judgement.Observation
	learners := map[string]bool{}
	for _, o := range watch.Finish() {
		if opts.Course == "" || o.Course == opts.Course {
			chosen = append(chosen, o)
			learners[o.Learner] = true
		}
	}
	c := Calibration{
		Calibration: judgement.Calibrate(chosen, academy.Ruleset.Settings.RiskIntercept()),
		Learners:    len(learners),
	}
	if len(chosen) > 0 {
		c.First = chosen[0].At
		c.Last = chosen[len(chosen)-1].At
	}
	return c
}

// noRule is the only rule of an academy that has none: a folder must have one.
const noRule = "rule: none\nwhen: {event: user.signed_up}\ndo:\n  - stop: none\n"

// orEmptyAcademy returns the academy, or one without settings and courses.
func orEmptyAcademy(academy *rules.Academy) (*rules.Academy, error) {
	if academy != nil {
		return academy, nil
	}
	empty, problems := rules.FromBundle(map[string][]byte{"rules/none.yaml": []byte(noRule)})
	return empty, problems.Err()
}

// addRecording adds recorded events, up to an instant; zero: all.
func addRecording(ctx context.Context, academy *rules.Academy, events io.Reader, until time.Time, progress func(done, total int64), into eventAdder) error {
	var onRead func(int)
	if progress != nil {
		onRead = func(events int) { progress(int64(events), 0) }
	}
	return judgement.Read(ctx, events, academy.Catalog, onRead, func(ev *engine.Event, stored time.Time) {
		if until.IsZero() || !stored.After(until) {
			into.Add(ev, stored)
		}
	})
}

// addRecorded adds the events of the installation's stream, up to an instant; zero: all.
func (i *Installation) addRecorded(ctx context.Context, until time.Time, progress func(done, total int64), into eventAdder) error {
	recorded, err := i.newRecordedEvents(ctx, i.newReader(time.Time{}, progress))
	if err != nil {
		return err
	}
	var clock time.Time // the latest time seen, as in a recording
	return recorded.reader.Read(ctx, subjects.Stream, []string{subjects.AllPublished}, func(m store.Message) error {
		d := recorded.decodeStored(m)
		if d == nil || d.Event.Learner == subjects.NoLearner || !until.IsZero() && d.Event.Time.After(until) {
			return nil
		}
		if d.Event.Time.After(clock) {
			clock = d.Event.Time
		}
		into.Add(&d.Event, clock)
		return nil
	})
}
