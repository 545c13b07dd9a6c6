// Package ruletest reads and runs a growth team's rule tests: tests/*.yaml of an academy folder, each a short story of
// one learner with the messages it must lead to.
//
// [Parse] reads a file strictly, with every mistake at its line and column; [Test.Prepare] checks it against a
// ruleset and the catalog; [Case.Run] plays it on the virtual clock of package simulate, which is the production
// engine; [Result.Write] prints a failure as a timeline of what was expected and what came.
//
// The package must not know CEL, NATS, Temporal or the terminal.
package ruletest
