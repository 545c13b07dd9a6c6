// Package store keeps what Homeroom must remember outside of the learners' workflows, in NATS: two streams (what
// learners did, and what was refused of it), the stream of decisions, and one key-value bucket per kind of record.
//
//	LEARNING, LEARNING_DLQ   events as published; dead letters          (triggers read and write them)
//	HOMEROOM_DECISIONS       [Decisions]: one message per decision id
//	homeroom_profiles        [Profiles]: personal data; with the streams the only place that holds any
//	homeroom_standing        [Standings]: what is known of a learner from events that wake nobody
//	homeroom_rulesets        [Rulesets]: immutable revisions, and the pointer to the current one
//	homeroom_sends           [Sends]: the send ledger; forgets after a while
//	homeroom_suppressions    [Suppressions]: addresses that must not be written to, as keyed hashes
//	homeroom_control         [Control]: the kill switch, and how far each partition was handed over
//
// [Setup] creates what is missing and changes nothing that exists. [Open] gives access. Every read that decides
// something goes to the leader: no bucket answers from a replica.
//
// The package must not know Temporal, rules, or what an event means.
package store
