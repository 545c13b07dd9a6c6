// Package stack starts everything that Homeroom talks to, in one process: NATS, Temporal, the Temporal UI and the
// stand-in SendGrid. The dev command, its play command and the end-to-end tests run on it; each adds Homeroom itself and
// registers how to stop it with OnStop.
//
// It must not know rules, learners or the campus: it knows addresses.
package stack
