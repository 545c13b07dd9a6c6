package rules

import (
	"fmt"
	"regexp"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"

	"homeroom/engine"
)

// asksNext finds what a rule or a message reads of what comes next. course.next_due_at is another thing.
var asksNext = regexp.MustCompile(`\bcourse\.next(_reason)?\b|\blearner\.next_course(_reason)?\b`)

// readsNext reports whether a rule or a message of a folder asks what comes next for a learner. The words can stand elsewhere, in a remark say: then moves are
// counted that nobody looks at.
func readsNext(files map[string][]byte) bool {
	for name, content := range files {
		if (strings.HasPrefix(name, "rules/") || strings.HasPrefix(name, "messages/")) && asksNext.Match(content) {
			return true
		}
	}
	return false
}

// noteLookups notes what a message reads of what comes next and of the risk.
func (c *compiler) noteLookups(send *engine.SendStep) {
	for _, variable := range c.library.Variables(send.Message) {
		send.Next = send.Next || readsField(variable, "course.next") || variable == "course.next_reason"
		send.NextCourse = send.NextCourse || readsField(variable, "learner.next_course") || variable == "learner.next_course_reason"
		send.RiskReason = send.RiskReason || variable == "course.risk_reason"
	}
}

// readsField reports whether a variable is a field or something of it.
func readsField(variable, field string) bool {
	return variable == field || strings.HasPrefix(variable, field+".")
}

// nextFields are those of a next step.
func nextFields() map[string]*types.FieldType {
	type n = engine.NextStep
	return map[string]*types.FieldType{
		"id":    known(types.StringType, "the next step", func(v *n) string { return v.ID }),
		"title": known(types.StringType, "the next step", func(v *n) string { return v.Title }),
		"url":   known(types.StringType, "the page of the next step", func(v *n) string { return v.URL }),
	}
}

// noNext stands for a next step that is not known.
var noNext = &engine.NextStep{}

// nextStep makes the field that holds a next step.
func nextStep[T any](find func(*T) func() (engine.NextStep, bool)) *types.FieldType {
	return &types.FieldType{
		Type: cel.ObjectType(nextType),
		IsSet: func(of any) bool {
			_, known := lookUpNext(find(of.(*T)))
			return known
		},
		GetFrom: func(of any) (any, error) {
			if step, known := lookUpNext(find(of.(*T))); known {
				return &step, nil
			}
			return noNext, nil
		},
	}
}

// nextReason makes the field that says why a step is the next one.
func nextReason[T any](what string, find func(*T) func() (engine.NextStep, bool)) *types.FieldType {
	return &types.FieldType{
		Type: types.StringType,
		IsSet: func(of any) bool {
			_, known := lookUpNext(find(of.(*T)))
			return known
		},
		GetFrom: func(of any) (any, error) {
			step, known := lookUpNext(find(of.(*T)))
			if !known {
				return nil, fmt.Errorf("%s is not known", what)
			}
			return string(step.Reason), nil
		},
	}
}

func lookUpNext(find func() (engine.NextStep, bool)) (engine.NextStep, bool) {
	if find == nil {
		return engine.NextStep{}, false
	}
	return find()
}

func nextOfCourse(c *engine.CourseView) func() (engine.NextStep, bool) { return c.Next }

func nextOfLearner(l *engine.Learner) func() (engine.NextStep, bool) { return l.NextCourse }
