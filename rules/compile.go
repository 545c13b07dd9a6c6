package rules

import (
	"slices"
	"strings"

	"homeroom/catalog"
	"homeroom/content"
	"homeroom/engine"
	"homeroom/internal/spelling"
	"homeroom/internal/yamlfile"
)

// compiler gives rules their meaning. It lives as long as the compilation of one folder.
type compiler struct {
	cat      *catalog.Catalog
	lang     *language
	settings *settingsSpec
	messages map[string]bool  // names of the message files, readable or not
	library  *content.Library // without the messages that are broken
	// awaitedNames are the names that any wait_for gives its event.
	awaitedNames map[string]bool
	stored       bool // it is a stored revision: messages were tried when it was published, perhaps by an older version
	// rulesUnread reports that a rule is wrong, so that it is not known what it sends.
	rulesUnread bool
	// eventsUnread reports that the folder's own events are not known, because catalog.yaml is wrong.
	eventsUnread bool
	linkable     map[string]bool // entity keys by which standing may know an event's course
	keep         keepSet
	sent         map[string]bool // messages that a rule sends
	tried        map[string]bool // messages that were rendered for a trigger
	sources      map[string]*yamlfile.Source
	places       map[string]map[string]yamlfile.Position // where steps begin in their files, by rule and name of the step
	// traitTriggers are, of rules that begin when a trait is set, the values without which their condition is not true; see allowedValues.
	traitTriggers map[string]map[string][]string
	out           *Problems
}

// origin is what starts the runs of a rule.
type origin struct {
	name   string         // as in exprView.trigger
	event  *catalog.Event // nil: inactivity
	course bool           // the run may have a course
	keys   []string       // entity keys of the trigger, course_id included if standing may know it
	// certain are the paths that have a value in every run, because the trigger's condition or per asks for them.
	certain certainPaths
	// nobody: the event has no learner, and only staff hear of it.
	nobody bool
	staff  bool // at a send: staff get it
	mailed bool // at a send: it goes by mail
	// awaited are, at a send, the events that wait_for steps have given names.
	awaited map[string]awaitedAt
}

// compileRule compiles a rule that was read. ok is false if it has problems.
func (c *compiler) compileRule(d *decoder, spec *ruleSpec) (compileRule *engine.Rule, ok bool) {
	before := len(*c.out)
	r := &engine.Rule{
		Name:     d.Rule,
		About:    spec.about,
		Again:    spec.again,
		Priority: spec.priority,
		Holdout:  spec.holdout,
		Paused:   spec.paused,
	}
	c.checkName(d, spec)
	if c.eventsUnread {
		c.checkNames(d, spec)
		return r, false
	}
	from, known := c.compileWhen(d, spec, r)
	if known {
		c.compilePer(d, spec, from, r)
		for _, u := range spec.until {
			if m, fine := c.compileMatch(d, u, spec, from); fine {
				r.Until = append(r.Until, *m)
			}
		}
		if spec.goal != nil {
			if m, fine := c.compileMatch(d, spec.goal, spec, from); fine {
				r.Goal = &engine.Goal{Match: *m, Within: spec.goal.within}
			}
		}
		r.Program = c.buildProgram(d, spec, from)
		c.checkRule(d, spec, r)
	} else {
		c.checkNames(d, spec)
	}
	return r, len(*c.out)-c.out.Warnings() == before-(*c.out)[:before].Warnings()
}

// checkNames looks up the events and messages of a rule whose trigger is not known, so that all that is wrong is said at
// once.
func (c *compiler) checkNames(d *decoder, spec *ruleSpec) {
	lookUp := func(event *yamlfile.Node) {
		if !c.eventsUnread {
			c.findEvent(d, event)
		}
	}
	for _, u := range spec.until {
		lookUp(u.event)
	}
	if spec.goal != nil {
		lookUp(spec.goal.event)
	}
	var steps func([]*stepSpec)
	steps = func(list []*stepSpec) {
		for _, s := range list {
			switch s.verb {
			case "wait_for":
				lookUp(s.match.event)
			case "collect":
				for _, event := range s.collect.events {
					lookUp(event)
				}
			case "send":
				c.checkMessage(d, s.message)
			}
			steps(s.then)
			steps(s.otherwise)
			for _, arm := range s.arms {
				steps(arm.do)
			}
		}
	}
	steps(spec.do)
}

func (c *compiler) checkName(d *decoder, spec *ruleSpec) {
	switch {
	case !nameForm.MatchString(d.Rule) || len(d.Rule) > 64:
		d.Fail(yamlfile.Position{}, "rename the file; use small letters, digits and -, at most 64", "%q is not a rule's name", d.Rule)
	case spec.name != nil && spec.name.Text != d.Rule:
		d.FailReplace(spec.name.At, d.Rule, "write "+d.Rule+", or rename the file", "the rule is called %q, but its file %q", spec.name.Text, d.Rule)
	}
}

