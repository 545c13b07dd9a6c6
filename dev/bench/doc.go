// Package bench measures Homeroom on real servers: its cost in Temporal, its throughput of events, and its results in five
// jobs that other engines were given too. `go run ./dev bench` is its command.
//
// All figures are measured. Events per second come from the clock, actions and history events from the histories that the
// Temporal server keeps of every run, state transitions from its description of each run, mails from the stand-in SendGrid.
// The baselines run in the same process, one after the other, so that the ratios hold on any machine.
//
// It must not know how Homeroom works: it publishes, waits and counts.
package bench
