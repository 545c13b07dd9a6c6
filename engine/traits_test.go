package engine_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"homeroom/engine"
)

// traitHost plays rules that set traits as a host does: what they set comes back as an event at the same instant, unless it is lost on the way.
type traitHost struct {
	t       *testing.T
	env     engine.Env
	state   engine.State
	lost    bool     // events of traits do not come back
	story   []string // what was decided, without what began
	sends   []engine.Send
	decided []engine.Decision
	n       int
}

func newTraitHost(t *testing.T, rules ...*engine.Rule) *traitHost {
	h := &traitHost{t: t, state: engine.State{Learner: "u"}}
	h.env = engine.Env{
		Current:  &engine.Ruleset{Hash: "h", Settings: engine.Settings{Patience: day}, Rules: rules},
		Standing: &engine.Standing{},
		Grace:    time.Minute,
		Profile:  engine.Profile{Reach: engine.ReachedBy(engine.ChannelEmail)},
	}
	h.env.Revision = func(string) *engine.Ruleset { return h.env.Current }
	return h
}

// say has the platform say a trait.
func (h *traitHost) say(trait string, value any, at time.Time) {
	p := &h.env.Profile
	if p.Traits == nil {
		p.Traits = map[string]any{}
		p.TraitsAt = map[string]time.Time{}
	}
	p.Traits[trait] = value
	if value == nil {
		delete(p.Traits, trait)
	}
	p.TraitsAt[trait] = at
}

// play hands an event over and runs the clock on to until.
func (h *traitHost) play(event string, at, until time.Time) {
	h.n++
	wake := h.step([]engine.Input{{Event: &engine.Event{ID: fmt.Sprint(event, h.n), Name: event, Learner: "u", Time: at}}}, at)
	for !wake.IsZero() && !wake.After(until) {
		wake = h.step(nil, wake)
	}
}

