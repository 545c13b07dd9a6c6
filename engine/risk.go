package engine

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
)

// Risk is what the risk of a learner in one course is worked out from: 64 bytes, whatever the learner does. Times are days since 1970 in UTC, with
// fractions. The zero Risk is that of a learner who has done nothing yet.
//
// The weights were fitted to learners of two platforms, and rank those of a third about as well as a model of its own; see docs/judgement.md.
type Risk struct {
	At     float64   // when StudyDays and Events were worked out
	Last   float64   // the last activity
	Days   float64   // study days, of which one counts half after 14 days
	Events float64   // activity events, of which one counts half after 14 days
	Gap    float64   // days between two study days, an average that follows the learner
	Day    int32     // the last study day
	Gaps   int32     // how many gaps Gap was worked out from
	IDs    [4]uint32 // hashes of the last events, zero where there was none: a repeat counts once
}

// RiskSettings are what a folder's settings say about risk.
type RiskSettings struct {
	// Intercept shifts the risk of everybody: it makes the index a probability in one academy. See `homeroom calibrate`.
	Intercept float64
}

// RiskIntercept is the intercept of an academy that has not been calibrated.
const RiskIntercept = 2.6

// RiskIntercept returns the academy's intercept.
func (s *Settings) RiskIntercept() float64 {
	if s.Risk != nil {
		return s.Risk.Intercept
	}
	return RiskIntercept
}

const (
	riskHalfLife   = 14.0 // days
	riskFirstGap   = 3.0  // days; before a gap is known
	riskSilence    = 0.40 // weight of ln(1 + days of silence)
	riskStudyDays  = -1.35
	riskEvents     = -0.40
	riskMinShare   = 0.25 // contributions below this are no reason
	goodSilence    = 1.0  // a learner in good standing: silent for a day,
	goodStudyDays  = 4.0  // with four study days
	goodEvents     = 20.0 // and twenty events in the last weeks
	riskMaxSilence = 10 * 365 * 24 * time.Hour
	secondsPerDay  = 24 * 60 * 60
)

// observe takes in one activity, and reports whether it had not been taken in before.
func (r *Risk) observe(id string, at time.Time) bool {
	key := uint32(hash64(fnvBasis, id) >> 32)
	if slices.Contains(r.IDs[:], key) {
		return false
	}
	copy(r.IDs[1:], r.IDs[:3])
	r.IDs[0] = key
	t := daysOf(at)
	day := int32(math.Floor(t))
	if r.Last == 0 {
		r.At = t
		r.Gap = riskFirstGap
		r.Day = day - 1
	}
	late := 1.0
	switch {
	case t > r.At:
		fade := fadeOver(t - r.At)
		r.Days *= fade
		r.Events *= fade
		r.At = t
	case t < r.At:
		late = fadeOver(r.At - t)
	}
	r.Events += late
	if day > r.Day {
		if r.Last != 0 {
			weight := max(0.2, 1/float64(r.Gaps+2))
			r.Gap += weight * (float64(day-r.Day) - r.Gap)
			r.Gaps++
		}
		r.Days += late
		r.Day = day
	}
	r.Last = max(r.Last, t)
	return true
}

// fadeOver is what is left of one after so many days.
func fadeOver(days float64) float64 { return math.Exp2(-max(0, days) / riskHalfLife) }

func daysOf(t time.Time) float64 {
	return float64(t.Unix())/secondsPerDay + float64(t.Nanosecond())/(secondsPerDay*1e9)
}

// eventAtRisk is the name of what starts a run of a rule with at_risk.
const eventAtRisk = "risk"

// RiskReason is one reason why a learner is at risk.
type RiskReason string

// The reasons.
const (
	RiskSilent     RiskReason = "silent"      // longer than a day
	RiskFewDays    RiskReason = "few_days"    // few study days in the last weeks
	RiskLittleDone RiskReason = "little_done" // few activities in the last weeks
)

// RiskScore is the risk of a learner in a course at an instant.
type RiskScore struct {
	Value   float64      `json:"risk"`    // 0 to 1: an index, and a probability where the intercept is calibrated
	Reasons []RiskReason `json:"reasons"` // the greatest contribution first
	// SilentDays are days since the last activity or, before any, since the course began for the learner.
	SilentDays float64 `json:"silent_days"`
	StudyDays  float64 `json:"study_days"`          // of the last weeks: one counts half after 14 days
	Activities float64 `json:"activities"`          // of the last weeks: one counts half after 14 days
	UsualGap   float64 `json:"usual_gap,omitempty"` // days between two study days; 0: fewer than two gaps are known
}

