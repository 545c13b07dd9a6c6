package engine_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"homeroom/engine"
)

// TestLawOfTwins: two learners with the same events, one treated and one held out, whose messages provoke nothing, get the same decisions at
// the same instants, but for sent in place of withheld.
func TestLawOfTwins(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rs := drawRuleset(rt, t)
		story := drawStory(rt)
		checkTwins(rt, t, rs, story, nil)
	})
}

// TestLawOfTwinsWithFailures: a delivery that fails is an exposure all the same, so its run's goal goes on being watched for. A failed message
// takes no slot and does not count as sent; so the rules here have neither caps nor back-off nor sent().
func TestLawOfTwinsWithFailures(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rs := ruleset(t, "welcome", "retry", "retry-goal", "split", "silent", "morning", "branch", "share", "settings-night")
		rs.Rules = append(rs.Rules, drawRule(rt, "drawn", false))
		holdOut(rs, 50)
		failing := rapid.SliceOfDistinct(rapid.SampledFrom([]string{"welcome", "retry-encouragement", "study-plan", "we-miss-you", "m0", "m1", "share"}), rapid.ID[string]).Draw(rt, "failing")
		checkTwins(rt, t, rs, drawStory(rt), failing)
	})
}

// checkTwins plays a story to a treated learner, of whose messages some fail, and to a held-out one, and compares.
func checkTwins(rt *rapid.T, t *testing.T, rs *engine.Ruleset, story []engine.Event, failing []string) {
	play := func(assign engine.Assignment) string {
		h := newHost(t)
		h.env.Current = rs
		h.env.Assign = assign
		h.env.Profile.Timezone = "Europe/Berlin"
		for _, message := range failing {
			h.answers[message] = engine.Outcome{
				Status: engine.OutcomeFailed,
				Reason: engine.ReasonProvider,
			}
		}
		for i := range story {
			h.handOver(&story[i], story[i].StoredAt)
		}
		h.runTo(start.AddDate(1, 6, 0))
		lines := strings.Split(h.out.String(), "\n")
		for i, line := range lines {
			for _, way := range []string{" sent ", " withheld:holdout ", " withheld:control ", " failed:provider "} {
				line = strings.Replace(line, way, " exposed ", 1)
			}
			lines[i] = line
		}
		slices.Sort(lines) // "sent" is told when the outcome is known, "withheld" at once
		return strings.Join(lines, "\n")
	}
	treated := play(engine.AssignNobody)
	heldOut := play(engine.AssignAll)
	if diff := cmp.Diff(treated, heldOut); diff != "" {
		rt.Fatalf("treated (-) and held out (+) differ:\n%s", diff)
	}
}

// drawRuleset makes rules of the scenarios and of chance, with caps, back-off, quiet hours, holdouts or a control group.
func drawRuleset(rt *rapid.T, t *testing.T) *engine.Ruleset {
	names := rapid.SliceOfDistinct(rapid.SampledFrom(everyRule), rapid.ID[string]).Draw(rt, "rules")
	rs := ruleset(t, names...)
	for i := range rapid.IntRange(1, 3).Draw(rt, "drawn rules") {
		rs.Rules = append(rs.Rules, drawRule(rt, fmt.Sprintf("drawn%d", i), true))
	}
	slices.SortFunc(rs.Rules, func(a, b *engine.Rule) int { return strings.Compare(a.Name, b.Name) })
	for range rapid.IntRange(0, 2).Draw(rt, "caps") {
		rs.Settings.Caps = append(rs.Settings.Caps, engine.Cap{
			Max:     rapid.IntRange(1, 3).Draw(rt, "max"),
			Per:     rapid.SampledFrom([]time.Duration{time.Hour, day, 7 * day}).Draw(rt, "per"),
			Topic:   rapid.SampledFrom([]string{"", "", "progress"}).Draw(rt, "topic"),
			Channel: rapid.SampledFrom([]string{"", "", engine.ChannelEmail, engine.ChannelInApp}).Draw(rt, "channel"),
		})
	}
	if rapid.Bool().Draw(rt, "back-off") {
		rs.Settings.BackOff = &engine.BackOff{
			AfterIgnored: rapid.IntRange(1, 3).Draw(rt, "after ignored"),
			For:          rapid.SampledFrom([]time.Duration{2 * day, 30 * day}).Draw(rt, "for"),
		}
	}
	if rapid.Bool().Draw(rt, "control instead of holdouts") {
		rs.Settings.Control = 50
	} else {
		holdOut(rs, 50)
	}
	return rs
}

