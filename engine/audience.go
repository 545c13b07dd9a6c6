package engine

import (
	"slices"
	"time"
)

// EventBroadcast is the event by which a person starts a rule for its audience. It names the rule, and may name a course.
const EventBroadcast = "broadcast.started"

// The properties of EventBroadcast: the rule, and the time of day, where the learner is, at which its runs begin ("09:00"); empty: at once. KeyCourse is the
// course.
const (
	KeyBroadcastRule = "rule"
	KeyBroadcastAt   = "at"
)

// Audience says which learners an event without a learner concerns.
type Audience struct {
	// Platform means all learners; otherwise those in the course that the event names: enrolled or active there, and not cancelled.
	Platform bool
	If       Expr // nil: all of them
	// ReadsPerson reports that If reads what only the profile knows: traits, the locale or the time zone.
	ReadsPerson bool
}

// beginOfRun returns when a run begins that the event starts at `at`: at once, or at the time of day that an EventBroadcast names, where the learner is.
func (s *stepper) beginOfRun(ev *Event, at time.Time) time.Time {
	if !ev.Broadcast || ev.Name != EventBroadcast {
		return at
	}
	text, _ := ev.Text(KeyBroadcastAt)
	clock, ok := parseClock(text)
	if !ok {
		return at
	}
	return nextClock(at, clock, nil, s.learnerZone())
}

// parseClock reads a time of day, in minutes after midnight; false: it is none.
func parseClock(text string) (minutes int, ok bool) {
	t, err := time.Parse("15:04", text)
	return t.Hour()*60 + t.Minute(), err == nil
}

// LeftOut says why a broadcast does not reach a learner.
type LeftOut string

// The reasons for which a broadcast leaves a learner out. Empty: it reaches them.
const (
	LeftOutCourse    LeftOut = "not_in_course"   // the learner is not in the course that the event names
	LeftOutCondition LeftOut = "condition"       // the condition of the audience does not hold
	LeftOutError     LeftOut = "condition_error" // the condition of the audience cannot be answered for the learner
)

// AudienceRules returns the rules that an event without a learner may start, as far as the event alone tells.
func (r *Ruleset) AudienceRules(ev *Event) []*Rule {
	var found []*Rule
	for _, rule := range r.Rules {
		if rule.When.isAbout(rule.Name, ev) && (rule.When.Match.Gate == nil || rule.When.Match.mayMatch(ev)) {
			found = append(found, rule)
		}
	}
	return found
}

// ConcernsMany reports whether an event of this name that has no learner, and that a platform publishes, may start a rule.
func (r *Ruleset) ConcernsMany(name string) bool {
	return slices.ContainsFunc(r.Rules, func(rule *Rule) bool {
		return rule.When.Audience != nil && !rule.When.Broadcast && rule.When.Match.Event == name
	})
}

// isAbout reports whether an event without a learner is what the rule waits for.
func (t *Trigger) isAbout(rule string, ev *Event) bool {
	if t.Audience == nil || t.Match.Event != ev.Name {
		return false
	}
	if !t.Broadcast {
		return true
	}
	named, _ := ev.Text(KeyBroadcastRule)
	return named == rule
}

// AudienceScan asks of many learners, one after another, whether an event without a learner concerns them. It is not safe for concurrent use.
type AudienceScan struct {
	rules []*Rule
	event Event
	rs    *Ruleset
	step  stepper
	extra Expr
}

// NewAudienceScan returns a scan for an event and the rules that it may start. extra is one more condition; nil: there is none.
func NewAudienceScan(rs *Ruleset, ev *Event, extra Expr) *AudienceScan {
	return &AudienceScan{
		rules: rs.AudienceRules(ev),
		event: *ev,
		rs:    rs,
		extra: extra,
	}
}

// Concerns reports whether there is a rule that the event may start.
func (a *AudienceScan) Concerns() bool { return len(a.rules) > 0 }

// ReadsPerson reports whether the answer depends on what only the profile knows.
func (a *AudienceScan) ReadsPerson() bool {
	return a.extra != nil || slices.ContainsFunc(a.rules, func(rule *Rule) bool { return rule.When.Audience.ReadsPerson })
}

