package judge

import (
	"net/url"
	"time"

	"homeroom/engine"
)

// lastMessages are when a learner was last sent something in a course: about silence or risk, and about these or missing work.
type lastMessages struct{ quiet, any time.Time }

// countMessages counts what is sent by rules that silence, risk or missing work starts.
func (r *Result) countMessages(rs *engine.Ruleset, decisions []engine.Decision, stays map[place]*stay, courses map[string]*span) {
	reached := map[place]lastMessages{}
	for i := range decisions {
		d := &decisions[i]
		rule := rs.Rule(d.Rule)
		if d.Kind != engine.KindSent || rule == nil || rule.When.Platform || rule.When.Inactive == 0 && rule.When.Overdue == 0 {
			continue
		}
		scope, _ := url.ParseQuery(d.Scope)
		p := place{d.Learner, scope.Get(engine.KeyCourse)}
		s := stays[p]
		c := courses[p.course]
		if s == nil || c == nil {
			continue
		}
		last := reached[p]
		last.any = d.At
		if rule.When.Overdue > 0 {
			r.countAboutWork(d, s, rule.When.Of+"="+scope.Get(rule.When.Of))
		} else {
			last.quiet = d.At
			r.countAboutSilence(d, s, c)
		}
		reached[p] = last
	}
	for p, s := range stays {
		if s.isLost(courses[p.course]) {
			r.countLost(s, courses[p.course], reached[p])
		}
	}
}

// countAboutSilence counts a message about silence or risk.
func (r *Result) countAboutSilence(d *engine.Decision, s *stay, c *span) {
	r.Quiet++
	if next, ok := firstAfter(s.active, d.At); ok && next.Sub(d.At) <= 3*day {
		r.BackSoon++
		if next.Sub(d.At) <= 3*time.Hour {
			r.BackAtOnce++
		}
	}
	if grade, ok := lastBefore(s.grades, d.At); ok && d.At.Sub(grade) <= 3*day {
		r.AfterGrade++
	}
	if d.At.Before(c.first) {
		r.BeforeStart++
	}
	if d.At.After(c.last) {
		r.AfterEnd++
	}
}

// countAboutWork counts a message about work that is missing.
func (r *Result) countAboutWork(d *engine.Decision, s *stay, work string) {
	r.Asked++
	if handed, ok := s.work[work]; ok && handed.After(d.At) && handed.Sub(d.At) <= 7*day {
		r.HandedIn++
	}
}

// countLost counts a learner who fell silent for good.
func (r *Result) countLost(s *stay, c *span, sent lastMessages) {
	r.Lost++
	since := s.lastActive()
	if sent.any.After(since) {
		r.ReachedAny++
	}
	if sent.quiet.After(since) {
		r.Reached++
	}
	if !s.isSilentWhileEnrolled(c) {
		return
	}
	r.Enrolled++
	if sent.quiet.After(since) {
		r.EnrolledSeen++
	}
}
