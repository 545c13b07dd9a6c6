package rules

import (
	"slices"
	"strings"
	"time"

	"homeroom/catalog"
)

// checkDates warns of a message that reads a date, but may be put off until the date has passed. A transactional message is not put off.
func (c *compiler) checkDates(d *decoder, s *stepSpec, from origin, handed map[string]handover) {
	if s.transactional || s.patience > 0 || s.expires != nil {
		return
	}
	for _, variable := range c.library.Variables(s.message.Text) {
		date, moment := c.dateIn(variable, from, handed)
		if date == "" {
			continue
		}
		d.Warn(s.message.At, LintDatedMessage, "add expires: "+moment+" or patience: 1h, or accept it with # allow: "+LintDatedMessage,
			"message %s reads %s, which may have passed when the message goes", s.message.Text, date)
		return
	}
}

// dateIn returns the date that a variable of a message holds or is made from, by its name and as an expression that gives a time; empty: it is none that may
// lie ahead.
func (c *compiler) dateIn(variable string, from origin, handed map[string]handover) (date, moment string) {
	root, rest, _ := strings.Cut(variable, ".")
	field, below, _ := strings.Cut(rest, ".")
	switch {
	case root == "trigger" && from.isOverdue():
		return "", "" // it lies back
	case root == "trigger":
		return dateOf(root, c.lang.types.events[from.name], field)
	case from.awaited[root].awaited != nil:
		return dateOf(root, from.awaited[root].event, field)
	case root == "learner" && field == "traits" && isDateName(below):
		date = "learner.traits." + below
		return date, "timestamp(" + date + ")"
	case root == varsRoot:
		switch handed[field].sample.(type) {
		case time.Time, string: // the date itself, or a text made from it
		default:
			return "", ""
		}
		for _, read := range handed[field].reads["trigger"] {
			if date, moment = dateOf("trigger", c.lang.types.events[from.name], read); date != "" {
				return date, moment
			}
		}
	}
	return "", ""
}

// dateOf is dateIn for a property of a trigger or an awaited event, which root is the name of. An event's own time does not lie ahead.
func dateOf(root string, ev *catalog.Event, property string) (date, moment string) {
	if ev == nil || property == "time" {
		return "", ""
	}
	p, carried := ev.Property(property)
	date = root + "." + property
	switch {
	case carried && p.Type == catalog.Timestamp:
		return date, date
	case carried && isDateName(property) && (p.Type == catalog.String || p.Type == catalog.Any):
		return date, "timestamp(" + date + ")"
	}
	return "", ""
}

// isDateName reports whether a property or trait is called as dates are.
func isDateName(name string) bool {
	return slices.ContainsFunc([]string{"_at", "_on", "_date", "_until"}, func(ending string) bool { return strings.HasSuffix(name, ending) })
}