func holdOut(rs *engine.Ruleset, percent float64) {
	for _, rule := range rs.Rules {
		rule.Holdout = percent
	}
}

// drawRule makes a rule of waits, sends, branches on sent() and waits for an event, with a goal now and then.
func drawRule(rt *rapid.T, name string, withSent bool) *engine.Rule {
	event := func(label string) engine.Match {
		return engine.Match{Event: rapid.SampledFrom([]string{"enrollment.created", "lesson.completed", "assessment.graded", "assessment.retried", "course.completed"}).Draw(rt, label)}
	}
	match := func(label string) engine.Match {
		m := event(label)
		m.Mode = rapid.SampledFrom([]engine.MatchMode{"", engine.MatchSame, engine.MatchAny, engine.MatchOther}).Draw(rt, label+" match")
		return m
	}
	rule := &engine.Rule{
		Name:     name,
		Priority: rapid.IntRange(0, 100).Draw(rt, "priority"),
		Per:      rapid.SampledFrom([][]string{nil, {"course_id"}}).Draw(rt, "per"),
		Again:    rapid.SampledFrom([]engine.Again{{}, {Always: true}, {Restart: true}, {After: 3 * day}}).Draw(rt, "again"),
		When: engine.Trigger{
			Match: event("when"),
		},
	}
	if rapid.Bool().Draw(rt, "until") {
		rule.Until = []engine.Match{match("until event")}
	}
	if rapid.Bool().Draw(rt, "goal") {
		rule.Goal = &engine.Goal{
			Match:  match("goal event"),
			Within: 7 * day,
		}
	}
	for i := range rapid.IntRange(1, 5).Draw(rt, "steps") {
		id := fmt.Sprint(i)
		next := len(rule.Program) + 1
		switch rapid.IntRange(0, 5).Draw(rt, "step") {
		case 0:
			rule.Program = append(rule.Program, wait(id, rapid.SampledFrom([]time.Duration{0, time.Hour, 2 * day}).Draw(rt, "wait")))
		case 1:
			waited := match("wait for")
			rule.Program = append(rule.Program, engine.Instr{Op: engine.OpWaitFor, ID: id, Match: &waited, Dur: 3 * day, Else: next, As: "seen", Reads: []string{"course_id", "passed"}})
		case 5:
			gather := &engine.Collect{Matches: []engine.Match{match("collect")}, Max: 2}
			rule.Program = append(rule.Program, engine.Instr{Op: engine.OpCollect, ID: id, Dur: day, As: "seen", Reads: []string{"lesson_id"}, Collect: gather})
		case 2:
			if !withSent {
				continue
			}
			asked := rapid.SampledFrom([]string{"m0", "m1", "cheer", "welcome"}).Draw(rt, "sent")
			wasSent := cond{"sent", func(v *engine.Vars) (any, error) { return v.Past.Sent(asked, 7*day), nil }}
			rule.Program = append(rule.Program, engine.Instr{Op: engine.OpBranch, ID: id, Else: next + 1, Expr: wasSent})
			rule.Program = append(rule.Program, wait(id+".then", time.Hour))
		case 3:
			passed := cond{"seen.passed", func(v *engine.Vars) (any, error) {
				ev := v.AwaitedEvent("seen")
				if ev == nil {
					return nil, errors.New("nothing was seen")
				}
				return ev.Properties["passed"] == true, nil
			}}
			rule.Program = append(rule.Program, engine.Instr{Op: engine.OpBranch, ID: id, Else: next + 1, Expr: passed})
			rule.Program = append(rule.Program, wait(id+".then", time.Hour))
		default:
			in := send(id, rapid.SampledFrom([]string{"m0", "m1"}).Draw(rt, "message"))
			in.Send.Channel = rapid.SampledFrom([]string{engine.ChannelEmail, engine.ChannelInApp}).Draw(rt, "channel")
			in.Send.Topic = rapid.SampledFrom([]string{"", "progress"}).Draw(rt, "topic")
			in.Send.Patience = rapid.SampledFrom([]time.Duration{0, 0, time.Hour, 3 * day}).Draw(rt, "patience")
			if after := rapid.SampledFrom([]time.Duration{0, 0, time.Hour, 2 * day}).Draw(rt, "expires after"); after > 0 {
				in.Send.Expires = cond{"expires", func(v *engine.Vars) (any, error) { return v.Trigger.Time.Add(after), nil }}
			}
			rule.Program = append(rule.Program, in)
		}
	}
	return rule
}
