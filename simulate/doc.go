// Package simulate runs learners on a virtual clock, with no server: it is the second host of the engine, beside the
// workflow. Recorded events go in, decisions come out, the same ones that production would have made.
//
// [Host] is one learner: standing, profile and state, stepped through events and wake-ups, every delivery accepted at
// once. [Run] is many: it streams a file of NDJSON events through one host per learner, on all cores, and the result
// does not depend on how many there are. [Document] is the outcome, in the one shape that `homeroom simulate` and
// `go run ./dev play` write.
//
// [Tracer] is one learner whose events are only looked at: it keeps, per rule, what stood last between it and its messages.
//
// The package must not know NATS, Temporal, YAML or SendGrid, and it never asks what time it is.
package simulate
