package engine_test

import (
	"errors"
	"sort"
	"strings"
	"testing"
	"time"

	"homeroom/engine"
)

// cond is a condition written in Go, so that the core's tests need no CEL.
type cond struct {
	text string
	eval func(v *engine.Vars) (any, error)
}

func (c cond) Eval(v *engine.Vars) (any, error) { return c.eval(v) }
func (c cond) Source() string                   { return c.text }

// failed is event.passed == false; like CEL, it errs where the event does not say.
var failed = cond{"event.passed == false", func(v *engine.Vars) (any, error) {
	passed, ok := v.Event.Properties["passed"].(bool)
	if !ok {
		return nil, errors.New("no such property: passed")
	}
	return !passed, nil
}}

var trialEnd = cond{"trigger.time + days(trigger.trial_duration_days - 3)", func(v *engine.Vars) (any, error) {
	days, ok := v.Trigger.Number("trial_duration_days")
	if !ok {
		return nil, errors.New("no such property: trial_duration_days")
	}
	return v.Trigger.Time.Add(time.Duration(days-3) * day), nil
}}

// traitEnd is three days before a date that is a trait of the learner; it errs where the trait is none.
var traitEnd = cond{"timestamp(learner.traits.trial_ends_at) - days(3)", func(v *engine.Vars) (any, error) {
	text, _ := v.Learner.Traits["trial_ends_at"].(string)
	t, err := time.Parse(time.RFC3339, text)
	return t.Add(-3 * day), err
}}

// promoter is answer.score >= 9, and score answer.score; both err without an answer.
var (
	promoter = cond{"answer.score >= 9", func(v *engine.Vars) (any, error) {
		given, err := score.eval(v)
		n, _ := given.(float64)
		return n >= 9, err
	}}
	score = cond{"answer.score", func(v *engine.Vars) (any, error) {
		if ev := v.AwaitedEvent("answer"); ev != nil {
			if n, ok := ev.Number("score"); ok {
				return n, nil
			}
		}
		return nil, errors.New("nps.answered has not come")
	}}
)

// examDay is three days before a date that is a trait of the learner, which has no time of day.
var examDay = cond{"timestamp(learner.traits.exam_date) - days(3)", func(v *engine.Vars) (any, error) {
	text, _ := v.Learner.Traits["exam_date"].(string)
	date, err := time.Parse(time.DateOnly, text)
	return v.Calendar.Midnight(date.Date()).Add(-3 * day), err
}}

// dayBefore is a day before the date that the trigger names.
var dayBefore = cond{"trigger.due_at - days(1)", func(v *engine.Vars) (any, error) {
	text, _ := v.Trigger.Text("due_at")
	t, err := time.Parse(time.RFC3339, text)
	return t.Add(-day), err
}}

// dueAt is trigger.due_at; it errs where the event does not say.
var dueAt = cond{"trigger.due_at", func(v *engine.Vars) (any, error) {
	text, _ := v.Trigger.Text("due_at")
	return time.Parse(time.RFC3339, text)
}}

var halfway = cond{"course.progress_pct >= 50", func(v *engine.Vars) (any, error) {
	return v.Course != nil && v.Course.ProgressPct >= 50, nil
}}

const day = 24 * time.Hour

func send(id, message string) engine.Instr {
	return engine.Instr{Op: engine.OpSend, ID: id, Send: &engine.SendStep{Message: message, Channel: "email"}}
}

func wait(id string, d time.Duration) engine.Instr {
	return engine.Instr{Op: engine.OpWait, ID: id, Dur: d}
}

