// Package publish puts revisions of a growth team's folder in force while Homeroom runs: [Publisher.Prepare] says what
// would happen, [Publisher.Publish] makes it happen in an order that loses nothing, and [Publisher.Sweep] reaches the
// learners who sleep. ADR 0008 says why it is in this order.
//
// It must not know how a rule is evaluated: package engine answers what a learner's next silence is, and every learner's
// own workflow decides what a publication means for them.
package publish
