// Package activities does what the learner's workflow asks for: [Decide] gathers what is known and runs engine.Step,
// [Deliver] has one message delivered, [Report] publishes decisions, and [Decide.Retire] puts away what is remembered of
// somebody for whom nothing is due, from where Decide takes it up when they come back.
//
// Decide sends nothing and publishes nothing: it runs again if its workflow task fails, and may then see newer facts.
// What it decided counts once Temporal has recorded it.
//
// The package must not know NATS, SendGrid, CEL or files. What it needs comes in through small interfaces declared
// here; their adapters meet it in package app.
package activities
