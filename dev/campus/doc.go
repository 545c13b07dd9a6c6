// Package campus makes up a term of a small campus: learners of different habits, each enrolled in a course or three,
// studying, failing, drifting off, coming back, finishing. The same seed makes the same term, event for event.
//
// It is the story that `go run ./dev` plays and the load that tests use. It knows the catalog's events and nothing of
// Homeroom's rules.
package campus
