package report

import (
	"time"

	"homeroom/experiment"
)

// Week is what the experiment of a rule would have shown at the end of a week: everybody who had entered until then, with what they have reached
// by now. Weeks are counted from the hour in which the first learner entered.
type Week struct {
	Until   time.Time `json:"until"` // of the last week: until now, if it is not over
	Treated WeekSide  `json:"treated"`
	Holdout WeekSide  `json:"holdout"`
	// Verdict and Difference are always those of experiment.Sequential: a curve is many looks. The difference is nil where there is no verdict yet,
	// so that nobody reads one from it.
	Verdict    experiment.Verdict   `json:"verdict"`
	Difference *experiment.Interval `json:"difference,omitempty"`
}

// WeekSide is one group of people at the end of a week.
type WeekSide struct {
	People  int `json:"people"`
	Reached int `json:"reached"` // the goal, until now
	Open    int `json:"open"`    // people who may still reach it
}

func (s *WeekSide) listFields() []*int { return []*int{&s.People, &s.Reached, &s.Open} }

// hoursPerWeek is how many hours are from one point of the curve to the next.
const hoursPerWeek = 7 * 24

// weekTally counts the people of a rule's two groups by the hour in which they entered.
type weekTally map[int32]*[2]WeekSide // treated, held out

// addCohort counts a cohort in. The control group is compared with nobody.
func (t weekTally) addCohort(segment *Segment, c *Cohort, now int64) {
	if segment.Group != groupTreated && segment.Group != groupHoldout {
		return
	}
	for hour, n := range c.Entered {
		if t[hour] == nil {
			t[hour] = new([2]WeekSide)
		}
		side := &t[hour][segment.Group]
		side.People += n
		side.Reached += c.Reached[hour]
		if isOpen(hour, segment.Terms.Within, now) {
			side.Open += n
		}
	}
}

// isOpen reports whether somebody who entered in an hour may still reach a goal within so many seconds, as if at the hour's end.
func isOpen(hour int32, within, now int64) bool {
	return within > 0 && (int64(hour)+1)*3600+within > now
}

// listWeeks adds the hours up, week by week; empty: nobody is held out, so there is nothing to compare with.
func (t weekTally) listWeeks(e entries, now int64) []Week {
	if e.first > e.last {
		return nil
	}
	weeks := make([]Week, (e.last-e.first)/hoursPerWeek+1)
	for hour, sides := range t {
		w := &weeks[(hour-e.first)/hoursPerWeek]
		combineFields(w.Treated.listFields(), sides[groupTreated].listFields(), 1)
		combineFields(w.Holdout.listFields(), sides[groupHoldout].listFields(), 1)
	}
	for i := range weeks {
		w := &weeks[i]
		w.Until = hourStart(e.first + int32(i+1)*hoursPerWeek)
		if latest := time.Unix(now, 0).UTC(); w.Until.After(latest) {
			w.Until = latest
		}
		if i > 0 {
			combineFields(w.Treated.listFields(), weeks[i-1].Treated.listFields(), 1)
			combineFields(w.Holdout.listFields(), weeks[i-1].Holdout.listFields(), 1)
		}
	}
	if weeks[len(weeks)-1].Holdout.People == 0 {
		return nil
	}
	return weeks
}

// judgeWeeks gives each week its verdict. The sizes of the groups are judged once, for everybody.
func (e *Experiment) judgeWeeks() {
	if e.NoGoal {
		e.Weeks = nil
	}
	for i := range e.Weeks {
		w := &e.Weeks[i]
		treated := Side{People: w.Treated.People, Reached: w.Treated.Reached}
		holdout := Side{People: w.Holdout.People, Reached: w.Holdout.Reached, Promised: e.Holdout.Promised}
		j := e.judgePair(&treated, &holdout, experiment.Sequential, daysSince(e.First, w.Until), e.SampleRatioP)
		w.Verdict = j.Verdict
		w.Difference = nil
		switch j.Verdict {
		case experiment.Helps, experiment.Hurts, experiment.NotProven:
			w.Difference = j.Difference
		case experiment.TooEarly, experiment.Mismatch, experiment.NoHoldout, experiment.NoExposure, experiment.NoGoal, experiment.Observed:
		}
	}
}
