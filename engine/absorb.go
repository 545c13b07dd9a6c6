package engine

import (
	"cmp"
	"encoding/binary"
	"maps"
	"slices"
)

// PreviousID is another id of a learner.
type PreviousID struct {
	ID string `json:"id"`
	// Merged reports that what was known of it is in this standing.
	Merged bool `json:"merged,omitempty"`
}

// MaxPrevious is how many other ids of a learner are remembered. An id that would make them more is not taken over.
const MaxPrevious = 64

// previousID returns what the standing says of another id of the learner; nil: nothing.
func (s *Standing) previousID(id string) *PreviousID {
	i := slices.IndexFunc(s.Previous, func(p PreviousID) bool { return p.ID == id })
	if i < 0 {
		return nil
	}
	return &s.Previous[i]
}

// HasMerged reports whether what was known of another id is in this standing.
func (s *Standing) HasMerged(id string) bool {
	p := s.previousID(id)
	return p != nil && p.Merged
}

// BeginMerge notes that another id is the learner's, before anything of it is merged, and reports whether that is news. full: no more ids are remembered, and
// this one is not.
func (s *Standing) BeginMerge(id string) (changed, full bool) {
	switch {
	case s.previousID(id) != nil:
		return false, false
	case len(s.Previous) >= MaxPrevious:
		return false, true
	}
	s.Previous = append(s.Previous, PreviousID{ID: id})
	return true, false
}

// DropMerge forgets another id of which nothing was merged, and reports whether there was one.
func (s *Standing) DropMerge(id string) bool {
	if p := s.previousID(id); p == nil || p.Merged {
		return false
	}
	s.Previous = slices.DeleteFunc(s.Previous, func(p PreviousID) bool { return p.ID == id })
	return true
}

// IsMerging reports whether the learner is taking over another id. Until that is done nobody may take over theirs: the id into which another was merged is
// then never merged itself while the claim is in progress, so merges make no circle.
func (s *Standing) IsMerging() bool {
	return slices.ContainsFunc(s.Previous, func(p PreviousID) bool { return !p.Merged })
}

// FitTogether reports whether the other ids of two learners who become one are few enough to be remembered.
func FitTogether(a, b []PreviousID) bool {
	ids := map[string]bool{}
	for _, p := range slices.Concat(a, b) {
		ids[p.ID] = true
	}
	return len(ids) <= MaxPrevious
}

// EndMerge makes the standing of a merged learner name nothing but where the learner goes on, and the ids that were taken over before.
func (s *Standing) EndMerge(into string) {
	*s = Standing{Version: s.Version, MergedInto: into, Previous: s.Previous}
}

// Absorb takes over what is known of another id of the learner, once: it notes that it did. What is known is that of all events of both ids, whichever was heard
// first. The risk in a course and counts of days of which the ids are forgotten are sums, so that an event that both ids had counts twice there.
func (s *Standing) Absorb(id string, other *Standing, rs *Ruleset) {
	if s.HasMerged(id) {
		return
	}
	if _, full := s.BeginMerge(id); full {
		return
	}
	s.previousID(id).Merged = true
	s.absorbIDs(other.Previous)
	if other.FirstSeenAt.IsZero() {
		return
	}
	s.Version = max(s.Version, other.Version)
	backward(&s.FirstSeenAt, other.FirstSeenAt)
	if !other.SignedUpAt.IsZero() {
		backward(&s.SignedUpAt, other.SignedUpAt)
	}
	s.absorbCourses(other, rs)
	resolution := rs.Settings.Resolution
	s.Platform.absorb(other.Platform, resolution)
	s.Unattributed.absorb(other.Unattributed, resolution)
	s.Engaged.absorb(other.Engaged, resolution)
	s.absorbCounts(other)
	s.Answers.absorbAnswers(other.Answers)
	for name, mark := range other.Marks {
		if _, known := s.Marks[name]; !known {
			if s.Marks == nil {
				s.Marks = map[string]uint32{}
			}
			s.Marks[name] = mark
		}
	}
	s.CountedIDs = append(slices.Clone(other.CountedIDs), s.CountedIDs...)
	for _, link := range other.Links {
		if !slices.ContainsFunc(s.Links, func(own Link) bool { return own.Key == link.Key }) {
			s.Links = append(s.Links, link)
		}
	}
	if extra := len(s.Links) - maxLinks; extra > 0 {
		s.Links = slices.Delete(s.Links, 0, extra)
	}
	s.absorbHandIns(other)
}

// absorbIDs notes the ids that the other id had merged before: all of them, because an erasure and an export find them here alone. Who claims an id has asked
// [FitTogether].
func (s *Standing) absorbIDs(ids []PreviousID) {
	for _, p := range ids {
		if own := s.previousID(p.ID); own != nil {
			own.Merged = own.Merged || p.Merged
			continue
		}
		if p.Merged {
			s.Previous = append(s.Previous, p)
		}
	}
}

func (s *Standing) absorbCourses(other *Standing, rs *Ruleset) {
	both := 0
	for _, id := range slices.Sorted(maps.Keys(other.Courses)) {
		theirs := other.Courses[id]
		if own := s.Courses[id]; own != nil && own.everCompleted() && theirs.everCompleted() {
			both++
		}
		s.course(id).absorb(theirs, rs, id)
	}
	s.CoursesCompleted = max(0, s.CoursesCompleted+other.CoursesCompleted-both)
}

