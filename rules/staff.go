package rules

import (
	"fmt"
	"slices"
	"strings"

	"homeroom/engine"
	"homeroom/internal/mailaddress"
	"homeroom/internal/spelling"
	"homeroom/internal/yamlfile"
)

const (
	// staffRoot is how a step names a group of staff: staff.moderators.
	staffRoot = "staff"
	// maxStaff is how many addresses a group may have.
	maxStaff = 50
)

// readStaff reads the people who work at the academy: moderators: [ada@academy.example].
func readStaff(d *decoder, s *settingsSpec, _, v *yamlfile.Node) {
	if v.Kind != yamlfile.Mapping {
		d.Fail(v.At, "write moderators: [ada@academy.example]", "staff must be a block of keys, not %s", v.Kind)
		s.staffUnread = true
		return
	}
	for _, p := range v.Pairs {
		name, ok := d.readName(p.Key, "a group of staff")
		if !ok {
			s.staffUnread = true
			continue
		}
		if _, twice := s.staff[name]; twice {
			d.Fail(p.Key.At, "keep one of them", "the group %s stands twice", name)
			continue
		}
		s.staff[name] = nil
		d.readList(p.Value, "staff."+name, func(item *yamlfile.Node) { s.readStaffAddress(d, name, item) })
		if len(s.staff[name]) > maxStaff {
			d.Fail(p.Key.At, "make a mailing list of them", "staff.%s has more than %d addresses", name, maxStaff)
		}
	}
}

func (s *settingsSpec) readStaffAddress(d *decoder, group string, n *yamlfile.Node) {
	text, ok := d.Text(n, "an address")
	if !ok {
		return
	}
	form, ok := d.readAddress(n, "staff."+group, text)
	switch {
	case !ok:
	case slices.ContainsFunc(s.staff[group], func(have string) bool { return mailaddress.Normalize(have) == mailaddress.Normalize(form) }):
		d.Fail(n.At, "keep it once", "staff.%s names %s twice", group, text)
	default:
		s.staff[group] = append(s.staff[group], form)
	}
}

// readTo reads to whom a message goes instead of the learner: staff.moderators.
func readTo(d *decoder, s *stepSpec, _, v *yamlfile.Node) {
	text, ok := d.Text(v, "to")
	if !ok {
		return
	}
	group, named := strings.CutPrefix(text, staffRoot+".")
	if !named || !nameForm.MatchString(group) {
		d.Fail(v.At, "write to: staff.NAME, a group of staff in settings.yaml", "to cannot be %q", text)
		return
	}
	s.to = v
}

// staffGroup is the group of staff whom a send step writes to; empty: it writes to the learner.
func (s *stepSpec) staffGroup() string {
	if s.to == nil {
		return ""
	}
	return strings.TrimPrefix(s.to.Text, staffRoot+".")
}

// checkTo looks at how the keys of a send to staff go together.
func checkTo(d *decoder, n *yamlfile.Node, s *stepSpec) {
	if s.to == nil {
		return
	}
	for _, key := range []struct{ name, why string }{
		{"topic", "staff choose no topics"},
		{"patience", "a message to staff is never put off, so it has no patience"},
		{"at", "staff have no usual hour"},
	} {
		if n.Get(key.name) != nil {
			d.Fail(keyAt(n, key.name), "take it out", "%s", key.why)
		}
	}
	if channel := n.Get("channel"); channel != nil && (s.channel != engine.ChannelEmail || s.fallback != "") {
		d.Fail(keyAt(n, "channel"), "take it out, or post it to a target of staff without to:", "staff are written to by email only")
	}
}

// checkStaffGroup looks a group of staff up.
func (c *compiler) checkStaffGroup(d *decoder, s *stepSpec) {
	group := s.staffGroup()
	addresses, declared := c.settings.staff[group]
	switch {
	case group == "" || c.settings.staffUnread:
	case !declared:
		near := spelling.Nearest(group, sortedKeys(c.settings.staff))
		fix := "add staff: {" + group + ": [ada@academy.example]} to settings.yaml"
		replacement := ""
		if near != "" {
			fix = "did you mean " + staffRoot + "." + near + "? Or " + fix
			replacement = staffRoot + "." + near
		}
		d.FailReplace(s.to.At, replacement, fix, "there is no group %s of staff", group)
	case len(addresses) == 0:
		d.Fail(s.to.At, "add an address to staff."+group+" in settings.yaml", "nobody is in staff.%s", group)
	}
}

