// Package pushtest holds the conformance suite of the channel push and of what stands at the other end: what a message to an app is, and what Firebase makes of it. It runs against
// any Firebase whose arrivals can be looked at; the stand-in keeps the same contract.
package pushtest
