// Command dev runs Homeroom and everything it talks to on one machine, with nothing to install: NATS, Temporal with its
// UI, and a stand-in for SendGrid that shows the mail instead of sending it.
//
// It is a Go module of its own because an embedded Temporal server brings over two hundred modules and takes minutes to
// compile; the production binary must not carry it.
package main
