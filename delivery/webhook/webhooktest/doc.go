// Package webhooktest holds the conformance suite of the channel webhook and its targets: what a post is, and what a target makes of it. It runs against any target whose arrivals can be
// looked at; the stand-in keeps the same contract.
package webhooktest
