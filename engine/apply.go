package engine

import (
	"slices"
	"time"
)

// Apply takes an event into the standing and says what changed. arrival is when the stream stored the event; an event
// cannot have happened after it arrived. Activity counts in steps of rs.Settings.Resolution: a second activity in the
// same step changes nothing, so one write per learner, course and step is exact.
func (s *Standing) Apply(ev *Event, rs *Ruleset, arrival time.Time) Change {
	at := earlier(ev.Time, arrival)
	course, learned := s.attribute(ev, rs.Keys[ev.Name])
	change := Change{Course: course, Changed: learned}
	if s.FirstSeenAt.IsZero() {
		s.Version = 1
		s.FirstSeenAt = at
		change.First = true
		change.Changed = true
	}
	enrolls := rs.Paths && s.isFirstEnrollment(ev, change.Course)
	if s.noteFacts(ev, change.Course, at, rs) {
		change.Changed = true
	}
	if enrolls {
		s.addMove(ev, Move{From: s.lastCompleted(at), To: change.Course})
		change.Changed = true
	}
	if engaged(ev) && s.Engaged.add(at, rs.Settings.Resolution) {
		change.Changed = true
	}
	if rs.Counted[ev.Name] > 0 && s.countEvent(ev, change.Course, at, rs) {
		change.Changed = true
	}
	if rs.Settings.Activity[ev.Name] {
		var c *Course // nil: no course is known
		if change.Course != "" {
			c = s.course(change.Course)
		}
		s.noteActivity(&change, c, at, rs.Settings.Resolution)
		if rs.Settings.Risk != nil && s.markTakenIn(ev, arrival) && s.observeRisk(c, ev.ID, at) {
			change.Changed = true
		}
		if rs.Paths && c != nil && s.noteVisit(ev, c, change.Course, at) {
			change.Changed = true
		}
	}
	return change
}

// engaged reports whether a person, not a mail client, has answered a message.
func engaged(ev *Event) bool {
	switch ev.Name {
	case EventEmailOpened:
		return ev.Properties["machine"] != true
	case EventEmailClicked, EventShareClicked, EventNudgeSeen, EventNudgeClicked:
		return true
	}
	return false
}

// CourseOf attributes an event to a course: the one it names, or the one that its lesson, video or assessment is known
// to belong to. Empty: not known.
func (s *Standing) CourseOf(ev *Event, keys map[string][]string) string {
	if id, ok := ev.Text(KeyCourse); ok {
		return id
	}
	for _, key := range keys[ev.Name] {
		if id, ok := ev.Text(key); ok {
			if course := s.linkedCourse(key, id); course != "" {
				return course
			}
		}
	}
	return ""
}

// course returns the record of a course, making it, and room for it, if need be.
func (s *Standing) course(id string) *Course {
	if c := s.Courses[id]; c != nil {
		return c
	}
	if s.Courses == nil {
		s.Courses = map[string]*Course{}
	}
	if len(s.Courses) >= maxCourses {
		delete(s.Courses, s.leastNeeded())
	}
	c := &Course{}
	s.Courses[id] = c
	return c
}

// leastNeeded names the course to forget: a closed one before an open one, then the longest silent, then by id.
func (s *Standing) leastNeeded() string {
	var worst string
	for id, c := range s.Courses {
		if worst == "" || c.neededLessThan(s.Courses[worst], id, worst) {
			worst = id
		}
	}
	return worst
}

func (c *Course) neededLessThan(other *Course, id, otherID string) bool {
	forever := time.Unix(1<<40, 0)
	if a, b := c.openAt(forever), other.openAt(forever); a != b {
		return !a
	}
	if a, b := c.lastHeard(), other.lastHeard(); !a.Equal(b) {
		return a.Before(b)
	}
	return id < otherID
}

// noteFacts takes in what the engine itself understands of an event, and reports whether anything changed.
func (s *Standing) noteFacts(ev *Event, course string, at time.Time, rs *Ruleset) bool {
	if ev.Name == EventSignedUp {
		return backward(&s.SignedUpAt, at)
	}
	changed := false
	if work := HandedIn(ev); work != "" {
		changed = s.noteHandIn(work, at)
	}
	if course == "" {
		return changed
	}
	if title, ok := ev.Text("course_title"); ok {
		changed = s.course(course).learnTitle(title, at) || changed
	}
	switch ev.Name {
	case EventEnrolled, EventFreeEnrolled:
		enrollmentType, ok := ev.Text("enrollment_type")
		if !ok && ev.Name == EventFreeEnrolled {
			enrollmentType = "free"
		}
		c := s.course(course)
		changed = c.learnCalendar(ev, at) || changed
		return c.addMoment(Moment{At: at, Kind: MomentEnrolled, Type: enrollmentType}) || changed
	case EventCourseUpdated:
		return s.course(course).learnCalendar(ev, at) || changed
	case EventAssessmentScheduled, EventAssignmentScheduled:
		return s.course(course).learnDueDate(ev, at, rs.Courses[course].Assessments) || changed
	case EventEnrollmentCancelled:
		return s.course(course).addMoment(Moment{At: at, Kind: MomentCancelled}) || changed
	case EventCourseStarted, EventLessonStarted:
		return s.course(course).addStart(at) || changed
	case EventCourseCompleted:
		c := s.course(course)
		if !c.everCompleted() {
			s.CoursesCompleted++
		}
		return c.addMoment(Moment{At: at, Kind: MomentCompleted}) || changed
	case EventProgress:
		return s.course(course).addProgress(ev, at) || changed
	}
	return changed
}

