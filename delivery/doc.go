// Package delivery takes one decided message to its provider exactly as often as promised: once, or, when nobody can
// know whether it arrived, at most once and visibly so.
//
// [Deliverer.Deliver] is the sequence every send walks: what the ledger remembers, the kill switch, the learner's
// address and consent, rendering, the allow-list, and then the provider under the protection of the ledger:
//
//	none ──▶ claimed ──▶ calling ──▶ settled     the provider answered, for good
//	            ▲           ├──────▶ uncertain   no answer: counted as sent, repeated only by settlement
//	            └─ released ◀┘                   a complete "not now": may be called again
//
// Each phase is written before the step it names. A crash while claimed or released is harmless: nothing went out. A
// crash while calling leaves a send that may have gone out; the next attempt finds it and says
// uncertain, or calls again if the channel recognizes a repeat.
//
// All questions are put anew before every single call, also when the provider said "not now" a moment ago. Where a
// message's share and referral links lead is kept before anybody can follow them. If more than a few seconds have passed between the
// questions and the call, because the process was stopped, they are put once more, and the ledger is asked whether another attempt has ended the send.
//
// The channels inapp and webhook recognize a repeat, so a crash while calling is no reason to give such a send up as long as it is recent: the
// call is made again. On the channel inapp the provider is an [Announcer]: the same ledger and questions, but for those about addresses.
//
// The package must not know NATS, Temporal or SendGrid: the ledger, the learners' addresses, the kill switch and the
// provider come in as small interfaces. Adapters live in folders named for their technology; ledgertest holds what
// every [Ledger] must do.
package delivery