// absorb takes over what is known of the same course under another id.
func (c *Course) absorb(other *Course, rs *Ruleset, id string) {
	theirs := *other
	theirs.takeOverOldRecord()
	for _, m := range theirs.Moments {
		c.addMoment(m)
	}
	for _, ms := range theirs.Starts {
		c.addStart(unixMilli(ms))
	}
	c.Active.absorb(theirs.Active, rs.Settings.Resolution)
	for _, mark := range theirs.Progress {
		c.insertProgress(mark)
	}
	if theirs.Title != "" {
		c.learnTitle(theirs.Title, theirs.TitleAt)
	}
	c.absorbDates(theirs.Dates)
	for _, due := range theirs.DueDates {
		c.insertDueDate(due, rs.Courses[id].Assessments)
	}
	c.Risk = mergeRisk(c.Risk, theirs.Risk)
	c.absorbVisits(theirs.Visits)
}

func (c *Course) absorbDates(other *CourseDates) {
	if other == nil {
		return
	}
	var dates CourseDates
	if c.Dates != nil {
		dates = *c.Dates
	}
	endsAt := other.EndsNamedAt
	if endsAt.IsZero() {
		endsAt = other.NamedAt
	}
	nameDate(&dates.Starts, &dates.NamedAt, other.Starts, other.NamedAt)
	nameDate(&dates.Ends, &dates.EndsNamedAt, other.Ends, endsAt)
	c.Dates = &dates
}

func (c *Course) absorbVisits(other *Visits) {
	if other == nil {
		return
	}
	visits := Visits{}
	if c.Visits != nil {
		visits = *c.Visits
	}
	if other.LastAt > visits.LastAt {
		visits.Last = other.Last
		visits.LastAt = other.LastAt
	}
	seen := make([]uint32, 0, len(visits.Seen)/4+len(other.Seen)/4)
	for _, list := range [][]byte{visits.Seen, other.Seen} {
		for i := 0; i+4 <= len(list); i += 4 {
			seen = append(seen, binary.BigEndian.Uint32(list[i:]))
		}
	}
	slices.Sort(seen)
	seen = slices.Compact(seen)
	visits.Seen = nil
	for _, hash := range seen[:min(len(seen), MaxPathUnits)] {
		visits.Seen = binary.BigEndian.AppendUint32(visits.Seen, hash)
	}
	c.Visits = &visits
}

// mergeRisk returns what the risk in a course is worked out from for a learner who had two records. Either may be nil.
func mergeRisk(a, b *Risk) *Risk {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	case b.Last > a.Last:
		a, b = b, a
	}
	merged := *a // of the one who was active last: the gap, the ids
	fade := fadeOver(a.At - b.At)
	merged.Days += b.Days * fade
	merged.Events += b.Events * fade
	return &merged
}

func (s *Standing) absorbCounts(other *Standing) {
	for name, days := range other.Counts {
		if s.Counts == nil {
			s.Counts = map[string]*Days{}
		}
		s.Counts[name] = sumDays(s.Counts[name], days)
	}
	for name, theirs := range other.KeyCounts {
		if s.KeyCounts == nil {
			s.KeyCounts = map[string]KeyCounts{}
		}
		counts := s.KeyCounts[name]
		for _, count := range theirs {
			i := slices.IndexFunc(counts, func(own KeyCount) bool { return own.Value == count.Value })
			if i < 0 {
				counts = append(counts, count)
				continue
			}
			counts[i].Days = *sumDays(&counts[i].Days, &count.Days)
		}
		if extra := len(counts) - MaxKeyCounts; extra > 0 {
			slices.SortFunc(counts, func(a, b KeyCount) int {
				return cmp.Or(cmp.Compare(a.Days.Last, b.Days.Last), cmp.Compare(a.Value, b.Value))
			})
			counts = counts[extra:]
		}
		s.KeyCounts[name] = counts
	}
}

// sumDays counts what two records know of different events; an event whose id both remember counts once. a may be nil.
func sumDays(a, b *Days) *Days {
	if a == nil || len(a.N) == 0 {
		return b
	}
	merged := mergeDays(a, b)
	for i := range merged.N {
		n := 0
		known := 0
		for _, d := range []*Days{a, b} {
			at := d.Last - (merged.Last - i)
			if at >= 0 && at < len(d.N) {
				n += d.N[at]
			}
			if at >= 0 && at < len(d.IDs) {
				known += len(d.IDs[at]) / 4
			}
		}
		if i < len(merged.IDs) && known < 2*maxDayIDs {
			n -= known - countUnion(a, b, merged.Last-i)
		}
		merged.N[i] = max(merged.N[i], n)
	}
	return merged
}

// countUnion is how many different ids two records remember of a day.
func countUnion(a, b *Days, day int) int {
	var union []uint32
	for _, d := range []*Days{a, b} {
		at := d.Last - day
		if at < 0 || at >= len(d.IDs) {
			continue
		}
		for i := 0; i+4 <= len(d.IDs[at]); i += 4 {
			union = append(union, binary.BigEndian.Uint32(d.IDs[at][i:]))
		}
	}
	slices.Sort(union)
	return len(slices.Compact(union))
}

func (s *Standing) absorbHandIns(other *Standing) {
	for _, in := range other.HandedIn {
		s.noteHandInOf(in.Key, in.First)
		s.noteHandInOf(in.Key, in.Last)
	}
	for _, in := range other.HandedInAgain {
		s.noteHandInOf(in.Key, in.At)
	}
}
