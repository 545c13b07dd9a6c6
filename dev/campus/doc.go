// Package campus makes up a term of a small campus: learners of different habits, each enrolled in a course or three,
// studying, failing, drifting off, coming back, finishing. The same seed makes the same term, event for event.
//
// `go run ./dev` plays it, and the bench uses it as load. It knows the catalog's events and must not know Homeroom's rules.
package campus
