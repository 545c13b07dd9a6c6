package engine

import (
	"cmp"
	"slices"
	"time"
)

// Course is a learner's standing in one course. Zero times are "not known".
//
// What is known of a course is a function of the set of events heard, not of their order. So the moments themselves are kept, sorted by time, and
// the fields that name the present run of the course follow from them. An enrollment after a completion or a cancellation begins a new
// run; one while the learner is enrolled only updates what it carries. A completion or a cancellation belongs to the run in
// which it happened, whenever it is heard.
type Course struct {
	// These six follow from Moments. A record of an older version has them and no Moments.
	EnrolledAt     time.Time    `json:"enrolled_at,omitzero"`
	StartedAt      time.Time    `json:"started_at,omitzero"`
	CompletedAt    time.Time    `json:"completed_at,omitzero"`
	CancelledAt    time.Time    `json:"cancelled_at,omitzero"`
	EnrollmentType string       `json:"enrollment_type,omitempty"`
	Previous       *PreviousRun `json:"previous,omitempty"` // nil: the learner takes the course for the first time

	// Moments are when the learner entered and left, ascending, at most maxMoments.
	Moments []Moment `json:"moments,omitempty"`
	// Starts are when the learner began to study, in unix milliseconds, ascending, at most maxStarts: enough of them to know the start of
	// each run.
	Starts Activity `json:"starts,omitempty"`
	Active Activity `json:"active,omitempty"`
	// Progress are the last few marks, oldest first: a few, not one, so that a decision made a little late can still ask "as of its due
	// instant".
	Progress []Progress `json:"progress,omitempty"`
	Title    string     `json:"title,omitempty"`
	TitleAt  time.Time  `json:"title_at,omitzero"` // when the title was named last
	// Starts and ends that events have named; nil: none. Those of courses.yaml come before them.
	Dates *CourseDates `json:"dates,omitempty"`
	// DueDates are those that events have named, by ID, at most maxDueDates. They come before those of courses.yaml.
	DueDates []DueDate `json:"due_dates,omitempty"`
	// Risk is what the learner's risk in this course is worked out from; nil: nothing was done in it, or no rule looks at risk.
	Risk *Risk `json:"risk,omitempty"`
	// Visits are the units that the learner has visited; nil: none, or no rule asks what comes next.
	Visits *Visits `json:"visits,omitempty"`
}

// CourseDates are when a course begins and ends for a learner. Zero times are "not known".
type CourseDates struct {
	Starts  time.Time `json:"starts,omitzero"`
	Ends    time.Time `json:"ends,omitzero"`
	NamedAt time.Time `json:"at,omitzero"` // the time of the event that named the start last
	// EndsNamedAt is the time of the event that named the end last; zero in older records, which knew NamedAt for both.
	EndsNamedAt time.Time `json:"ends_at,omitzero"`
}

// PreviousRun is the run of a course before the present one.
type PreviousRun struct {
	EnrolledAt     time.Time `json:"enrolled_at,omitzero"`
	CompletedAt    time.Time `json:"completed_at,omitzero"`
	CancelledAt    time.Time `json:"cancelled_at,omitzero"`
	EnrollmentType string    `json:"enrollment_type,omitempty"`
	ProgressPct    float64   `json:"progress_pct,omitempty"`
}

// MomentKind says what a moment did to a learner's place in a course.
type MomentKind string

// The kinds of moments.
const (
	MomentEnrolled  MomentKind = "enrolled"
	MomentCompleted MomentKind = "completed"
	MomentCancelled MomentKind = "cancelled"
)

// Moment is one entering or leaving of a course.
type Moment struct {
	At   time.Time  `json:"at"`
	Kind MomentKind `json:"k"`
	Type string     `json:"type,omitempty"` // the enrollment's type, if it names one
}

// compareMoments sorts by time. At the same instant an enrollment comes first, then a completion, then a cancellation: against the alphabet.
func compareMoments(a, b Moment) int {
	return cmp.Or(a.At.Compare(b.At), cmp.Compare(b.Kind, a.Kind), cmp.Compare(a.Type, b.Type))
}