// learnTitle takes in a title unless a later event has named another; at the same time the greater text wins, so that the order in which they are
// heard does not matter.
func (c *Course) learnTitle(title string, at time.Time) bool {
	if at.Before(c.TitleAt) || at.Equal(c.TitleAt) && title <= c.Title {
		return false
	}
	changed := c.Title != title
	c.Title = title
	c.TitleAt = at
	return changed
}

// wholeCount is a count of lessons; nonsense becomes a number that every machine agrees on.
func wholeCount(n float64) int { return int(min(max(n, 0), 1<<31-1)) }

// noteActivity records that the learner did something at `at`, in a course if c is not nil, and how long a silence that ended.
func (s *Standing) noteActivity(change *Change, c *Course, at time.Time, resolution time.Duration) {
	change.PlatformGap = silenceLength(s.lastPlatformBase(), at)
	if c != nil {
		if c.addStart(at) {
			change.Changed = true
		}
		change.CourseGap = silenceLength(s.lastCourseBase(c), at)
		change.Changed = c.Active.add(at, resolution) || change.Changed
	} else {
		for _, c := range s.Courses {
			if c.openAt(at) {
				change.CourseGap = max(change.CourseGap, silenceLength(s.lastCourseBase(c), at))
			}
		}
		change.Changed = s.Unattributed.add(at, resolution) || change.Changed
	}
	change.Changed = s.Platform.add(at, resolution) || change.Changed
}

// markTakenIn reports whether an activity is not in the risks yet, and notes that it is. A stream hands events over again where a write or an
// acknowledgement was lost; a restored one gives the same sequences out again, later. Recorded events have no sequence.
func (s *Standing) markTakenIn(ev *Event, arrival time.Time) bool {
	if ev.Seq == 0 {
		return true
	}
	if ev.Seq <= s.RiskSeq && !arrival.After(s.RiskSeqAt) {
		return false
	}
	s.RiskSeq = ev.Seq
	s.RiskSeqAt = arrival
	return true
}

// observeRisk takes an activity into the risk in its course or, if it is nil, in every course that is open, and reports whether that changed
// anything.
func (s *Standing) observeRisk(course *Course, id string, at time.Time) bool {
	changed := false
	observe := func(c *Course) {
		if c.Risk = s.withMissedActivity(c, at); c.Risk == nil {
			c.Risk = &Risk{}
		}
		changed = c.Risk.observe(id, at) || changed
	}
	if course != nil {
		observe(course)
		return changed
	}
	for _, c := range s.Courses {
		if c.openAt(at) {
			observe(c)
		}
	}
	return changed
}

// silenceLength is the silence between the last base and at; 0 if there is none.
func silenceLength(last, at time.Time) time.Duration {
	if last.IsZero() {
		return 0
	}
	return max(0, at.Sub(last))
}

// absorb takes over the activity of another id: the last steps of both.
func (a *Activity) absorb(other Activity, resolution time.Duration) {
	if len(other) == 0 {
		return
	}
	all := slices.Concat(*a, other)
	slices.Sort(all)
	var merged Activity
	for _, ms := range all {
		merged.add(unixMilli(ms), resolution)
	}
	*a = merged
}

func unixMilli(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// add notes an activity and reports whether it opened a new step.
func (a *Activity) add(at time.Time, resolution time.Duration) bool {
	ms := at.UnixMilli()
	if n := len(*a); n > 0 {
		if last := (*a)[n-1]; isSameStep(last, ms, resolution) || !at.After(time.UnixMilli(last)) {
			return false
		}
	}
	*a = append(*a, ms)
	if extra := len(*a) - maxActivity; extra > 0 {
		*a = slices.Delete(*a, 0, extra)
	}
	return true
}

func (a Activity) last() time.Time {
	if len(a) == 0 {
		return time.Time{}
	}
	return time.UnixMilli(a[len(a)-1]).UTC()
}

// hasAfter reports whether there is an activity after t, to a millisecond another than the one at except.
func (a Activity) hasAfter(t, except time.Time) bool {
	for i := len(a) - 1; i >= 0 && time.UnixMilli(a[i]).After(t); i-- {
		if a[i] != except.UnixMilli() {
			return true
		}
	}
	return false
}

// asOf is the last activity at or before t; zero: none that is remembered.
func (a Activity) asOf(t time.Time) time.Time {
	for i := len(a) - 1; i >= 0; i-- {
		if at := time.UnixMilli(a[i]).UTC(); !at.After(t) {
			return at
		}
	}
	return time.Time{}
}

// backward sets an unknown time, or moves a known one back, and reports whether it changed.
func backward(t *time.Time, to time.Time) bool {
	if !t.IsZero() && !to.Before(*t) {
		return false
	}
	*t = to
	return true
}

func earlier(a, b time.Time) time.Time {
	if b.IsZero() || a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// roundUp moves t up to the next multiple of step since the Unix epoch; a multiple stays where it is.
func roundUp(t time.Time, step time.Duration) time.Time {
	if step <= time.Millisecond {
		return t
	}
	return time.UnixMilli(roundUpMillis(t.UnixMilli(), step)).UTC()
}

// roundUpMillis is roundUp for unix milliseconds and a step of more than one.
func roundUpMillis(ms int64, step time.Duration) int64 {
	s := step.Milliseconds()
	if rest := ms % s; rest != 0 {
		ms += s - rest
	}
	return ms
}

// isSameStep reports whether the second of two moments in unix milliseconds lies in the step of the first, or before it.
func isSameStep(first, second int64, step time.Duration) bool {
	return second < first || step > time.Millisecond && roundUpMillis(second, step) <= roundUpMillis(first, step)
}
