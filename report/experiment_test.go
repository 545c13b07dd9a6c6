package report

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"homeroom/engine"
	"homeroom/experiment"
)

// describe writes an experiment's counts, a group or an arm a line.
func describe(e *Experiment) string {
	var b strings.Builder
	side := func(name string, s *Side) {
		if s.People == 0 {
			return
		}
		delivered := "–"
		if s.Delivered != nil {
			delivered = fmt.Sprint(*s.Delivered)
		}
		fmt.Fprintf(&b, "%s %d of %d, delivered %s", name, s.Reached, s.People, delivered)
		if s.Open > 0 {
			fmt.Fprintf(&b, ", open %d", s.Open)
		}
		if s.Known > 0 {
			fmt.Fprintf(&b, ", promised %.2f", s.Promised)
		}
		if s.Guardrails != (Guardrails{}) {
			fmt.Fprintf(&b, ", guardrails %d %d %d %d", s.Guardrails.Unsubscribed, s.Guardrails.Complained, s.Guardrails.Bounced, s.Guardrails.BackedOff)
		}
		b.WriteString("\n")
	}
	side("treated", &e.Treated)
	side("holdout", &e.Holdout)
	side("control", &e.Control)
	if e.InBothGroups > 0 {
		fmt.Fprintf(&b, "in both groups %d\n", e.InBothGroups)
	}
	for i := range e.Splits {
		s := &e.Splits[i]
		for j := range s.Arms {
			side(s.Name+"="+s.Arms[j].Name, &s.Arms[j].Side)
		}
		fmt.Fprintf(&b, "%s: against %s, in several %d\n", s.Name, s.Reference, s.InSeveral)
	}
	return b.String()
}

