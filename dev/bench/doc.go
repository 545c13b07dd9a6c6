// Package bench measures Homeroom on real servers: what it costs Temporal, how fast events pass through it, and how it does
// the five jobs that other engines were given. `go run ./dev bench` is its command.
//
// Nothing is estimated. Events per second come from the clock, actions and history events from the histories that the
// Temporal server keeps of every run, state transitions from what it says of each run, mails from the stand-in SendGrid.
// The baselines run in the same process, one after the other, so that the ratios hold on any machine.
//
// It must not know how Homeroom works: it publishes, waits and counts.
package bench