// Ask returns why the event does not concern a learner as known at an instant; empty: it does. detail says more about LeftOutError. Of several rules
// the first one's reason counts.
func (a *AudienceScan) Ask(learner string, p Profile, st *Standing, at time.Time) (reason LeftOut, detail string) {
	a.step.beginStep(&Env{Current: a.rs, Standing: st, Profile: p}, &State{Learner: learner}, at)
	course := st.CourseOf(&a.event, a.rs.Keys)
	for i, rule := range a.rules {
		left, err := a.step.leftOut(rule, &a.event, course, at)
		if left == "" && a.extra != nil {
			left, err = a.step.leftOutBy(a.extra, &a.event, course, at)
		}
		if left == "" {
			return "", ""
		}
		if i == 0 {
			reason = left
			if err != nil {
				detail = err.Error()
			}
		}
	}
	return reason, detail
}

// HeldOut returns which group keeps the message s of the first rule from a learner whom the event concerns: the control group or the rule's holdout; empty: neither
// does. A transactional message is kept from nobody.
func (a *AudienceScan) HeldOut(learner string, s *Send) Reason {
	if s.Transactional || !a.Concerns() {
		return ""
	}
	return HoldsOut(a.rs, a.rules[0], learner)
}

// leftOut returns why a rule's audience does not include the learner; empty: it does.
func (s *stepper) leftOut(rule *Rule, ev *Event, course string, at time.Time) (LeftOut, error) {
	audience := rule.When.Audience
	if !audience.Platform && !s.env.Standing.isInCourse(course, at) {
		return LeftOutCourse, nil
	}
	if audience.If == nil {
		return "", nil
	}
	return s.leftOutBy(audience.If, ev, course, at)
}

func (s *stepper) leftOutBy(cond Expr, ev *Event, course string, at time.Time) (LeftOut, error) {
	yes, err := evalBool(cond, s.exprVars(ev, nil, course, at))
	switch {
	case err != nil:
		return LeftOutError, err
	case !yes:
		return LeftOutCondition, nil
	}
	return "", nil
}

// isInCourse reports whether the learner is enrolled or active in a course and has not cancelled.
func (s *Standing) isInCourse(course string, at time.Time) bool {
	c := s.Courses[course]
	if course == "" || c == nil {
		return false
	}
	run := c.presentRun(at)
	if !run.cancelledAt.IsZero() {
		return false
	}
	return !run.enrolledAt.IsZero() || !run.completedAt.IsZero() || len(c.Active) > 0
}

// fitsAudience reports whether an event may start a rule for this learner at all. An event without a learner starts the rules of which staff hear. One that was
// handed to many starts rules with an audience, for those who belong to it. A learner's own starts all others.
func (s *stepper) fitsAudience(rule *Rule, ev *Event, course string, at time.Time) bool {
	if nobody := s.st.Learner == NoLearner; nobody || rule.When.Staff {
		return nobody && rule.When.Staff
	}
	if rule.When.Audience == nil || !ev.Broadcast {
		return rule.When.Audience == nil && !ev.Broadcast
	}
	if !rule.When.isAbout(rule.Name, ev) {
		return false
	}
	reason, err := s.leftOut(rule, ev, course, at)
	if reason == LeftOutError {
		s.notStarted(rule, "", ev, at, ReasonConditionError, err.Error())
	}
	return reason == ""
}

// IsClock reports whether a text is a time of day: "09:00".
func IsClock(text string) bool {
	_, ok := parseClock(text)
	return ok
}

// FirstSends returns, of each rule that the event may start, the first message, as far as [Profile.Refuses] looks at it.
func (a *AudienceScan) FirstSends() []*Send {
	var sends []*Send
	step := stepper{env: Env{Current: a.rs}}
	for _, rule := range a.rules {
		for i := range rule.Program {
			if in := &rule.Program[i]; in.Op == OpSend {
				sends = append(sends, &Send{
					Channel:       in.Send.Channel,
					Topic:         in.Send.Topic,
					Transactional: in.Send.Transactional,
					OptIn:         step.optIn(in.Send.Topic),
				})
				break
			}
		}
	}
	return sends
}
