package engine

import "time"

// base is a moment from which inactivity can count: an activity, or, before there was any, the enrollment or the start of the course.
type base struct {
	exact    time.Time
	enrolled bool // no activity: the exact instant counts, not rounded up
}

// baseRoom is room for all the moments of a course or of the platform: bases are asked for often, and kept nowhere.
type baseRoom [1 + 2*maxActivity]base

// courseBases returns the moments since the learner entered the course from which inactivity counts, ascending. Old
// ones that may have forgotten neighbours are left out, so that no silence is seen where there was none. None is before the
// course starts; zero: it has started.
func (s *Standing) courseBases(c *Course, starts time.Time, room *baseRoom) []base {
	if c.EnrolledAt.IsZero() {
		return nil
	}
	own := c.Active
	shared := s.Unattributed
	known := later(own.knownFrom(), shared.knownFrom()) // before this, some activity may be forgotten
	bases := room[:0]
	add := func(b base) {
		if !b.exact.Before(known) {
			bases = append(bases, b)
		}
	}
	add(base{exact: c.EnrolledAt, enrolled: true})
	for len(own)+len(shared) > 0 { // both are ascending
		next := &own
		if len(own) == 0 || len(shared) > 0 && shared[0] < own[0] {
			next = &shared
		}
		if at := time.UnixMilli((*next)[0]).UTC(); at.After(c.EnrolledAt) {
			add(base{exact: at})
		}
		*next = (*next)[1:]
	}
	return startNoEarlier(bases, starts)
}

// longestGap returns the longest time between two bases that follow each other; 0: there are not two.
func longestGap(bases []base) time.Duration {
	longest := time.Duration(0)
	for i := 1; i < len(bases); i++ {
		longest = max(longest, bases[i].exact.Sub(bases[i-1].exact))
	}
	return longest
}

// knownFrom returns the instant from which every activity is remembered; zero: from the first one.
func (a Activity) knownFrom() time.Time {
	if len(a) < maxActivity {
		return time.Time{}
	}
	return time.UnixMilli(a[0]).UTC()
}

// startNoEarlier replaces the moments before the course starts by its start.
func startNoEarlier(bases []base, starts time.Time) []base {
	before := 0
	for before < len(bases) && bases[before].exact.Before(starts) {
		before++
	}
	if before == 0 {
		return bases
	}
	bases[before-1] = base{exact: starts, enrolled: true}
	return bases[before-1:]
}

// platformBases is courseBases for the whole platform. Enrolments count only before the first activity.
func (s *Standing) platformBases(room *baseRoom) []base {
	bases := room[:0]
	if len(s.Platform) == 0 {
		if at := s.lastPlatformBase(); !at.IsZero() {
			bases = append(bases, base{exact: at, enrolled: true})
		}
	}
	for _, ms := range s.Platform {
		bases = append(bases, base{exact: time.UnixMilli(ms).UTC()})
	}
	return bases
}

// lastCourseBase is the last of courseBases, and lastPlatformBase that of platformBases; zero: there are none.
func (s *Standing) lastCourseBase(c *Course) time.Time {
	if c.EnrolledAt.IsZero() {
		return time.Time{}
	}
	return later(later(s.Unattributed.last(), c.Active.last()), c.EnrolledAt)
}

func (s *Standing) lastPlatformBase() time.Time {
	if len(s.Platform) > 0 {
		return s.Platform.last()
	}
	at := s.SignedUpAt
	for _, c := range s.Courses {
		at = later(at, c.EnrolledAt)
	}
	return at
}
