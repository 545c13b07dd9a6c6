// Package activities does what the learner's workflow asks for. [Decide] gathers what is known of a learner and runs engine.Step. [Deliver] has one
// message delivered. [PublishDecisions] publishes decisions. [Decide.Retire] stores the state of a learner for whom nothing is due, and
// Decide loads it when the learner's next event arrives.
//
// Decide sends nothing. It publishes only decisions of earlier workflow tasks, which Temporal has recorded; the decisions that it makes itself are
// published later, from the recorded result. It runs again if its workflow task fails, and may then see a newer standing and decide
// differently; what it decided counts once Temporal has recorded it.
//
// The package must not know NATS, SendGrid, CEL or files. What it needs comes in through small interfaces declared here; package app
// connects them to their adapters.
package activities
