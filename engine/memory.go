package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/url"
	"slices"
	"time"
)

// recordDecision records a decision. The parts name the occasion, so that its id is the same whenever the decision is taken again.
func (s *stepper) recordDecision(d Decision, parts ...string) {
	s.addDecision(d)
	s.identifyDecision(&s.decisions[len(s.decisions)-1], parts...)
}

// identifyDecision gives a decision its learner and its id.
func (s *stepper) identifyDecision(d *Decision, parts ...string) {
	d.Learner = s.st.Learner
	var room [10]string
	d.ID = hashID(append(append(room[:0], d.Learner, d.Rule, d.Scope, d.Run, d.Step, string(d.Kind), string(d.Reason)), parts...)...)
}

// addDecision adds a decision to the result.
func (s *stepper) addDecision(d Decision) { s.decisions = append(s.decisions, d) }

// keepRecent makes State.Recent, which people see, the last maxRecent decisions up to now. It is one list of its own, made once the step has decided:
// most steps decide nothing. The copies have no ids: every later step records them in the history once more, so they are kept small.
func (s *stepper) keepRecent() {
	if s.unseen || len(s.decisions) == 0 && len(s.st.Recent) <= maxRecent {
		return
	}
	added := s.decisions[max(0, len(s.decisions)-maxRecent):]
	earlier := s.st.Recent[max(0, len(s.st.Recent)+len(added)-maxRecent):]
	recent := append(make([]Decision, 0, len(earlier)+len(added)), earlier...)
	for i := range added {
		for one := range added[i].PerRun() {
			recent = append(recent, one.withoutIDs())
		}
	}
	s.st.Recent = keepLast(recent, maxRecent)
}

// withoutIDs returns what people read of a decision about one run.
func (d *Decision) withoutIDs() Decision {
	short := *d
	short.ID = ""
	short.Learner = ""
	short.Rev = ""
	short.Run = ""
	short.Step = ""
	short.Send = ""
	short.Channel = ""
	short.Exposure = nil
	short.Set = nil // the detail says it
	return short
}

// hashID makes a short, deterministic id: 96 bits of SHA-256 in hex.
func hashID(parts ...string) string {
	var room [256]byte
	text := room[:0]
	for i, part := range parts {
		if i > 0 {
			text = append(text, 0)
		}
		text = append(text, part...)
	}
	sum := sha256.Sum256(text)
	var id [24]byte
	hex.Encode(id[:], sum[:12])
	return string(id[:])
}

// scopeOf writes the values of a rule's `per` keys as one string.
func scopeOf(keys, values []string) string {
	scope := ""
	and := "" // nearly always it is one key
	for i, key := range keys {
		scope += and + key + "=" + url.QueryEscape(values[i])
		and = "&"
	}
	return scope
}

// pastKey hashes a rule and a scope. Its upper 24 bits are the rule's, so that the past runs of one rule can be counted.
func pastKey(rule, scope string) uint64 {
	ofRule := hash64(fnvBasis, rule)
	ofBoth := hash64(hash64(ofRule, "\x00"), scope)
	return ofRule>>40<<40 | ofBoth&(1<<40-1)
}

// fnvBasis is the FNV-1a hash of an empty text, from which every hash begins.
const fnvBasis = 14695981039346656037

// hash64 goes on with an FNV-1a hash; unlike hash/fnv it allocates nothing.
func hash64(h uint64, text string) uint64 {
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 1099511628211
	}
	return h
}

// trim keeps at most n past runs: the oldest of the rule that has the most goes first, so that a rule with a run for every
// quiz does not make another forget that it has said welcome.
func (p PastRuns) trim(n int) PastRuns {
	for len(p) > n {
		count := map[uint64]int{}
		for _, past := range p {
			count[past.Key>>40]++
		}
		victim := 0
		for i, past := range p {
			if count[past.Key>>40] > count[p[victim].Key>>40] {
				victim = i
			}
		}
		p = slices.Delete(p, victim, victim+1)
	}
	return p
}

// runsBytes is about how many bytes of JSON the triggers and awaited events take that the kept runs and the pending deliveries hold.
func (s *stepper) runsBytes() int {
	sum := 0
	for i := range s.st.Runs {
		run := &s.st.Runs[i]
		sum += jsonBytes(run.Trigger.Properties) + awaitedBytes(run.Awaited, run.AwaitedAhead)
	}
	for i := range s.st.PendingDeliveries {
		send := &s.st.PendingDeliveries[i].Send
		sum += jsonBytes(send.Trigger.Properties) + awaitedBytes(send.Awaited)
	}
	return sum
}