// ruleset returns the rules with these names, which the scenarios choose from. Names that begin with "settings-" stand for
// settings.
func ruleset(t testing.TB, names ...string) *engine.Ruleset {
	t.Helper()
	rs := &engine.Ruleset{
		Hash:       "r1",
		SentWindow: 7 * day,
		Counted:    map[string]int{"lesson.completed": 7},
		Settings: engine.Settings{
			Patience:   day,
			Resolution: 10 * time.Minute,
			Activity:   map[string]bool{"lesson.completed": true, "video.played": true, "assessment.submitted": true},
			Topics:     map[string]bool{"progress": true, "offers": false},
		},
		Keys: map[string][]string{
			"enrollment.created": {"course_id"}, "lesson.started": {"lesson_id", "course_id"},
			"lesson.completed": {"lesson_id", "course_id"}, "video.played": {"video_id", "lesson_id"},
			"assessment.started": {"assessment_id", "course_id"}, "assessment.graded": {"assessment_id"},
			"assessment.retried": {"assessment_id"}, "course.completed": {"course_id"},
			"enrollment.cancelled": {"course_id"}, "certificate.earned": {"course_id", "certificate_id"},
			"certificate.shared": {"certificate_id"},
		},
	}
	for _, name := range names {
		switch name {
		case "settings-night":
			rs.Settings.Quiet = &engine.QuietHours{From: 21 * 60, To: 8 * 60}
		case "settings-daily":
			rs.Settings.Caps = []engine.Cap{{Max: 1, Per: day}}
		case "settings-mail-daily":
			rs.Settings.Caps = []engine.Cap{{Max: 1, Per: day, Channel: engine.ChannelEmail}}
		case "settings-nudge-daily":
			rs.Settings.Caps = []engine.Cap{{Max: 1, Per: day, Channel: engine.ChannelInApp}}
		case "settings-recent":
			rs.Settings.MaxEventAge = day
		case "settings-backoff":
			rs.Settings.BackOff = &engine.BackOff{AfterIgnored: 2, For: 30 * day}
		case "settings-risk":
			rs.Settings.Risk = &engine.RiskSettings{Intercept: engine.RiskIntercept}
		case "settings-calendar":
			rs.Courses = map[string]engine.CourseInfo{"go": {Starts: start.AddDate(0, 0, 14), Ends: start.AddDate(0, 0, 40)}}
		case "settings-due":
			due := func(id string, days int) engine.UnitInfo {
				return engine.UnitInfo{ID: "assessment_id=" + id, Due: start.AddDate(0, 0, days)}
			}
			rs.Courses = map[string]engine.CourseInfo{"yaml": {Assessments: []engine.UnitInfo{due("first", 3), due("second", 9), due("third", 22)}}}
		case "settings-control":
			rs.Settings.Control = 100
		case "settings-r2":
			rs.Hash = "r2"
		default:
			rs.Rules = append(rs.Rules, theRule(t, name))
		}
	}
	sort.Slice(rs.Rules, func(i, j int) bool { return rs.Rules[i].Name < rs.Rules[j].Name })
	return rs
}