// courseRun is what the moments up to an instant say of the run of the course that is the present one then.
type courseRun struct {
	enrolledAt  time.Time
	completedAt time.Time
	cancelledAt time.Time
	kind        string // of the enrollment
}

func (r *courseRun) left() bool { return !r.completedAt.IsZero() || !r.cancelledAt.IsZero() }

// open reports whether the learner is enrolled and has neither completed nor cancelled.
func (r *courseRun) open() bool { return !r.enrolledAt.IsZero() && !r.left() }

// runAsOf works out the present run and the one before it as of t. from is when the present run began; zero if it is the first.
func (c *Course) runAsOf(t time.Time) (present, previous courseRun, from time.Time) {
	moments := c.Moments
	if len(moments) == 0 {
		moments = c.momentsOfOldRecord()
	}
	for _, m := range moments {
		if m.At.After(t) {
			break
		}
		switch m.Kind {
		case MomentEnrolled:
			if present.left() {
				previous = present
				from = m.At
				present = courseRun{kind: previous.kind}
			}
			if present.enrolledAt.IsZero() {
				present.enrolledAt = m.At
			}
			if m.Type != "" {
				present.kind = m.Type
			}
		case MomentCompleted:
			present.completedAt = m.At
		case MomentCancelled:
			present.cancelledAt = m.At
		}
	}
	return present, previous, from
}

// endOfTime is later than every event.
var endOfTime = time.Unix(1<<40, 0)

// fieldsHold reports whether no moment is later than t, so that the fields name the present run at t.
func (c *Course) fieldsHold(t time.Time) bool {
	n := len(c.Moments)
	return n > 0 && !c.Moments[n-1].At.After(t)
}

// presentRun is runAsOf for an instant; where the fields hold, they know without counting.
func (c *Course) presentRun(t time.Time) courseRun {
	if !c.fieldsHold(t) {
		present, _, _ := c.runAsOf(t)
		return present
	}
	return courseRun{
		enrolledAt:  c.EnrolledAt,
		completedAt: c.CompletedAt,
		cancelledAt: c.CancelledAt,
		kind:        c.EnrollmentType,
	}
}

// openAt reports whether the learner was enrolled at t and had neither completed nor cancelled.
func (c *Course) openAt(t time.Time) bool {
	if c.fieldsHold(t) { // this is asked of every course in every step
		return c.openByFields()
	}
	run, _, _ := c.runAsOf(t)
	return run.open()
}

// openByFields reports whether the learner is enrolled and has neither completed nor cancelled, by the fields.
func (c *Course) openByFields() bool {
	return !c.EnrolledAt.IsZero() && c.CompletedAt.IsZero() && c.CancelledAt.IsZero()
}

// overAt reports whether, as far as is known, no silence can fall due in the course from t on: it is left, or was never entered.
func (c *Course) overAt(t time.Time) bool {
	if c.fieldsHold(t) {
		return !c.openByFields()
	}
	if len(c.Moments) > 0 {
		return false // something is known of the time after t: look closely
	}
	run, _, _ := c.runAsOf(endOfTime)
	return !run.open()
}

// addMoment takes in that the learner entered or left, and reports whether that is news.
func (c *Course) addMoment(m Moment) bool {
	c.takeOverOldRecord()
	i, known := slices.BinarySearchFunc(c.Moments, m, compareMoments)
	if known {
		return false
	}
	c.Moments = slices.Insert(c.Moments, i, m)
	if len(c.Moments) > maxMoments {
		c.forgetMoment()
	}
	c.derive()
	return true
}

// takeOverOldRecord makes moments and a start of the fields of a record that an older version wrote.
func (c *Course) takeOverOldRecord() {
	if len(c.Moments) == 0 {
		c.Moments = c.momentsOfOldRecord()
	}
	if len(c.Starts) == 0 && !c.StartedAt.IsZero() {
		c.Starts = Activity{c.StartedAt.UnixMilli()}
	}
}