// step steps until nothing comes back. The state is read back between steps, as a workflow does.
func (h *traitHost) step(inputs []engine.Input, now time.Time) time.Time {
	h.t.Helper()
	for range 1000 {
		before := fmt.Sprint(h.env.Profile.Traits)
		res := engine.Step(h.env, h.state, inputs, now)
		if after := fmt.Sprint(h.env.Profile.Traits); after != before {
			h.t.Fatalf("the host's traits were changed: %s, then %s", before, after)
		}
		raw, err := json.Marshal(res.State)
		h.state = engine.State{}
		if err == nil {
			err = json.Unmarshal(raw, &h.state)
		}
		if err != nil {
			h.t.Fatal(err)
		}
		inputs = nil
		for _, e := range res.Effects {
			h.sends = append(h.sends, e.Send)
			inputs = append(inputs, engine.Input{Outcome: &engine.Outcome{SendID: e.Send.ID, Status: engine.OutcomeAccepted}})
		}
		for i := range res.Decisions {
			d := &res.Decisions[i]
			h.decided = append(h.decided, *d)
			if d.Kind != engine.KindStarted {
				h.story = append(h.story, strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s", d.Kind, d.Message, d.Reason, strings.Split(d.Detail, ";")[0])), " "))
			}
			ev, set := d.TraitEvent()
			if !set || h.lost {
				continue
			}
			h.say(d.Set.Trait, d.Set.Value, ev.Time)
			inputs = append(inputs, engine.Input{Event: &ev})
		}
		if len(inputs) == 0 {
			return res.WakeAt
		}
	}
	h.t.Fatalf("it runs for ever:\n%s", strings.Join(h.story[:20], "\n"))
	return time.Time{}
}

func (h *traitHost) want(story ...string) {
	h.t.Helper()
	if !slices.Equal(h.story, story) {
		h.t.Errorf("\ngot  %s\nwant %s", strings.Join(h.story, ", "), strings.Join(story, ", "))
	}
	h.story = nil
}

func set(id, trait string, value any) engine.Instr {
	return engine.Instr{Op: engine.OpSet, ID: id, Traits: []engine.TraitValue{{Name: trait, Value: value}}}
}

func onEvent(name, event string, program ...engine.Instr) *engine.Rule {
	return &engine.Rule{
		Name:    name,
		When:    engine.Trigger{Match: engine.Match{Event: event}},
		Again:   engine.Again{Always: true},
		Program: program,
	}
}

// onValue begins when a trait is set to a value.
func onValue(name, trait string, value any, program ...engine.Instr) *engine.Rule {
	rule := onEvent(name, engine.EventTraitSet, program...)
	rule.When.Match.If = cond{"event.value == …", func(v *engine.Vars) (any, error) {
		return v.Event.Properties[engine.KeyTrait] == trait && v.Event.Properties[engine.KeyValue] == value, nil
	}}
	return rule
}

func traitIs(trait string, value any) engine.Expr {
	return cond{"learner.traits.…", func(v *engine.Vars) (any, error) { return v.Learner.Traits[trait] == value, nil }}
}

// TestSetTraits: a trait that is set counts at once, in conditions and messages, also for who is held out; one that has the value already is no event.
func TestSetTraits(t *testing.T) {
	program := []engine.Instr{
		set("1", "stage", "trial"),
		{Op: engine.OpBranch, ID: "2", Expr: traitIs("stage", "trial"), Else: 4},
		send("3", "hello"),
		{Op: engine.OpSet, ID: "4", Traits: []engine.TraitValue{{Name: "stage", Value: "trial"}, {Name: "seats", Value: 3.0}, {Name: "old", Value: nil}}},
	}
	for _, heldOut := range []bool{false, true} {
		rule := onEvent("a", "trial.started", program...)
		message := "sent hello"
		if heldOut {
			rule.Holdout = 100
			message = "withheld hello holdout"
		}
		h := newTraitHost(t, rule)
		h.say("old", true, start.Add(-time.Hour))
		h.lost = true // what was set counts although its event does not come back
		h.play("trial.started", start, start.Add(time.Hour))
		want := []string{"set stage = trial", message, "skipped already_set stage = trial", "set seats = 3", "set old was removed"}
		if !heldOut {
			want = []string{"set stage = trial", "skipped already_set stage = trial", "set seats = 3", "set old was removed", message}
			if got := fmt.Sprint(h.sends[0].SetTraits); got != "map[stage:trial]" {
				t.Errorf("the message sees %s", got)
			}
		}
		h.want(want...)
		h.play("trial.started", start.Add(time.Hour), start.Add(2*time.Hour))
		if n := strings.Count(strings.Join(h.story, ", "), "already_set"); n != 4 {
			t.Errorf("the second time: %v", h.story)
		}
	}
}

// TestANewerTraitCounts: what the platform says after a rule set a trait counts, and a rule may set it again.
func TestANewerTraitCounts(t *testing.T) {
	h := newTraitHost(t, onEvent("a", "trial.started", set("1", "stage", "trial")), onEvent("b", "user.signed_up",
		engine.Instr{Op: engine.OpBranch, ID: "1", Expr: traitIs("stage", "trial"), Else: 2}, send("2", "hello")))
	h.lost = true
	h.play("trial.started", start, start)
	h.say("stage", "lead", start.Add(-time.Minute)) // said before, heard later
	h.play("user.signed_up", start.Add(time.Minute), start.Add(time.Minute))
	h.want("set stage = trial", "sent hello")
	if got := fmt.Sprint(h.sends[0].SetTraits); got != "map[stage:trial]" {
		t.Errorf("the message sees %s", got)
	}
	h.say("stage", "paying", start.Add(2*time.Minute))
	h.play("user.signed_up", start.Add(3*time.Minute), start.Add(3*time.Minute))
	h.want()
	h.play("trial.started", start.Add(4*time.Minute), start.Add(4*time.Minute))
	h.want("set stage = trial")
	h.say("stage", "paying", start.Add(-time.Hour))
	h.play("user.signed_up", start.Add(29*time.Hour), start.Add(29*time.Hour))
	h.want() // after a day the profile has the last word
	if len(h.state.ChangedTraits) != 0 {
		t.Errorf("what is long over is remembered: %+v", h.state.ChangedTraits)
	}
}

// TestRulesThatSetEachOtherOffEnd, also if they wait between, if they start by what they set themselves, and if something outside makes them go on.
func TestRulesThatSetEachOtherOffEnd(t *testing.T) {
	wait := engine.Instr{Op: engine.OpWait, ID: "w", Dur: day}
	for name, rules := range map[string][]*engine.Rule{
		"two": {
			onEvent("a", "trial.started", set("1", "x", "ping")),
			onValue("b", "x", "ping", set("1", "x", "pong")),
			onValue("c", "x", "pong", set("1", "x", "ping")),
		},
		"two that wait": {
			onEvent("a", "trial.started", set("1", "x", "ping")),
			onValue("b", "x", "ping", wait, set("1", "x", "pong")),
			onValue("c", "x", "pong", wait, set("1", "x", "ping")),
		},
		"one by itself": {
			onEvent("a", "trial.started", set("1", "x", "ping")),
			onEvent("b", engine.EventTraitSet, set("1", "x", nil), set("2", "x", "ping")),
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newTraitHost(t, rules...)
			h.play("trial.started", start, start.Add(365*day))
			told := strings.Join(h.story, ", ")
			chain := 0
			for _, d := range h.decided {
				if d.Set != nil {
					chain = max(chain, d.Set.Chain)
				}
			}
			if chain != 5 || !strings.Contains(told, "skipped set_in_circle") {
				t.Errorf("a chain of %d: %s", chain, told)
			}
		})
	}
	t.Run("around the end of a day", func(t *testing.T) {
		h := newTraitHost(t, onEvent("a", "trial.started", set("1", "x", "ping"), set("2", "x", "pong")))
		h.play("trial.started", start, start) // the day begins
		hour := start.Add(day - 30*time.Minute)
		for i := range 60 {
			at := hour.Add(time.Duration(i) * time.Minute)
			h.play("trial.started", at, at)
		}
		changes := 0
		for _, d := range h.decided {
			if d.Set != nil && !d.At.Before(hour) {
				changes++
			}
		}
		if changes != 18+20 {
			t.Errorf("%d changes within an hour, want 18 of the first day and 20 of the second", changes)
		}
	})
	t.Run("through something outside", func(t *testing.T) {
		h := newTraitHost(t, onEvent("a", "trial.started", set("1", "x", "ping"), set("2", "x", "pong")))
		for i := range 15 {
			at := start.Add(time.Duration(i) * time.Minute)
			h.play("trial.started", at, at)
		}
		changes := 0
		for _, d := range h.decided {
			if d.Set != nil {
				changes++
			}
		}
		if told := strings.Join(h.story, ", "); changes != 20 || strings.Count(told, "skipped set_too_often") != 5 {
			t.Errorf("%d changes: %s", changes, told)
		}
		h.story = nil
		h.play("trial.started", start.Add(25*time.Hour), start.Add(25*time.Hour))
		h.want("set x = ping", "set x = pong")
	})
}