func theRule(t testing.TB, name string) *engine.Rule {
	t.Helper()
	if base, variant, ok := strings.Cut(name, "!"); ok {
		return changed(t, theRule(t, base), variant)
	}
	r := &engine.Rule{Name: name, Priority: 50}
	on := func(event string) engine.Match { return engine.Match{Event: event} }
	switch name {
	case "due-soon":
		r.When.Match = on("assignment.due_set")
		r.Per = []string{"assignment_id"}
		r.Program = []engine.Instr{wait("1", 2*time.Hour), send("2", "due-soon"), send("3", "in-an-hour"), send("4", "receipt")}
		r.Program[1].Send.Expires = dueAt
		r.Program[2].Send.Patience = time.Hour
		r.Program[3].Send.Expires = dueAt
		r.Program[3].Send.Transactional = true
	case "exam":
		r.When.Match = on("course.started")
		r.Program = []engine.Instr{{Op: engine.OpWaitTime, ID: "1", Expr: examDay}, send("2", "exam")}
	case "welcome":
		r.When.Match = on("enrollment.created")
		r.Per = []string{"course_id"}
		r.Program = []engine.Instr{send("1", "welcome")}
	case "cheer":
		r.When.Match = on("lesson.completed")
		r.Again = engine.Again{Always: true}
		r.Priority = 80
		r.Program = []engine.Instr{send("1", "cheer")}
	case "trial-trait":
		r.When.Match = on("trial.started")
		r.Program = []engine.Instr{{Op: engine.OpWaitTime, ID: "1", Expr: traitEnd}, send("2", "trial-ends")}
	case "nudge":
		*r = *theRule(t, "cheer")
		r.Name = name
		r.Program[0].Send = &engine.SendStep{Message: "nudge", Channel: engine.ChannelInApp}
	case "retry":
		r.When.Match = engine.Match{Event: "assessment.graded", If: failed, Gate: failed}
		r.Per = []string{"assessment_id"}
		r.Again = engine.Again{After: 7 * day}
		r.Until = []engine.Match{on("course.completed")}
		retried := on("assessment.retried")
		r.Program = []engine.Instr{
			wait("1", 2*time.Hour), send("2", "retry-encouragement"),
			{Op: engine.OpWaitFor, ID: "3", Match: &retried, Dur: 3 * day, Else: 5},
			{Op: engine.OpJump, ID: "3.then", Else: 6}, // retried: nothing more to say
			send("3.unreached", "never"),
			send("3.otherwise.1", "study-plan"),
		}
	case "silent":
		r.When = engine.Trigger{Inactive: 7 * day}
		r.Per = []string{"course_id"}
		r.Again = engine.Again{Always: true}
		r.Program = []engine.Instr{send("1", "we-miss-you"), wait("2", 7*day), send("3", "still-there")}
	case "silent-once":
		r.When = engine.Trigger{Inactive: 7 * day}
		r.Per = []string{"course_id"}
		r.Program = []engine.Instr{send("1", "we-miss-you")}
	case "silent-again":
		r.When = engine.Trigger{Inactive: 7 * day}
		r.Per = []string{"course_id"}
		r.Again = engine.Again{After: 21 * day}
		r.Program = []engine.Instr{send("1", "we-miss-you")}
	case "at-usual":
		r.When.Match = on("enrollment.created")
		r.Program = []engine.Instr{{Op: engine.OpWaitClock, ID: "1.at", Usual: true}, send("1", "come-back")}
	case "overdue", "overdue-once", "overdue-again":
		r.When = engine.Trigger{Overdue: 2 * day, Of: engine.KeyAssessment}
		r.Per = []string{"course_id", "assessment_id"}
		r.Program = []engine.Instr{send("1", "missing")}
		switch name {
		case "overdue":
			r.Program = append(r.Program, wait("2", 5*day), send("3", "still-missing"))
		case "overdue-again":
			r.Again = engine.Again{After: 14 * day}
		}
	case "at-risk":
		r.When = engine.Trigger{Inactive: 3 * day, AtRisk: 0.6, OrSilent: 10 * day}
		r.Per = []string{"course_id"}
		r.Again = engine.Again{Always: true}
		r.Program = []engine.Instr{send("1", "slipping"), wait("2", 60*day), send("3", "still-slipping")}
	case "at-risk-again":
		r.When = engine.Trigger{Inactive: 3 * day, AtRisk: 0.6, OrSilent: 10 * day}
		r.Per = []string{"course_id"}
		r.Again = engine.Again{After: 21 * day}
		r.Program = []engine.Instr{send("1", "slipping")}
	case "away":
		r.When = engine.Trigger{Inactive: 14 * day, Platform: true}
		r.Program = []engine.Instr{send("1", "away")}
	case "trial":
		r.When.Match = on("trial.started")
		r.Until = []engine.Match{{Event: "subscription.created"}}
		r.Program = []engine.Instr{{Op: engine.OpWaitTime, ID: "1", Expr: trialEnd}, send("2", "trial-ends")}
	case "nps": // the answer decides; it may come in the wait before, and is read a day later
		r.When.Match = on("course.completed")
		r.Per = []string{"course_id"}
		answered := on("nps.answered")
		r.Program = []engine.Instr{
			wait("1", 2*day), send("2", "nps-ask"),
			{Op: engine.OpWaitFor, ID: "3", Match: &answered, Dur: 5 * day, Else: 4, As: "answer", Reads: []string{"comment", "score"}},
			wait("3.then.1", day),
			{Op: engine.OpBranch, ID: "4", Expr: promoter, Else: 7}, send("4.then.1", "promoter"), {Op: engine.OpJump, Else: 8},
			send("4.otherwise.1", "nobody-knows"),
		}
		r.Program[5].Send.With = []engine.Binding{{Name: "score", Expr: score}}
	case "due-date": // a day before a date that may move
		r.When.Match = on("assignment.due_set")
		r.Per = []string{"assignment_id"}
		r.Again = engine.Again{Restart: true}
		r.Goal = &engine.Goal{Match: on("assignment.submitted"), Within: 7 * day}
		r.Program = []engine.Instr{
			send("1", "noted"), {Op: engine.OpWaitTime, ID: "2", Expr: dayBefore}, send("3", "due-tomorrow"),
		}
	case "morning":
		r.When.Match = on("enrollment.created")
		r.Per = []string{"course_id"}
		r.Program = []engine.Instr{
			{Op: engine.OpWaitClock, ID: "1", Clock: 9 * 60, Days: []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}},
			send("2", "good-morning"),
		}
	case "branch":
		r.When.Match = on("enrollment.created")
		r.Per = []string{"course_id"}
		r.Program = []engine.Instr{
			wait("1", 10*day), {Op: engine.OpBranch, ID: "2", Expr: halfway, Else: 4},
			send("2.then.1", "halfway"), {Op: engine.OpJump, ID: "2.end", Else: 5},
			{Op: engine.OpStop, ID: "2.otherwise.1", Reason: "not far enough"},
		}
	case "share":
		r.When.Match = on("certificate.earned")
		r.Per = []string{"certificate_id"}
		shared := on("certificate.shared")
		r.Program = []engine.Instr{
			send("1", "share"), {Op: engine.OpWaitFor, ID: "2", Match: &shared, Dur: 5 * day, Else: 4},
			{Op: engine.OpStop, ID: "2.then.1", Reason: "shared"}, send("2.otherwise.1", "share-reminder"),
		}
		r.Program[1].Else = 3
	case "offer":
		r.When.Match = on("user.signed_up")
		r.Program = []engine.Instr{send("1", "offer")}
		r.Program[0].Send.Topic = "offers"
	case "receipt":
		r.When.Match = on("course.purchased")
		r.Again = engine.Again{Always: true}
		r.Program = []engine.Instr{send("1", "receipt")}
		r.Program[0].Send.Transactional = true
	default:
		return measured(t, r)
	}
	return r
}