// FirstReason returns the reason with the greatest contribution; empty: the learner is in good standing.
func (s RiskScore) FirstReason() RiskReason {
	if len(s.Reasons) == 0 {
		return ""
	}
	return s.Reasons[0]
}

// ScoreAt returns the risk at an instant. since is when the course began for the learner, which counts while there was no activity. r may be nil.
func (r *Risk) ScoreAt(now, since time.Time, intercept float64) RiskScore {
	silence, days, events := r.terms(daysOf(now), since)
	score := RiskScore{
		Value:      riskOfIndex(riskIndex(silence, days, events, intercept)),
		Reasons:    reasonsOf(silence, days, events),
		SilentDays: silence,
		StudyDays:  days,
		Activities: events,
	}
	if r != nil && r.Gaps >= 2 {
		score.UsualGap = r.Gap
	}
	return score
}

// riskRecord returns what the learner's risk in a course is worked out from; nil: nothing was done in it.
func (s *Standing) riskRecord(c *Course) *Risk {
	return s.withMissedActivity(c, endOfTime)
}

// withMissedActivity returns the record of a course with the activity steps in it that were not taken in because no rule looked at risk then; nil: there is neither
// a record nor a step. The step at an instant is left out: its event is taken in next.
func (s *Standing) withMissedActivity(c *Course, except time.Time) *Risk {
	seen := c.Risk.SeenUntil()
	if !c.Active.hasAfter(seen, except) && !s.Unattributed.hasAfter(seen, except) {
		return c.Risk // nearly always
	}
	var room [2 * maxActivity]int64
	missed := append(append(room[:0], c.Active...), s.Unattributed...)
	slices.Sort(missed)
	r := c.Risk
	for i, ms := range missed {
		at := time.UnixMilli(ms).UTC()
		if !at.After(seen) || at.Before(c.EnrolledAt) || ms == except.UnixMilli() || i > 0 && ms == missed[i-1] {
			continue
		}
		if r == c.Risk {
			fresh := Risk{}
			if c.Risk != nil {
				fresh = *c.Risk
			}
			r = &fresh
		}
		r.observe(strconv.FormatInt(ms, 10), at)
	}
	return r
}

// SeenUntil returns the time of the last activity that was taken in, to a microsecond; zero: none was. r may be nil.
func (r *Risk) SeenUntil() time.Time {
	if r == nil || r.Last == 0 {
		return time.Time{}
	}
	return time.UnixMicro(int64(math.Ceil(r.Last * secondsPerDay * 1e6))).UTC()
}

// RiskOf returns the risk of a learner in one of their courses at an instant; false: there is none, because the learner is not enrolled, has
// completed or left the course, or because it has not begun or is over.
func (r *Ruleset) RiskOf(s *Standing, course string, now time.Time) (RiskScore, bool) {
	c := s.Courses[course]
	if c == nil || !c.openAt(now) {
		return RiskScore{}, false
	}
	starts, ends := r.courseDates(course, c)
	if now.Before(starts) || !ends.IsZero() && now.After(ends) {
		return RiskScore{}, false
	}
	present := c.presentRun(now)
	return s.riskRecord(c).ScoreAt(now, later(present.enrolledAt, starts), r.Settings.RiskIntercept()), true
}

// terms returns days of silence, study days and events as of a time.
func (r *Risk) terms(now float64, since time.Time) (silence, days, events float64) {
	if r == nil || r.Last == 0 {
		return max(0, now-daysOf(since)), 0, 0
	}
	fade := math.Exp2(-max(0, now-r.At) / riskHalfLife)
	return max(0, now-r.Last), r.Days * fade, r.Events * fade
}

func riskIndex(silence, days, events, intercept float64) float64 {
	return intercept + riskSilence*math.Log1p(silence) + riskStudyDays*math.Log1p(days) + riskEvents*math.Log1p(events)
}