// TestTheSameTraitEvent: a decision that is made twice, as after a crash, is the same event, and two traits of one step are two events.
func TestTheSameTraitEvent(t *testing.T) {
	ids := func() (ids []string) {
		step := set("1", "stage", "trial")
		step.Traits = append(step.Traits, engine.TraitValue{Name: "gone"}, engine.TraitValue{Name: "seats", Value: 3.0})
		h := newTraitHost(t, onEvent("a", "trial.started", step))
		h.play("trial.started", start, start)
		for i := range h.decided {
			raw, err := json.Marshal(h.decided[i])
			var stored engine.Decision
			if err == nil {
				err = json.Unmarshal(raw, &stored) // as the workflow keeps it
			}
			if err != nil {
				t.Fatal(err)
			}
			if ev, ok := stored.TraitEvent(); ok {
				ids = append(ids, fmt.Sprint(ev.ID, " ", ev.Time.Equal(start), " ", ev.Learner, " ", ev.Properties))
			}
		}
		return ids
	}
	first := ids()
	if again := ids(); !slices.Equal(first, again) {
		t.Errorf("%v, then %v", first, again)
	}
	if len(first) != 2 || first[0] == first[1] || !strings.HasSuffix(first[0], "true u map[chain:1 rule:a trait:stage value:trial]") || !strings.HasSuffix(first[1], "map[chain:1 rule:a trait:seats value:3]") {
		t.Errorf("events %v", first)
	}
	d := engine.Decision{Kind: engine.KindSet, ID: "d", Rule: "a", Set: &engine.TraitChange{Trait: "gone", Chain: 2}}
	if ev, ok := d.TraitEvent(); !ok || len(ev.Properties) != 3 || !ev.SetByRule() {
		t.Errorf("a trait that is removed: %+v", ev)
	}
	said := engine.Event{Name: engine.EventTraitSet, Properties: map[string]any{engine.KeyTrait: "x"}}
	if said.SetByRule() {
		t.Error("what the platform says is taken for a rule's")
	}
}
