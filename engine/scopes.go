package engine

import "strings"

// courseScope returns the scope of a run about a course. A Stepper asks for the same few again and again.
func (s *stepper) courseScope(course string) string {
	if s.spare == nil || s.spare.scopes == nil {
		return courseScope(course)
	}
	scopes := s.spare.scopes
	scope, known := scopes[course]
	if known {
		return scope
	}
	if len(scopes) >= maxScopes {
		clear(scopes)
	}
	scope = courseScope(course)
	scopes[strings.Clone(course)] = scope // a part of an event would keep all of it in memory
	return scope
}

// keepScopes has the scopes of courses kept beyond the step.
func (s *stepper) keepScopes() {
	if spare := s.spareMemory(); spare.scopes == nil {
		spare.scopes = map[string]string{}
	}
}

// maxScopes is of how many courses a Stepper keeps the scopes.
const maxScopes = 256

func courseScope(course string) string {
	if course == "" {
		return ""
	}
	return scopeOf([]string{KeyCourse}, []string{course})
}
