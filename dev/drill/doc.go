// Package drill practices disasters: it kills Homeroom, takes away what it stands on, feeds it what it cannot digest, and
// then accounts for every event that it published.
//
// Homeroom runs in a process of its own (see package process), so that it can be killed and measured. NATS, Temporal and the
// stand-in SendGrid run here, except in the drill that kills them too; there only SendGrid stays, as it would.
//
// The accounting believes nobody. What must come of each event is the drill's own list, written when it was published.
// That is compared with the mails that the stand-in SendGrid has, the decisions and dead letters in their streams, how far
// the stream's consumers have come, and what learners' workflows answer. Homeroom's own counters are not asked. See
// account.go.
//
// The package must not know how Homeroom keeps its promises: it looks from outside only.
package drill
