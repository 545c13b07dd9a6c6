// Package nullsim tries reports where the truth is known: learners whom no message moves, under the rules of an academy with holdouts, caps,
// back-off and failing deliveries. Whoever looks at the report each day must be told of a difference that is not there in at most one experiment
// in twenty.
//
// It runs the engine on a virtual clock and counts as `homeroom report` does. It must not know NATS or Temporal.
package nullsim