// momentsOfOldRecord are the moments that the fields of a record without moments stand for.
func (c *Course) momentsOfOldRecord() []Moment {
	var moments []Moment
	if !c.EnrolledAt.IsZero() {
		moments = append(moments, Moment{At: c.EnrolledAt, Kind: MomentEnrolled, Type: c.EnrollmentType})
	}
	if !c.CompletedAt.IsZero() {
		moments = append(moments, Moment{At: c.CompletedAt, Kind: MomentCompleted})
	}
	if !c.CancelledAt.IsZero() {
		moments = append(moments, Moment{At: c.CancelledAt, Kind: MomentCancelled})
	}
	slices.SortFunc(moments, compareMoments)
	return moments
}

// forgetMoment drops the moment that matters least: the oldest of an earlier run, or, in the first run, the second: the first is when the
// learner entered.
func (c *Course) forgetMoment() {
	_, _, from := c.runAsOf(endOfTime)
	oldest := 0
	if from.IsZero() {
		oldest = 1
	}
	c.Moments = slices.Delete(c.Moments, oldest, oldest+1)
}

// derive works the fields of the present run out anew.
func (c *Course) derive() {
	present, previous, from := c.runAsOf(endOfTime)
	c.EnrolledAt = present.enrolledAt
	c.CompletedAt = present.completedAt
	c.CancelledAt = present.cancelledAt
	c.EnrollmentType = present.kind
	c.StartedAt = c.startOfRun(from, endOfTime)
	c.Previous = nil
	if !from.IsZero() {
		c.Previous = c.previousRun(previous, from)
	}
}

// previousRun is the run before the one that began at from.
func (c *Course) previousRun(run courseRun, from time.Time) *PreviousRun {
	return &PreviousRun{
		EnrolledAt:     run.enrolledAt,
		CompletedAt:    run.completedAt,
		CancelledAt:    run.cancelledAt,
		EnrollmentType: run.kind,
		ProgressPct:    foldProgress(c.Progress, time.Time{}, from.Add(-1)).Pct,
	}
}

// startOfRun is the first start from `from` on and up to t; zero: there is none.
func (c *Course) startOfRun(from, t time.Time) time.Time {
	if len(c.Starts) == 0 && !c.StartedAt.Before(from) {
		return upTo(t, c.StartedAt)
	}
	for _, ms := range c.Starts {
		at := time.UnixMilli(ms).UTC()
		if at.After(t) {
			break
		}
		if !at.Before(from.Truncate(time.Millisecond)) {
			return at
		}
	}
	return time.Time{}
}

// addStart takes in that the learner studied at `at`, and reports whether that is kept.
func (c *Course) addStart(at time.Time) bool {
	c.takeOverOldRecord()
	ms := at.UnixMilli()
	i, known := slices.BinarySearch(c.Starts, ms)
	if known || len(c.Starts) >= maxStarts && i > 0 && !c.beginsRun(at) {
		return false
	}
	c.Starts = slices.Insert(c.Starts, i, ms)
	if len(c.Starts) > maxStarts {
		// The first is the start of the first run; the ones before the last are the least likely to begin another.
		c.Starts = slices.Delete(c.Starts, 1, 2)
	}
	c.derive()
	return true
}

// beginsRun reports whether a start at `at` would be the first of the present run.
func (c *Course) beginsRun(at time.Time) bool {
	if !c.StartedAt.IsZero() && !at.Before(c.StartedAt) {
		return false
	}
	_, _, from := c.runAsOf(endOfTime)
	return !at.Before(from)
}

// lastHeard is the latest time at which anything is known to have happened in the course.
func (c *Course) lastHeard() time.Time {
	t := c.Active.last()
	for _, m := range c.Moments {
		t = later(t, m.At)
	}
	for _, other := range []time.Time{c.EnrolledAt, c.StartedAt, c.CompletedAt, c.CancelledAt} {
		t = later(t, other)
	}
	if n := len(c.Progress); n > 0 {
		t = later(t, c.Progress[n-1].At)
	}
	return t
}

// everCompleted reports whether the course was completed in any run.
func (c *Course) everCompleted() bool {
	return !c.CompletedAt.IsZero() || slices.ContainsFunc(c.Moments, func(m Moment) bool { return m.Kind == MomentCompleted })
}
