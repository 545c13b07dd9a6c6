package judge

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"homeroom/engine"
	"homeroom/judgement"
)

// workDays are the days of a course on which the missing work is looked at.
var workDays = [...]int{60, 90}

// takenBy is the share of those who ever hand an assessment in that have done so when it counts as due, where courses.yaml names no date.
const takenBy = 0.9

// WorkRanking says how well learners are ranked on one day of their courses, by who does not complete them. It needs nothing but grades.
type WorkRanking struct {
	Day     int     `json:"day"`
	People  int     `json:"people"`
	Lost    int     `json:"lost"`
	Missing float64 `json:"missing"` // area under the curve of the share of due work that is missing
	Silence float64 `json:"silence"` // the same of the time since the last grade
}

// rankByWork measures the ranking by missing work, of those who are enrolled and have not left on that day. Only courses that somebody completed count.
func (r *Result) rankByWork(rs *engine.Ruleset, stays map[place]*stay, courses map[string]*span) {
	due := dueDates(rs, stays)
	completed := map[string]bool{}
	for p, s := range stays {
		completed[p.course] = completed[p.course] || s.completed
	}
	for _, n := range workDays {
		var missing []judgement.Observation
		var silence []judgement.Observation
		lost := 0
		for p, s := range stays {
			c := courses[p.course]
			if c == nil || !completed[p.course] || s.enrolled.IsZero() {
				continue
			}
			at := c.first.Add(time.Duration(n) * day)
			if !s.left.IsZero() && !s.left.After(at) || s.enrolled.After(at) || !at.Before(c.last) {
				continue
			}
			if !s.completed {
				lost++
			}
			since := c.first
			if grade, ok := lastBefore(s.grades, at); ok {
				since = grade
			}
			missing = append(missing, judgement.Observation{Risk: s.missingShare(due[p.course], at), Gone: !s.completed})
			silence = append(silence, judgement.Observation{Risk: at.Sub(since).Hours() / (24 * 1000), Gone: !s.completed})
		}
		if len(missing) == 0 {
			continue
		}
		r.Work = append(r.Work, WorkRanking{
			Day:     n,
			People:  len(missing),
			Lost:    lost,
			Missing: areaUnderCurve(missing),
			Silence: areaUnderCurve(silence),
		})
	}
}

// noteHandIn notes when an assessment was first submitted or graded.
func (s *stay) noteHandIn(ev *engine.Event, at time.Time) {
	work := engine.HandedIn(ev)
	if _, known := s.work[work]; work == "" || known {
		return
	}
	if s.work == nil {
		s.work = map[string]time.Time{}
	}
	s.work[work] = at
}

// missingShare is the share of what was due by an instant that had not been handed in; 0: nothing was due.
func (s *stay) missingShare(due map[string]time.Time, at time.Time) float64 {
	total := 0
	missing := 0
	for work, dueAt := range due {
		if dueAt.After(at) {
			continue
		}
		total++
		if handed, ok := s.work[work]; !ok || handed.After(at) {
			missing++
		}
	}
	if total == 0 {
		return 0
	}
	return float64(missing) / float64(total)
}

// dueDates are when the work of each course is due: by courses.yaml or, without one, when nearly all who ever hand it in have done so.
func dueDates(rs *engine.Ruleset, stays map[place]*stay) map[string]map[string]time.Time {
	handed := map[string]map[string][]time.Time{}
	for p, s := range stays {
		for work, at := range s.work {
			if handed[p.course] == nil {
				handed[p.course] = map[string][]time.Time{}
			}
			handed[p.course][work] = append(handed[p.course][work], at)
		}
	}
	due := map[string]map[string]time.Time{}
	for course, all := range handed {
		due[course] = map[string]time.Time{}
		for work, times := range all {
			slices.SortFunc(times, time.Time.Compare)
			due[course][work] = times[int(takenBy*float64(len(times)-1))]
		}
		for _, u := range rs.Courses[course].Assessments {
			if !u.Due.IsZero() {
				due[course][u.ID] = u.Due
			}
		}
	}
	return due
}

// areaUnderCurve is how often one who is gone has the greater risk than one who is not; a tie counts half. 0.5 is chance.
func areaUnderCurve(seen []judgement.Observation) float64 {
	counts := map[float64][2]int{}
	for _, o := range seen {
		n := counts[o.Risk]
		if o.Gone {
			n[0]++
		} else {
			n[1]++
		}
		counts[o.Risk] = n
	}
	below := 0
	gone := 0
	pairs := 0.0
	for _, risk := range slices.SortedFunc(maps.Keys(counts), cmp.Compare) {
		n := counts[risk]
		pairs += float64(n[0]) * (float64(below) + float64(n[1])/2)
		gone += n[0]
		below += n[1]
	}
	return pairs / max(1, float64(gone)*float64(below))
}
