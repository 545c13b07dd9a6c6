// Package rules compiles a growth team's folder (settings.yaml, rules/*.yaml, messages/*.md, courses.yaml,
// catalog.yaml) into an immutable, content-hashed [engine.Ruleset], and says precisely what is wrong with a folder that
// does not compile: every problem at once, each with its place, the line and what to do about it.
//
// The way through the package, one file per concern:
//
//	bundle.go               reads the folder, within limits                    → map of path to content, hash
//	decode.go               strict decoding: tables of known keys              → spec.go, steps.go, settings.go …
//	compile.go, program.go  meaning: events, per, steps as a linear program    → engine.Rule
//	celcheck.go, expr.go    conditions, type-checked against the catalog       → engine.Expr
//	celdates.go             dates without a time of day begin where the learner lives
//	celpast.go, celsame.go  sent() and count(): what must be remembered        → Ruleset.Counted, CountedBy, SentWindow
//	lints.go, dates.go      what compiles, but cannot do what its author hopes for
//	messages.go, keep.go    what is sent, and what must be handed over for it
//	load.go                 all of the above in order
//	explain.go, sample.go   a compiled rule in words; somebody to show a message to
//	schema.go               what editors know of the files; kept in step with the tables by a test
//	complete.go, hover.go   what an editor offers and explains at a place: outline.go reads text that is no YAML yet, schematree.go
//	                        finds what may stand there, completecel.go looks into expressions and messages, words.go explains names
//
// Package yamlfile reads the files as trees with positions, and has the type of a problem. To add a key to the language,
// give it a row in a table, the spec a field and the schema a property, and compile it.
//
// The package must not know NATS, Temporal or SendGrid, and never looks at the clock.
package rules
