// Package sendertest holds what every [email.Sender] must do: a conformance suite that a stand-in provider and the real
// one pass alike. Every case may be run against the real provider in its sandbox: nothing is mailed to anybody, and the
// only addresses are of domains that no mail reaches (RFC 2606).
//
// It must not know any provider.
package sendertest