// measured are the rules that measure: goals, holdouts, splits; and variants of others.
func measured(t testing.TB, r *engine.Rule) *engine.Rule {
	t.Helper()
	passed := cond{"event.passed", func(v *engine.Vars) (any, error) { return v.Event.Properties["passed"] == true, nil }}
	switch r.Name {
	case "retry-goal", "retry-heldout":
		name := r.Name
		*r = *theRule(t, "retry")
		r.Name = name
		r.Until = []engine.Match{{Event: "assessment.retried"}}
		r.Goal = &engine.Goal{Match: engine.Match{Event: "assessment.graded", If: passed}, Within: 7 * day}
		if name == "retry-heldout" {
			r.Holdout = 100
		}
	case "next-same", "next-any", "next-other": // three days after a course, what to do next, unless another one was begun
		r.When.Match = engine.Match{Event: "course.completed"}
		r.Per = []string{"course_id"}
		mode := engine.MatchMode(strings.TrimPrefix(r.Name, "next-"))
		r.Until = []engine.Match{{Event: "enrollment.created", Mode: mode}}
		r.Goal = &engine.Goal{Match: engine.Match{Event: "course.purchased", Mode: mode}, Within: 7 * day}
		begun := engine.Match{Event: "lesson.started", Mode: mode}
		r.Program = []engine.Instr{
			wait("1", 3*day), send("2", r.Name),
			{Op: engine.OpWaitFor, ID: "3", Match: &begun, SinceStep: true, Dur: day, Else: 5},
			{Op: engine.OpStop, ID: "3.then.1", Reason: "begun"}, {Op: engine.OpJump, Else: 5},
		}
	case "next-other-of-the-learner": // without per
		*r = *theRule(t, "next-other")
		r.Name = "next-other-of-the-learner"
		r.Per = nil
	case "split":
		r.When.Match = engine.Match{Event: "enrollment.created"}
		r.Per = []string{"course_id"}
		r.Program = []engine.Instr{
			{Op: engine.OpSplit, ID: "1", Split: &engine.Split{Name: "tone", Arms: []engine.Arm{{Name: "a", Weight: 1, PC: 1}, {Name: "b", Weight: 1, PC: 3}}}},
			send("1.a.1", "warm"), {Op: engine.OpJump, Else: 4}, send("1.b.1", "short"),
		}
	case "bye":
		r.When.Match = engine.Match{Event: "enrollment.cancelled"}
		r.Per = []string{"course_id"}
		r.Program = []engine.Instr{send("1", "bye"), {Op: engine.OpStop, ID: "2", Reason: "said goodbye"}}
	case "twice":
		r.When.Match = engine.Match{Event: "course.purchased"}
		r.Again = engine.Again{Always: true}
		got := cond{`sent("cheer", "7d") && count("lesson.completed", "7d") >= 2`, func(v *engine.Vars) (any, error) {
			return v.Past.Sent("cheer", 7*day) && v.Past.Count("lesson.completed", 7) >= 2, nil
		}}
		r.Program = []engine.Instr{{Op: engine.OpBranch, ID: "1", Expr: got, Else: 2}, send("1.then.1", "fan"), {Op: engine.OpStop, ID: "2", Reason: "done"}}
	default:
		t.Fatalf("unknown rule %q", r.Name)
	}
	return r
}

// changed is a rule as a later revision has it: "retry!paused", "retry!short".
func changed(t testing.TB, r *engine.Rule, variant string) *engine.Rule {
	t.Helper()
	r.Hash = variant
	switch variant {
	case "paused":
		r.Paused = true
	case "later":
		r.Program[0].Clock = 11 * 60
	case "short": // the wait_for and what follows it are gone, and the message is another
		r.Program = r.Program[:2:2]
		r.Program[1] = send("2", "retry-reworded")
	default:
		t.Fatalf("unknown variant %q", variant)
	}
	return r
}