// jsonBytes is about how many bytes a JSON value takes, escapes counted generously.
func jsonBytes(v any) int {
	switch v := v.(type) {
	case string:
		return textBytes(v)
	case map[string]any:
		n := 2
		for key, value := range v {
			n += textBytes(key) + jsonBytes(value) + 2
		}
		return n
	case []any:
		n := 2
		for _, value := range v {
			n += jsonBytes(value) + 1
		}
		return n
	}
	return 24
}

func textBytes(v string) int {
	n := 2 + len(v)
	for i := range len(v) {
		if c := v[i]; c < ' ' || c == '<' || c == '>' || c == '&' || c == '"' || c == '\\' {
			n += 5
		}
	}
	return n
}

// pastRun returns what is remembered of earlier runs of a rule in a scope; a PastRun with only its Key if that is nothing.
func (s *stepper) pastRun(rule, scope string) PastRun { return s.pastRunByKey(pastKey(rule, scope)) }

func (s *stepper) pastRunByKey(key uint64) PastRun {
	for i := range s.st.PastRuns {
		if s.st.PastRuns[i].Key == key {
			return s.st.PastRuns[i]
		}
	}
	return PastRun{Key: key}
}

// changePastRun changes what is remembered of a rule in a scope and makes it the newest entry.
func (s *stepper) changePastRun(rule, scope string, change func(PastRun) PastRun) {
	p := change(s.pastRun(rule, scope))
	s.st.PastRuns = slices.DeleteFunc(s.st.PastRuns, func(other PastRun) bool { return other.Key == p.Key })
	s.st.PastRuns = append(s.st.PastRuns, p)
}

// liveRun returns the live run of a rule in a scope, or nil.
func (s *stepper) liveRun(rule, scope string) *Run {
	for i := range s.st.Runs {
		if run := &s.st.Runs[i]; run.Rule == rule && run.Scope == scope && !run.Ended {
			return run
		}
	}
	return nil
}

// runByID returns the run with this id, or nil. The pointer is good until runs are added or removed.
func (s *stepper) runByID(id string) *Run {
	for i := range s.st.Runs {
		if s.st.Runs[i].ID == id {
			return &s.st.Runs[i]
		}
	}
	return nil
}

// eachRun does something with each run, oldest first. It may remove the run that it is shown, and no other.
func (s *stepper) eachRun(do func(run *Run)) {
	for i := 0; i < len(s.st.Runs); {
		id := s.st.Runs[i].ID
		do(&s.st.Runs[i])
		if i < len(s.st.Runs) && s.st.Runs[i].ID == id {
			i++
		}
	}
}

func (s *stepper) removeRun(id string) {
	s.st.Runs = slices.DeleteFunc(s.st.Runs, func(r Run) bool { return r.ID == id })
}

// findRevision returns the ruleset that a run started with, or nil if it is lost.
func (s *stepper) findRevision(hash string) *Ruleset {
	if hash == s.env.Current.Hash {
		return s.env.Current
	}
	if s.env.Revision == nil {
		return nil
	}
	return s.env.Revision(hash)
}

func (s *stepper) ruleOf(run *Run) *Rule {
	if rs := s.findRevision(run.Revision); rs != nil {
		return rs.Rule(run.Rule)
	}
	return nil
}

// pendingOfRun returns the index of a run's pending delivery, or -1.
func (s *stepper) pendingOfRun(run string) int {
	for i := range s.st.PendingDeliveries { // a delivery is large: none is copied to be looked at
		if s.st.PendingDeliveries[i].Send.Run == run {
			return i
		}
	}
	return -1
}

// pendingByID returns the index of the pending delivery with a send id, or -1.
func (s *stepper) pendingByID(id string) int {
	for i := range s.st.PendingDeliveries {
		if s.st.PendingDeliveries[i].Send.ID == id {
			return i
		}
	}
	return -1
}

// exprRoom is the memory into which the variables of each expression are written, one expression after the other. No expression keeps them.
type exprRoom struct {
	vars   Vars
	course *CourseView // made when it is needed
	past   learnerPast
	wall   calendar
}