// compileWhen compiles the trigger. ok is false if it is not known what starts the rule.
func (c *compiler) compileWhen(d *decoder, spec *ruleSpec, r *engine.Rule) (from origin, ok bool) {
	w := spec.when
	if w == nil {
		return from, false
	}
	looks := exprView{}
	if w.date != nil {
		if from, ok = c.compileDate(d, spec, r); !ok {
			return from, false
		}
		looks = exprView{trigger: from.name, course: from.course}
	} else if w.event == nil && w.broadcast == nil {
		r.When.Inactive = w.inactive
		r.When.Platform = w.in == "platform"
		if w.atRisk > 0 {
			r.When.Inactive = w.minSilence()
			r.When.AtRisk = w.atRisk
			r.When.OrSilent = w.orSilent
		}
		from = origin{name: inactivityCourse, course: true, keys: []string{engine.KeyCourse}}
		if r.When.Platform {
			from = origin{name: inactivityPlatform}
		}
		if w.scheduled != nil {
			r.When.Schedule = w.scheduled
			r.When.Platform = true
			from = origin{name: inactivityPlatform}
			if said, ok := spec.places["again"]; ok {
				d.Fail(said, "take it out", "again does not go with every: a schedule begins a run each time, unless one is under way")
			}
			r.Again = engine.Again{Always: true}
		}
		if w.overdue > 0 {
			from = overdueOrigin(w.of)
			r.When.Overdue = w.overdue
			r.When.Of = from.keys[1]
		}
		looks = exprView{trigger: from.name, course: from.course}
	} else {
		ev, known := c.findTrigger(d, w)
		if !known {
			return from, false
		}
		r.When.Match.Event = ev.Name
		if ev.Name == engine.EventTraitSet {
			c.keep.add(ev.Name, engine.KeyChain) // by which the engine sees how many rules set each other off
		}
		from = origin{name: ev.Name, event: ev, course: c.hasCourse(ev), keys: c.keysOf(ev)}
		if ev.Admin && w.broadcast == nil && w.audience == nil && spec.writesToStaff() {
			from.nobody = true
			from.course = false
			r.When.Staff = true
			c.checkStaffRule(d, spec, from)
		} else if !c.compileAudience(d, w, from, r) {
			return from, false
		}
		if r.When.Audience != nil {
			c.refuseStaffOfMany(d, spec)
		}
		looks = exprView{event: ev.Name, course: from.course}
	}
	if w.cond != nil {
		cond, fine := c.compileCondition(d, w.cond, looks)
		c.traitTriggers[d.Rule] = cond.allowed
		if fine && from.nobody {
			c.checkStaffReads(d, w.cond, cond)
		}
		r.When.Match.If = cond.expr
		r.When.Match.Gate = cond.gate
		r.When.Match.Counts = cond.counting
		if r.When.Inactive > 0 {
			r.When.BeforeActivity = cond.before
		}
		for path := range cond.ifTrue {
			from.certain = from.certain.withPaths(strings.Replace(path, "event.", "trigger.", 1))
		}
		if !fine {
			return from, true
		}
	}
	for _, n := range spec.per {
		from.certain = from.certain.withPaths("trigger." + n.Text)
	}
	if from.event != nil && w.event != nil {
		c.checkVolume(d, w.event, from.event, &r.When.Match, triggerWords)
	}
	return from, true
}

// findTrigger looks up the event by which a rule starts. It may be one without a learner.
func (c *compiler) findTrigger(d *decoder, w *whenSpec) (*catalog.Event, bool) {
	if w.broadcast != nil {
		return c.cat.Event(engine.EventBroadcast)
	}
	if w.event.Text == engine.EventBroadcast {
		d.Fail(w.event.At, "write broadcast: true", "%s is what a person starts, not what a platform publishes", w.event.Text)
		return nil, false
	}
	return c.lookUpEvent(d, w.event)
}

// lookUpEvent looks an event up, with or without a learner.
func (c *compiler) lookUpEvent(d *decoder, n *yamlfile.Node) (*catalog.Event, bool) {
	ev, ok := c.cat.Event(n.Text)
	if !ok {
		d.FailReplace(n.At, c.cat.Nearest(n.Text), unknownEventFix(c.cat, n.Text), "there is no event %s", n.Text)
	}
	return ev, ok
}

// findEvent looks up an event of a learner.
func (c *compiler) findEvent(d *decoder, n *yamlfile.Node) (*catalog.Event, bool) {
	ev, ok := c.lookUpEvent(d, n)
	switch {
	case !ok:
		return nil, false
	case ev.Admin:
		d.Fail(n.At, "use an event of a learner", "%s has no learner, so it concerns no rule", n.Text)
		return nil, false
	}
	return ev, true
}

// compileCondition compiles a bool and records what it reads of events.
func (c *compiler) compileCondition(d *decoder, n *yamlfile.Node, s exprView) (compiled, bool) {
	return c.compileExpression(d, n, s, wantBool)
}

