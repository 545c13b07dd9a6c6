// Package engine decides what Homeroom does for one learner.
//
// It is the pure core: [Step] takes what is known (Env), what was remembered (State), what arrived (inputs) and the
// time, and returns the new state, what to do (Effects), why (Decisions) and when to look again (WakeAt). The same
// arguments give the same result on every machine and in every year: no clock, no randomness, no I/O, no map order.
//
// Three hosts run it: the Temporal workflow through the Decide local activity, the simulator and the rule tests on a
// virtual clock, and the tests of this package. One scenario run through all of them gives the same decisions; the
// documents call that the law.
//
// The package imports the standard library only and must not know NATS, Temporal, YAML, CEL or SendGrid. Conditions
// come in compiled, behind [Expr].
package engine
