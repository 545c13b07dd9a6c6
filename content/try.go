package content

import (
	"errors"
	"maps"
	"strings"
)

// SampleText is the text of a sample that stands for any. Where a link is needed it counts as one, if [Vars.Samples] says that
// the values are made up.
const SampleText = "sample"

// SampleLink is the sample value of a property that is an address, and what SampleText stands for at the beginning of a link.
const SampleLink = "https://academy.example/sample"

// maxTries bounds how many mistakes of one message are looked for.
const maxTries = 20

// Try renders a version of a message with the made-up values of vars and returns all that is wrong, at most 20 mistakes: a value that vars lacks is
// reported and taken from complete, which has every value, and the next mistake is looked for.
func (l *Library) Try(name, locale string, vars, complete Vars) Errors {
	m := l.Message(name, locale)
	if m == nil {
		return nil
	}
	var errs Errors
	vars.Samples = true
	for range maxTries {
		_, err := l.renderMessage(m, vars)
		if err == nil {
			break
		}
		var wrong *Error
		if !errors.As(err, &wrong) {
			return append(errs, Error{File: m.File, Message: err.Error()})
		}
		errs = append(errs, *wrong)
		missing, _, undefined := strings.Cut(wrong.Message, " has no value here")
		if !undefined || !vars.takeFrom(complete, missing) {
			break
		}
	}
	return errs
}

// takeFrom sets the value that a path names to its value in complete, and reports whether that changed it.
func (v *Vars) takeFrom(complete Vars, path string) bool {
	root, field, _ := strings.Cut(path, ".")
	switch root {
	case "learner":
		had := v.Learner
		v.Learner = complete.Learner
		return had.FirstName != complete.Learner.FirstName || had.Timezone != complete.Learner.Timezone || !had.Next.equals(complete.Learner.Next)
	case "course":
		if complete.Course == nil || v.Course != nil && *v.Course == *complete.Course {
			return false
		}
		v.Course = complete.Course
		return true
	case triggerRoot:
		field, _, _ = strings.Cut(field, ".")
		value, known := complete.Trigger[field]
		if _, had := v.Trigger[field]; had || !known {
			return false
		}
		v.Trigger = maps.Clone(v.Trigger)
		v.Trigger[field] = value
		return true
	default:
		field, _, _ = strings.Cut(field, ".")
		all, known := complete.Awaited[root]
		value, has := all.Properties[field]
		given := v.Awaited[root]
		if _, had := given.Properties[field]; had || !known || !has {
			return false
		}
		given.Time = all.Time
		given.Properties = maps.Clone(given.Properties)
		if given.Properties == nil {
			given.Properties = map[string]any{}
		}
		given.Properties[field] = value
		v.Awaited = maps.Clone(v.Awaited)
		if v.Awaited == nil {
			v.Awaited = map[string]AwaitedEvent{}
		}
		v.Awaited[root] = given
		return true
	}
}
