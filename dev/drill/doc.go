// Package drill practices disasters: it kills Homeroom, disconnects it from its servers, sends it events that it cannot
// read, and then accounts for every event that it published.
//
// Homeroom runs in a process of its own (see package process), so that it can be killed and measured. NATS, Temporal and the
// stand-in SendGrid run here. The drill that kills NATS and Temporal runs them in Homeroom's process, and SendGrid here.
//
// The accounting does not rely on Homeroom's own counters. The drill lists what must come of each event when it publishes
// the event. It compares the list with the mails that the stand-in SendGrid has, the decisions and dead letters in their
// streams, the positions of the stream's consumers, and the answers of learners' workflows. See account.go.
//
// The package must not know how Homeroom keeps its promises: it observes from outside only.
package drill
