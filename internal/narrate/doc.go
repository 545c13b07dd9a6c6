// Package narrate puts reasons and decisions into words. The card in the Temporal UI, `homeroom learner why` and the
// timelines of simulate and of rule tests use it, so a reason has one sentence wherever a person reads it.
//
// Switches over reasons and kinds have no default clause: the lint named exhaustive reports a missing one.
// [engine.FormatDuration] writes the durations.
//
// The package must not know stores, rules or who prints the words.
package narrate