// sendsOf returns the send steps of a rule.
func sendsOf(steps []*stepSpec) (sends []*stepSpec) {
	eachStep(steps, func(s *stepSpec) {
		if s.verb == "send" {
			sends = append(sends, s)
		}
	})
	return sends
}

// eachStep calls a function with each step of a rule, also those inside others.
func eachStep(steps []*stepSpec, each func(*stepSpec)) {
	for _, s := range steps {
		each(s)
		eachStep(s.then, each)
		eachStep(s.otherwise, each)
		for _, arm := range s.arms {
			eachStep(arm.do, each)
		}
	}
}

// writesToStaff reports whether a rule writes to staff at all.
func (r *ruleSpec) writesToStaff() bool {
	return slices.ContainsFunc(sendsOf(r.do), func(s *stepSpec) bool { return s.to != nil })
}

// staffVerbs are what a rule of which only staff hear may do.
var staffVerbs = []string{"send", "if", "wait", "wait_until", "stop"}

// checkStaffRule refuses what needs a learner in a rule about an event that has none and that only staff hear of.
func (c *compiler) checkStaffRule(d *decoder, spec *ruleSpec, from origin) {
	for _, key := range []string{"again", "until", "goal", "holdout"} {
		if at, said := spec.places[key]; said {
			d.Fail(at, "take it out", "%s needs a learner, and %s has none: staff hear of each event once", key, from.name)
		}
	}
	eachStep(spec.do, func(s *stepSpec) {
		switch {
		case !slices.Contains(staffVerbs, s.verb):
			d.Fail(s.at, "use "+strings.Join(staffVerbs, ", "), "%s needs a learner, and %s has none", s.verb, from.name)
		case s.verb == "send" && s.to == nil:
			d.Fail(s.message.At, "add to: staff.NAME", "%s has no learner, so it is not clear to whom %s goes", from.name, s.message.Text)
		case s.usual:
			d.Fail(s.at, "write a time of day", "staff have no usual hour")
		}
	})
}

// refuseStaffOfMany refuses a message to staff in a rule that begins a run of each learner of an audience: staff would get one for each of them.
func (c *compiler) refuseStaffOfMany(d *decoder, spec *ruleSpec) {
	for _, s := range sendsOf(spec.do) {
		if s.to != nil {
			d.Fail(s.to.At, "make a second rule of it, about the same event and without audience", "each learner of the audience has a run of the rule, and each would write to staff")
		}
	}
}

// checkStaffReads refuses an expression that looks at a learner where there is none.
func (c *compiler) checkStaffReads(d *decoder, n *yamlfile.Node, cond compiled) {
	const fix = "use what the event says: event.NAME in when, trigger.NAME in a step"
	for _, root := range []string{"learner", "course"} {
		if len(cond.reads[root]) > 0 {
			d.Fail(n.At, fix, "%s is not known: the event has no learner", root)
		}
	}
	if _, asks := cond.reads[pastName]; asks {
		d.Fail(n.At, fix, "sent() and count() ask what a learner did before, and the event has none")
	}
}

// explainStaff says how often staff hear of something.
func (e *explainer) explainStaff() {
	if len(e.rule.Per) == 0 {
		e.writeLine("Staff hear of each event once.")
	} else {
		e.writeLine("Staff hear once of each %s, whatever more events there are about it.", strings.Join(e.rule.Per, " and "))
	}
	if e.rule.Paused {
		e.writeLine("It is paused: runs hold at their next send.")
	}
}

// staffWords names a group of staff, and how many they are.
func (e *explainer) staffWords(group string) string {
	n := len(e.academy.Library.StaffOf(group))
	if n == 1 {
		return staffRoot + "." + group + " (1 address)"
	}
	return fmt.Sprintf("%s.%s (%d addresses)", staffRoot, group, n)
}

// staffWords says whom a message goes to instead of the learner.
func staffWords(s *engine.SendStep) string {
	if s.Staff == "" {
		return ""
	}
	return " to " + staffRoot + "." + s.Staff
}

// staffItems offers the groups of staff in settings.yaml.
func (a *assistant) staffItems() []CompletionItem {
	settings := a.outlineOf(settingsFile)
	var items []CompletionItem
	for _, group := range settings.root.child(staffRoot).keys() {
		items = append(items, CompletionItem{Label: staffRoot + "." + group, Kind: ItemValue, Detail: "staff"})
	}
	return items
}