// spare is what few steps need, in memory that is used again: the event of a silence, which nobody keeps, and properties that a Stepper's learners no
// longer need. It is apart from the stepper, which every step makes.
type spare struct {
	silence    Event
	properties []map[string]any
	// withheld are the runs of which a message was withheld in this step. Their next message waits until all other runs that are due have been
	// decided, as it would wait for the outcome of a delivery: held-out learners are decided in the order of treated ones.
	withheld []string
	// scopes are those of runs about a course, by the course's id; nil: they are not kept.
	scopes map[string]string
}

func (s *stepper) spareMemory() *spare {
	if s.spare == nil {
		s.spare = &spare{}
	}
	return s.spare
}

// copyProperties copies the properties of an event, whose own are the host's.
func (s *stepper) copyProperties(properties map[string]any) map[string]any {
	if s.spare == nil || len(s.spare.properties) == 0 || properties == nil {
		return maps.Clone(properties)
	}
	last := len(s.spare.properties) - 1
	used := s.spare.properties[last]
	s.spare.properties = s.spare.properties[:last]
	clear(used)
	maps.Copy(used, properties)
	return used
}

// exprVars gathers what an expression may look at. It is good until the next call.
func (s *stepper) exprVars(ev, trigger *Event, course string, at time.Time) *Vars {
	if s.exprRoom == nil {
		s.exprRoom = &exprRoom{}
	}
	p := &s.env.Profile
	st := s.env.Standing
	a := s.exprRoom
	a.wall = calendar{s}
	a.past = learnerPast{s: s, at: at, origin: trigger, course: course}
	if trigger == nil {
		a.past.origin = ev
	}
	a.vars = Vars{
		Event:    ev,
		Trigger:  trigger,
		Now:      at,
		Past:     &a.past,
		Calendar: &a.wall,
		Learner: Learner{
			ID:               s.st.Learner,
			Locale:           p.Locale,
			Timezone:         s.zoneName(),
			Traits:           p.Traits,
			SignedUpAt:       st.SignedUpAt,
			LastActiveAt:     st.Platform.asOf(at),
			CoursesCompleted: st.CoursesCompleted,
		},
	}
	if course != "" {
		a.vars.Course = s.courseView(course, at)
	}
	if s.env.Current.Paths {
		a.vars.Learner.NextCourse = func() (NextStep, bool) { return s.nextCourse(at) }
	}
	return &a.vars
}

// runVars is exprVars for an expression of a run.
func (s *stepper) runVars(ev *Event, run *Run, at time.Time) *Vars {
	vars := s.exprVars(ev, &run.Trigger, run.Course, at)
	vars.Awaited = run.Awaited
	return vars
}

func (s *stepper) courseView(id string, at time.Time) *CourseView {
	info := s.env.Current.Courses[id]
	if s.exprRoom.course == nil {
		s.exprRoom.course = &CourseView{}
	}
	view := s.exprRoom.course
	*view = CourseView{ID: id, Title: info.Title, URL: info.URL}
	c := s.env.Standing.Courses[id]
	if len(info.Assessments) > 0 || c != nil && len(c.DueDates) > 0 {
		view.NextDueAt = func() time.Time { return s.env.Current.nextDueAt(s.env.Standing, id, at) }
	}
	view.StartsAt, view.EndsAt = s.env.Current.courseDates(id, c)
	if c == nil {
		return view
	}
	if view.Title == "" {
		view.Title = c.Title
	}
	present, previous, from := c.runAsOf(at)
	view.EnrolledAt = present.enrolledAt
	view.StartedAt = c.startOfRun(from, at)
	view.CompletedAt = present.completedAt
	view.CancelledAt = present.cancelledAt
	view.LastActiveAt = later(c.Active.asOf(at), s.env.Standing.Unattributed.asOf(at))
	progress := c.progressAsOf(from, at)
	view.ProgressPct = progress.Pct
	view.LessonsDone = progress.Done
	view.TotalLessons = progress.Total
	view.EnrollmentType = present.kind
	if s.env.Current.Settings.Risk != nil {
		view.Risk = func() (RiskScore, bool) { return s.env.Current.RiskOf(s.env.Standing, id, at) }
	}
	if s.env.Current.Paths {
		view.Next = func() (NextStep, bool) { return s.nextUnit(id, at) }
	}
	if !from.IsZero() {
		view.Previous = c.previousRun(previous, from)
	}
	return view
}

// upTo hides what had not happened at `at`: the standing may know events that this decision comes before.
func upTo(at, t time.Time) time.Time {
	if t.After(at) {
		return time.Time{}
	}
	return t
}
