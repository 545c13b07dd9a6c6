// Package worker runs the workflows and activities of Homeroom against a Temporal server, and is the way in for
// events: [Starter] hands a batch to its learner.
//
// It must not know NATS, SendGrid or rules; the activities arrive ready-made.
package worker