func (c *compiler) compileExpression(d *decoder, n *yamlfile.Node, s exprView, w want) (compiled, bool) {
	done, ok := c.lang.compileExpr(d, n, s, w)
	if ok {
		c.keep.add(s.event, done.reads["event"]...)
		c.keep.add(s.trigger, done.reads["trigger"]...)
	}
	return done, ok
}

// compilePer compiles the keys that tell one run of a rule from another.
func (c *compiler) compilePer(d *decoder, spec *ruleSpec, from origin, r *engine.Rule) {
	switch {
	case from.name == inactivityCourse:
		for _, n := range spec.per {
			if n.Text != engine.KeyCourse {
				d.Fail(n.At, "take per out; it is course_id here", "a rule about inactivity in a course runs per course_id")
			}
		}
		r.Per = []string{engine.KeyCourse}
		return
	case from.isOverdue():
		for _, n := range spec.per {
			if !slices.Contains(from.keys, n.Text) {
				d.Fail(n.At, "take per out; it is course_id and "+from.keys[1]+" here", "a rule about what is overdue runs per course_id and %s", from.keys[1])
			}
		}
		r.Per = from.keys
		return
	case from.name == inactivityPlatform:
		for _, n := range spec.per {
			if r.When.Date != nil {
				d.Fail(n.At, "take it out, or make the date from one of the course: course.starts_at", "a date that is made from traits has no %s", n.Text)
				continue
			}
			d.Fail(n.At, "take it out, or say in: course", "inactivity on the platform has no %s", n.Text)
		}
		return
	}
	for _, n := range spec.per {
		p, carried := from.event.Property(n.Text)
		switch {
		case carried && (p.Type == catalog.Strings || p.Type == catalog.Any):
			d.Fail(n.At, "use a property with a single value", "%s.%s has no single value", from.name, n.Text)
		case carried || n.Text == engine.KeyCourse && from.course:
			r.Per = append(r.Per, n.Text)
			c.keep.add(from.name, n.Text)
		default:
			d.FailReplace(n.At, spelling.Nearest(n.Text, propertyNames(from.event)), perFix(n.Text, from.event), "%s carries no %s", from.name, n.Text)
		}
	}
}

func perFix(key string, ev *catalog.Event) string {
	if fix := spelling.Suggest(key, propertyNames(ev)); fix != "" {
		return fix
	}
	return "take per out: then a learner has one live run of the rule"
}

// compileMatch compiles an event to look out for.
func (c *compiler) compileMatch(d *decoder, m *matchSpec, spec *ruleSpec, from origin) (*engine.Match, bool) {
	ev, ok := c.findEvent(d, m.event)
	if !ok {
		return nil, false
	}
	out := &engine.Match{Event: ev.Name, Mode: m.mode}
	c.checkReach(d, m, ev, perKeys(spec, from), from)
	if m.cond != nil {
		cond, fine := c.compileCondition(d, m.cond, exprView{event: ev.Name, trigger: from.name, course: from.course})
		out.If = cond.expr
		out.Gate = cond.gate
		ok = fine
	}
	if ok {
		c.checkVolume(d, m.event, ev, out, m.what)
	}
	for _, key := range perKeys(spec, from) {
		if _, carries := ev.Property(key); carries {
			c.keep.add(ev.Name, key)
		}
	}
	return out, ok
}

// perKeys are the keys that a rule runs by.
func perKeys(spec *ruleSpec, from origin) []string {
	if from.name == inactivityCourse {
		return []string{engine.KeyCourse}
	}
	if from.isOverdue() {
		return from.keys
	}
	out := make([]string, len(spec.per))
	for i, n := range spec.per {
		out[i] = n.Text
	}
	return out
}

// keysOf are the entity keys of an event, with course_id if standing may know its course.
func (c *compiler) keysOf(ev *catalog.Event) []string {
	keys := slices.Clone(ev.Keys)
	if c.hasCourse(ev) && !slices.Contains(keys, engine.KeyCourse) {
		keys = append(keys, engine.KeyCourse)
	}
	return keys
}

// hasCourse reports whether an event may be attributed to a course: it names one, or something that other events of the
// learner tie to one.
func (c *compiler) hasCourse(ev *catalog.Event) bool {
	if _, named := ev.Property(engine.KeyCourse); named {
		return true
	}
	return slices.ContainsFunc(ev.Keys, func(key string) bool { return c.linkable[key] })
}

// linkableProperties finds the entity keys that some event carries together with course_id, or together with such a key.
func linkableProperties(cat *catalog.Catalog) map[string]bool {
	found := map[string]bool{engine.KeyCourse: true}
	for grown := true; grown; {
		grown = false
		for _, ev := range cat.Events() {
			if ev.Admin || !slices.ContainsFunc(ev.Keys, func(key string) bool { return found[key] }) {
				continue
			}
			for _, key := range ev.Keys {
				grown = grown || !found[key]
				found[key] = true
			}
		}
	}
	return found
}