func parts(list []Part) string {
	var b strings.Builder
	for i := range list {
		p := &list[i]
		fmt.Fprintf(&b, "%s %d/%d:%d/%d", p.Name, p.Treated.Reached, p.Treated.People, p.Holdout.Reached, p.Holdout.People)
		if p.Follows {
			b.WriteString(" follows")
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestIntentionToTreat(t *testing.T) {
	cases := []struct{ name, past, want string }{
		{"whatever becomes of the message, the learner is exposed; who was delivered something stands beside it", `
			1 10:00 ada sent      quiz message=retry channel=email promise=10/0/7
			1 10:00 ben failed    quiz message=retry channel=email promise=10/0/7 reason=provider
			1 10:00 eve uncertain quiz message=retry channel=email promise=10/0/7 reason=provider
			1 10:00 joe withheld  quiz message=retry channel=email promise=10/0/7 reason=holdout
			1 11:00 ada email.delivered send=ada/quiz/retry
			2 10:00 ben converted quiz
			2 10:00 joe converted quiz
			20 10:00 ada exited quiz reason=stop`,
			"treated 1 of 3, delivered 1, promised 3.60\nholdout 1 of 1, delivered –, promised 0.40\n"},
		{"a message that was skipped is no exposure", `
			1 10:00 ada skipped  quiz message=retry reason=no_address channel=email
			1 10:00 joe withheld quiz message=retry channel=email promise=10/0/7 reason=holdout`,
			"holdout 0 of 1, delivered –, open 1, promised 0.10\n"},
		{"the run in which a learner entered decides, whatever later runs do", `
			1 10:00 ada sent      quiz run=a1 message=retry channel=email promise=10/0/7
			2 10:00 ada sent      quiz run=a2 message=retry channel=email promise=10/0/7
			3 10:00 ada converted quiz run=a2
			1 10:00 ben sent      quiz run=b1 message=retry channel=email promise=10/0/7
			2 10:00 ben sent      quiz run=b2 message=retry channel=email promise=10/0/7
			3 10:00 ben converted quiz run=b1
			30 10:00 ben exited quiz reason=stop`,
			"treated 1 of 2, delivered –, promised 1.80\n"},
		{"a transactional message is in no experiment", `
			1 10:00 eve sent      trial message=receipt channel=email
			1 11:00 eve withheld  trial message=tips channel=email promise=50/0/7 reason=holdout
			1 13:00 eve converted trial
			1 10:00 ada sent      trial message=receipt channel=email`,
			"holdout 1 of 1, delivered –, open 1, promised 0.50\n"},
		{"the share changed: in both groups, left out", `
			1 10:00 ada sent     quiz run=a1 message=retry channel=email promise=10/0/7
			9 10:00 ada withheld quiz run=a2 message=retry channel=email promise=50/0/7 reason=holdout
			1 10:00 ben sent     quiz message=retry channel=email promise=10/0/7`,
			"treated 0 of 1, delivered –, promised 0.90\nin both groups 1\n"},
		{"the control group stands alone", `
			1 10:00 ada withheld quiz message=retry channel=email promise=10/5/7 reason=control
			1 10:00 ben withheld quiz message=retry channel=email promise=10/5/7 reason=holdout
			30 10:00 ben exited quiz reason=stop`,
			"holdout 0 of 1, delivered –, promised 0.19\ncontrol 0 of 1, delivered –, promised 0.10\n"},
		{"a channel that reports no delivery", `
			1 10:00 ada sent quiz message=retry channel=inapp promise=0/0/7
			1 10:00 ben sent welcome message=welcome channel=email promise=0/0/0
			1 10:00 ben email.delivered send=ben/welcome/welcome`,
			"treated 0 of 1, delivered –, open 1, promised 1.00\n"},
		{"guardrails count people, within the goal's time, by whichever message", `
			1 10:00 ada sent quiz message=retry channel=email promise=10/0/7
			1 10:00 joe withheld quiz message=retry channel=email promise=10/0/7 reason=holdout
			2 10:00 ada skipped other message=hint reason=ignored
			3 10:00 ada skipped other message=hint reason=ignored run=more
			1 09:00 ada email.bounced
			2 10:00 ada email.unsubscribed topic=offers
			2 11:00 ada email.unsubscribed
			2 11:00 joe email.spam_reported
			9 11:00 joe email.unsubscribed`,
			"treated 0 of 1, delivered –, open 1, promised 1.80, guardrails 1 0 0 1\nholdout 0 of 1, delivered –, open 1, promised 0.20, guardrails 0 1 0 0\n"},
		{"every arm is compared from the split on, the one that sends nothing too; who is held out is not", `
			1 10:00 ada assigned quiz arm=tone=warm arms=warm:75,none:25 promise=10/0/7
			1 12:00 ada sent     quiz message=retry channel=email promise=10/0/7
			1 10:00 ben assigned quiz arm=tone=none arms=warm:75,none:25 promise=10/0/7
			2 10:00 ben converted quiz
			1 10:00 joe assigned quiz arm=tone=warm arms=warm:75,none:25 promise=10/0/7 reason=holdout
			1 12:00 joe withheld quiz message=retry channel=email promise=10/0/7 reason=holdout
			1 10:00 kim assigned quiz run=k1 arm=tone=none arms=warm:75,none:25 promise=10/0/7
			9 10:00 kim assigned quiz run=k2 arm=tone=warm arms=warm:95,none:5 promise=10/0/7
			30 10:00 ben exited quiz reason=stop`,
			"treated 0 of 1, delivered –, promised 1.80\nholdout 0 of 1, delivered –, promised 0.20\n" +
				"tone=none 1 of 1, delivered –, promised 0.50\ntone=warm 0 of 1, delivered –, promised 1.50\ntone: against none, in several 1\n"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := read(t, c.past)
			r := p.count(Options{})
			got := ""
			for i := range r.Rules {
				if e := r.Rules[i].Experiment; e != nil {
					got += describe(e)
				}
			}
			if got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
			said := p
			said.decisions = append(said.decisions, p.decisions...)
			said.events = append(said.events, p.events...)
			twice := said.count(Options{})
			again := ""
			for i := range twice.Rules {
				if e := twice.Rules[i].Experiment; e != nil {
					again += describe(e)
				}
			}
			if again != got {
				t.Errorf("told twice:\n%sonce:\n%s", again, got)
			}
		})
	}
}

func TestMessagesAndChannelsOfARule(t *testing.T) {
	r := read(t, `
		1 10:00 ada sent      quiz message=retry channel=inapp promise=50/0/7
		2 10:00 ada sent      quiz message=plan  channel=email promise=50/0/7
		3 10:00 ada converted quiz
		1 10:00 ben sent      quiz message=retry channel=inapp promise=50/0/7
		1 10:00 joe withheld  quiz message=retry channel=inapp promise=50/0/7 reason=holdout
		2 10:00 joe withheld  quiz message=plan  channel=email promise=50/0/7 reason=holdout`).count(Options{})
	e := r.Rules[0].Experiment
	if got, want := parts(e.Messages), "plan 1/1:0/1 follows\nretry 1/2:0/1\n"; got != want {
		t.Errorf("messages\n%swant\n%s", got, want)
	}
	if got, want := parts(e.Channels), "email 1/1:0/1 follows\ninapp 1/2:0/1\n"; got != want {
		t.Errorf("channels\n%swant\n%s", got, want)
	}
	if got := e.Messages[0].Judgement.Verdict; got != experiment.Observed {
		t.Errorf("a message that follows another is judged: %s", got)
	}
}

// A campaign is many learners of a rule: sent to and held out as given, of whom so many reach the goal, a learner every ten minutes.
type campaign struct {
	rule             string
	sent, reached    int
	held, heldGoal   int
	promised         float64
	start            time.Time
	withinDays       int64
	withoutExposures bool // records of an older version
}

func (p campaign) play(c *Counter) {
	total := p.sent + p.held
	for i := range total {
		held := i*p.held/total != (i+1)*p.held/total
		d := engine.Decision{
			ID:      fmt.Sprint(p.rule, i),
			At:      p.start.Add(time.Duration(i) * 10 * time.Minute),
			Learner: fmt.Sprint("u", i),
			Rule:    p.rule,
			Run:     fmt.Sprint(p.rule, "run", i),
			Message: "m",
			Kind:    engine.KindSent,
			Send:    fmt.Sprint(p.rule, "send", i),
			Channel: engine.ChannelEmail,
			Exposure: &engine.Exposure{
				Group:   engine.GroupTreated,
				Holdout: p.promised,
				Within:  p.withinDays * 24 * 3600,
			},
		}
		if held {
			d.Kind = engine.KindWithheld
			d.Reason = engine.ReasonHoldout
			d.Send = ""
			d.Exposure.Group = engine.GroupHoldout
		}
		if p.withoutExposures {
			d.Channel = ""
			d.Exposure = nil
		}
		c.Decision(&d)
		goal := &p.reached
		if held {
			goal = &p.heldGoal
		}
		if *goal > 0 {
			*goal--
			d.ID += "goal"
			d.Kind = engine.KindConverted
			d.Exposure = nil
			c.Decision(&d)
		}
	}
}

func TestVerdictsOfARule(t *testing.T) {
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	cases := []struct {
		name string
		c    campaign
		o    Options
		want string
	}{
		{"it helps", campaign{sent: 4000, reached: 1400, held: 1000, heldGoal: 250, promised: 20, withinDays: 7}, Options{},
			"helps: +5.3 to +14.7 points, about 400 more people"},
		{"the same at one planned look", campaign{sent: 4000, reached: 1400, held: 1000, heldGoal: 250, promised: 20, withinDays: 7}, Options{Method: experiment.Fixed},
			"helps: +6.9 to +13.0 points, about 400 more people"},
		{"it hurts", campaign{sent: 4000, reached: 1000, held: 1000, heldGoal: 350, promised: 20, withinDays: 7}, Options{},
			"hurts: −15.0 to −5.0 points, about 400 fewer people"},
		{"not proven", campaign{sent: 1800, reached: 684, held: 200, heldGoal: 66, promised: 10, withinDays: 7}, Options{},
			"not proven: −6.0 to +16.0; about 8 more weeks at this pace"},
		{"no difference", campaign{sent: 1800, reached: 600, held: 300, heldGoal: 100, withinDays: 7, promised: 100. / 7}, Options{},
			"not proven: −9.2 to +9.2; no difference to be seen at this pace"},
		{"too few days", campaign{sent: 400, reached: 300, held: 300, heldGoal: 100, promised: 300. / 7, withinDays: 7}, Options{},
			"too early: no verdict before 7 days and 100 people in each group; 4 days so far"},
		{"too few people", campaign{sent: 3000, reached: 1000, held: 99, heldGoal: 20, promised: 3, withinDays: 7}, Options{},
			"too early: no verdict before 7 days and 100 people in each group; 3,000 and 99 people so far"},
		{"groups of the wrong sizes", campaign{sent: 4000, reached: 1400, held: 1000, heldGoal: 250, promised: 10, withinDays: 7}, Options{},
			"no verdict: 4,000 and 1,000 people where the holdout promised 4,500 and 500 (p < 0.001)"},
		{"nobody is held out yet", campaign{sent: 30, reached: 20, promised: 10, withinDays: 7}, Options{},
			"too early: no verdict before 7 days and 100 people in each group; 0 days, 30 and 0 people so far"},
		{"nobody is held out of whom many should be", campaign{sent: 3000, reached: 2000, promised: 10, withinDays: 7}, Options{},
			"no verdict: 3,000 and 0 people where the holdout promised 2,700 and 300 (p < 0.001)"},
		{"nobody held out", campaign{sent: 4000, reached: 1400, withinDays: 7}, Options{}, "no holdout: nothing to compare with"},
		{"a holdout without a goal", campaign{sent: 4000, held: 1000, promised: 20}, Options{}, "no goal: nothing to compare by"},
		{"older records, which promised nothing", campaign{sent: 4000, reached: 1400, held: 1000, heldGoal: 250, withoutExposures: true}, Options{},
			"helps: +5.3 to +14.7 points, about 400 more people"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			counter := NewCounter(c.o)
			c.c.rule = "quiz"
			c.c.start = start
			c.c.play(counter)
			r := counter.Report()
			if got := r.Rules[0].Experiment.Verdict(); got != c.want {
				t.Errorf("got  %s\nwant %s\n%+v", got, c.want, r.Rules[0].Experiment.Judgement)
			}
		})
	}
}

// Of ten rules the one whose p-value alone would be just below 5 % is no discovery; the one with strong proof is.
func TestDiscoveriesAmongRules(t *testing.T) {
	counter := NewCounter(Options{})
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for i := range 10 {
		c := campaign{rule: fmt.Sprint("rule", i), sent: 1000, reached: 300, held: 1000, heldGoal: 300, promised: 50, withinDays: 7, start: start}
		switch i {
		case 3:
			c.reached = 374
		case 7:
			c.reached = 450
		}
		c.play(counter)
	}
	r := counter.Report()
	for i := range r.Rules {
		e := r.Rules[i].Experiment
		if got, want := e.Discovery, i == 7; got != want {
			t.Errorf("%s: discovery %t (p = %.4f, %s)", r.Rules[i].Rule, got, e.Judgement.P, e.Verdict())
		}
	}
	if e := r.Rules[3].Experiment; e.Judgement.Verdict != experiment.Helps || e.Judgement.P > 0.05 {
		t.Errorf("alone, rule3 helps: %+v", e.Judgement)
	}
}

// The arms of a split are compared with the arm that sends nothing, and their sizes with the weights.
func TestArmsAreJudged(t *testing.T) {
	counter := NewCounter(Options{})
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	add := func(arm string, people, reached int, shares ...engine.ArmShare) {
		for i := range people {
			d := engine.Decision{
				ID:       fmt.Sprint(arm, i),
				At:       start.Add(time.Duration(i) * 10 * time.Minute),
				Learner:  fmt.Sprint(arm, i),
				Rule:     "quiz",
				Run:      fmt.Sprint(arm, "run", i),
				Kind:     engine.KindAssigned,
				Arm:      "tone=" + arm,
				Exposure: &engine.Exposure{Group: engine.GroupTreated, Within: 7 * 24 * 3600, Arms: shares},
			}
			counter.Decision(&d)
			if i < reached {
				d.ID += "goal"
				d.Kind = engine.KindConverted
				d.Exposure = nil
				counter.Decision(&d)
			}
		}
	}
	shares := []engine.ArmShare{{Name: "a", Percent: 40, Sends: true}, {Name: "b", Percent: 40, Sends: true}, {Name: "none", Percent: 20}}
	add("a", 2000, 800, shares...)
	add("b", 2000, 520, shares...)
	add("none", 1000, 250, shares...)
	s := counter.Report().Rules[0].Experiment.Splits[0]
	if s.Reference != "none" || math.Abs(s.SampleRatioP-1) > 1e-9 || s.Days < 13 {
		t.Errorf("against %s, p %.3f, %.1f days", s.Reference, s.SampleRatioP, s.Days)
	}
	for i, want := range []experiment.Verdict{experiment.Helps, experiment.NotProven, ""} {
		got := experiment.Verdict("")
		if s.Arms[i].Judgement != nil {
			got = s.Arms[i].Judgement.Verdict
		}
		if got != want {
			t.Errorf("%s: %q, want %q", s.Arms[i].Name, got, want)
		}
	}
}
