// Package faulttest holds the proof of delivery's promises: every step of a delivery × every answer of a provider,
// with the real ledger in NATS, the real SendGrid adapter, a stand-in SendGrid that misbehaves on demand and reports back
// by signed webhooks to the real edge. Temporal is not needed for it; package e2e has the rest.
//
//	go test ./delivery/faulttest -run Table -v          prints the table
//	go test ./delivery/faulttest -run Table -rewrite    writes docs/crash-and-faults.md anew; read the diff
package faulttest
