package ruletest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/internal/spelling"
	"homeroom/profile"
	"homeroom/rules"
)

// Folder is what tests are checked against and run with.
type Folder struct {
	Ruleset *engine.Ruleset
	Catalog Catalog
	// Render renders a send for a learner as it would go out and returns its subject, preheader and plain text. An error is what production
	// calls template_error. Nil: messages are not rendered.
	Render func(engine.Send, engine.Profile) (text string, err error)
}

// Catalog decodes a test's events as it decodes published ones; *catalog.Catalog is one.
type Catalog interface {
	Decode(learner, event string, body []byte, received time.Time) (catalog.Decoded, *catalog.DecodeError)
	Event(name string) (*catalog.Event, bool)
}

// Case is a test that is ready to run.
type Case struct {
	Test    *Test
	ruleset *engine.Ruleset
	render  func(engine.Send, engine.Profile) (string, error)
	profile profile.Profile
	events  []catalog.Decoded // of Test.Events
}

// defaultLearner is who a test is about when it does not say.
const defaultLearner = "learner"

// Prepare checks a test against a folder: its rules, messages and events must exist there, and each event must be one
// that the catalog accepts. All mistakes at once; with any, the case is nil.
func (t *Test) Prepare(f Folder) (*Case, rules.Problems) {
	r := newReader(t.source, t.Name)
	c := &Case{Test: t, ruleset: t.selectRules(r, f.Ruleset), render: f.Render}
	if t.HeldOut && !holdsOut(c.ruleset) {
		r.Fail(t.places["held_out"], "add holdout: 10% to a rule, or take held_out out",
			"none of the rules has a holdout and the settings have no control group, so nobody can be held out")
	}
	c.profile = t.startingProfile(r)
	names := namesOf(f.Ruleset)
	for i := range t.Events {
		if of := t.Events[i].Of; of != "" && !slices.Contains(names.messages, of) {
			r.Fail(t.Events[i].ofAt, spelling.Suggest(of, names.messages), "no rule sends %s", of)
		}
		c.events = append(c.events, t.decodeEvent(r, f.Catalog, i))
	}
	for i := range t.Expect {
		t.Expect[i].checkNames(r, names)
	}
	if len(r.problems()) > 0 {
		r.nameTest(0)
		return nil, r.problems().Sort()
	}
	return c, nil
}

// holdsOut reports whether learners can be held out of anything.
func holdsOut(rs *engine.Ruleset) bool {
	return rs.Settings.Control > 0 || slices.ContainsFunc(rs.Rules, func(r *engine.Rule) bool { return r.Holdout > 0 })
}

// selectRules returns the ruleset with the test's rules only.
func (t *Test) selectRules(r *reader, all *engine.Ruleset) *engine.Ruleset {
	if len(t.Rules) == 0 {
		return all
	}
	chosen := *all
	chosen.Rules = nil
	names := namesOf(all)
	for i, name := range t.Rules {
		if all.Rule(name) == nil {
			r.Fail(t.places[fmt.Sprintf("rules[%d]", i)], spelling.Suggest(name, names.rules), "there is no rule %s", name)
		}
	}
	for _, rule := range all.Rules {
		if slices.Contains(t.Rules, rule.Name) {
			chosen.Rules = append(chosen.Rules, rule)
		}
	}
	return &chosen
}

// startingProfile is what is known of the learner before the first event.
func (t *Test) startingProfile(r *reader) profile.Profile {
	if t.Learner == nil {
		return profile.Profile{}
	}
	p, _, notes := profile.Profile{}.Merge(t.Learner.Traits, time.Time{})
	for _, note := range notes {
		r.Fail(t.places["learner"], "", "%s", note)
	}
	if t.Learner.Timezone != "" {
		p.Timezone = t.Learner.Timezone
	}
	if t.Learner.Locale != "" {
		p.Locale = t.Learner.Locale
	}
	return p
}

// learnerID returns the learner's id.
func (t *Test) learnerID() string {
	if t.Learner != nil && t.Learner.ID != "" {
		return t.Learner.ID
	}
	return defaultLearner
}

// decodeEvent puts an event through the catalog, as if it had been published.
func (t *Test) decodeEvent(r *reader, c Catalog, i int) catalog.Decoded {
	ev := &t.Events[i]
	body := struct {
		ID         string         `json:"id"`
		Event      string         `json:"event"`
		Learner    string         `json:"learner_id,omitempty"`
		Time       time.Time      `json:"time"`
		Properties map[string]any `json:"properties,omitempty"`
		Traits     map[string]any `json:"traits,omitempty"`
	}{ev.ID, ev.Name, t.learnerID(), ev.Time, ev.Properties, ev.Traits}
	if kind, known := c.Event(ev.Name); known && kind.Admin {
		body.Learner = "" // it concerns the learner of the test if it concerns anybody
	}
	if body.ID == "" {
		body.ID = fmt.Sprintf("event-%d", i+1)
	}
	if body.Time.IsZero() {
		body.Time = ev.At
	}
	if ev.Of != "" {
		body.Properties = maps.Clone(body.Properties)
		if body.Properties == nil {
			body.Properties = map[string]any{}
		}
		body.Properties[engine.KeySend] = notSent
	}
	raw, err := json.Marshal(body)
	if err != nil {
		r.Fail(ev.at, "", "this event cannot be written as JSON: %s", err)
		return catalog.Decoded{}
	}
	d, refused := c.Decode("", "", raw, ev.At)
	if refused != nil {
		r.Fail(ev.at, refused.Hint, "%s", refused.Message)
	}
	return d
}

// notSent stands for the id of a message that has not been sent.
const notSent = "not sent"

// names are what expectations may speak of.
type names struct{ rules, messages, traits []string }

func namesOf(rs *engine.Ruleset) names {
	var n names
	for _, rule := range rs.Rules {
		n.rules = append(n.rules, rule.Name)
		for _, in := range rule.Program {
			if in.Send != nil && !slices.Contains(n.messages, in.Send.Message) {
				n.messages = append(n.messages, in.Send.Message)
			}
			for _, trait := range in.Traits {
				n.traits = append(n.traits, trait.Name)
			}
		}
	}
	slices.Sort(n.messages)
	slices.Sort(n.traits)
	return n
}

// checkNames adds a problem for a name that does not exist: a test that expects it to be skipped would pass by accident, or
// never.
func (x *Expectation) checkNames(r *reader, n names) {
	if x.Rule != "" && !slices.Contains(n.rules, x.Rule) {
		r.Fail(x.at, spelling.Suggest(x.Rule, n.rules), "there is no rule %s", x.Rule)
	}
	known := n.messages
	what := "no rule sends"
	switch x.Kind {
	case engine.KindExited, engine.KindStarted, engine.KindConverted, engine.KindSuppressed:
		known = n.rules
		what = "there is no rule"
	case engine.KindSkipped, engine.KindDeferred:
		known = slices.Concat(n.messages, n.rules)
		what = "there is no message or rule"
	case engine.KindSet:
		known = n.traits
		what = "no rule sets the trait"
	default: // sent and its like name messages
	}
	if !slices.Contains(known, x.What) {
		r.Fail(x.whatAt, spelling.Suggest(x.What, known), "%s %s", what, x.What)
	}
}
