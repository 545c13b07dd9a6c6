// Package telemetry is what a process reports about itself: metrics for Prometheus, traces for OpenTelemetry, a log
// without personal data, and whether it is alive and ready.
//
//	tel, err := telemetry.New(telemetry.Options{…})
//	starter = tel.Starter(starter)        // metered and traced; so are Deliverer, Sender, Publisher, Edge …
//	tel.Watch(telemetry.Sources{…})       // what is asked for when Prometheus asks
//	ops := tel.Ops()                      // /metrics, /healthz, /readyz
//
// The rooms that are measured know nothing of it: it wraps the small interfaces that they declare. A nil *Telemetry
// wraps nothing and may be used everywhere, so that tests and tools need none.
//
// Nothing personal is recorded: labels are kinds, reasons, rules and partitions, whose number is bounded by the rules in
// force; learners' and sends' ids are in traces and logs only; and whatever looks like an address is taken out of log
// lines and spans as the last line of defense.
//
// The package must not know stores, rules, files or SendGrid.
package telemetry