// reasonsOf names what makes the risk greater than that of a learner in good standing.
func reasonsOf(silence, days, events float64) []RiskReason {
	type share struct {
		reason RiskReason
		by     float64
	}
	shares := []share{
		{RiskSilent, riskSilence * (math.Log1p(silence) - math.Log1p(goodSilence))},
		{RiskFewDays, riskStudyDays * (math.Log1p(days) - math.Log1p(goodStudyDays))},
		{RiskLittleDone, riskEvents * (math.Log1p(events) - math.Log1p(goodEvents))},
	}
	slices.SortStableFunc(shares, func(a, b share) int { return cmp.Compare(b.by, a.by) })
	reasons := []RiskReason{}
	for _, s := range shares {
		if s.by >= riskMinShare {
			reasons = append(reasons, s.reason)
		}
	}
	return reasons
}

// firstCrossing returns the first of from, from + step, from + 2 steps … before `until` at which the risk is at least a threshold if the learner stays silent; zero: it is
// at none of them. The risk of a silent learner only grows. It is looked for where a straight line between what is known would cross the threshold, which of ten days
// in steps of ten minutes looks at three instants where halving looks at eight; every third time the rest is halved, so that there is no worse case than three times that. A step is a
// second or more.
func (r *Risk) firstCrossing(threshold float64, from, until time.Time, step time.Duration, since time.Time, intercept float64) time.Time {
	steps := int64((until.Sub(from) + step - 1) / step) // that come before `until`
	indexAt := func(n int64) float64 {
		silence, days, events := r.terms(daysOf(from.Add(time.Duration(n)*step)), since)
		return riskIndex(silence, days, events, intercept)
	}
	if steps <= 0 {
		return time.Time{}
	}
	low := int64(0)
	high := steps - 1
	lowIndex := indexAt(low)
	if isRisk(lowIndex, threshold) {
		return from
	}
	highIndex := indexAt(high)
	if !isRisk(highIndex, threshold) {
		return time.Time{}
	}
	wanted := math.Log(threshold / (1 - threshold))
	for tries := 1; high-low > 1; tries++ { // reached at high, not at low
		share := (wanted - lowIndex) / (highIndex - lowIndex)
		if tries%3 == 0 {
			share = 0.5
		}
		middle := min(max(low+int64(share*float64(high-low)), low+1), high-1)
		if index := indexAt(middle); isRisk(index, threshold) {
			high = middle
			highIndex = index
		} else {
			low = middle
			lowIndex = index
		}
	}
	return from.Add(time.Duration(high) * step)
}

// isRisk reports whether the risk of an index is at least a threshold.
func isRisk(index, threshold float64) bool { return riskOfIndex(index) >= threshold }

// riskOfIndex is the risk, from 0 to 1.
func riskOfIndex(index float64) float64 { return 1 / (1 + math.Exp(-index)) }

// MarshalJSON implements json.Marshaler: base64 of 64 bytes, because there are many and nobody reads them.
func (r *Risk) MarshalJSON() ([]byte, error) {
	packed := make([]byte, 0, riskSize)
	for _, v := range []float64{r.At, r.Last, r.Days, r.Events, r.Gap} {
		packed = binary.BigEndian.AppendUint64(packed, math.Float64bits(v))
	}
	packed = binary.BigEndian.AppendUint32(packed, uint32(r.Day))
	packed = binary.BigEndian.AppendUint32(packed, uint32(r.Gaps))
	for _, id := range r.IDs {
		packed = binary.BigEndian.AppendUint32(packed, id)
	}
	return json.Marshal(packed)
}

const riskSize = 64

// UnmarshalJSON implements json.Unmarshaler. What is no number that a risk can have is an error.
func (r *Risk) UnmarshalJSON(raw []byte) error {
	var packed []byte
	if err := json.Unmarshal(raw, &packed); err != nil {
		return fmt.Errorf("the risk of a standing is damaged: %w", err)
	}
	if len(packed) != riskSize {
		return fmt.Errorf("the risk of a standing is damaged: it has %d bytes, not %d", len(packed), riskSize)
	}
	for i, v := range []*float64{&r.At, &r.Last, &r.Days, &r.Events, &r.Gap} {
		*v = math.Float64frombits(binary.BigEndian.Uint64(packed[8*i:]))
		if math.IsNaN(*v) || math.IsInf(*v, 0) || *v < 0 {
			return fmt.Errorf("the risk of a standing is damaged: %v is not possible", *v)
		}
	}
	r.Day = int32(binary.BigEndian.Uint32(packed[40:]))
	r.Gaps = int32(binary.BigEndian.Uint32(packed[44:]))
	for i := range r.IDs {
		r.IDs[i] = binary.BigEndian.Uint32(packed[48+4*i:])
	}
	return nil
}
