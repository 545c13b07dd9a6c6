// Package store keeps what Homeroom must remember outside of the learners' workflows, in NATS: streams for what goes
// on, and one key-value bucket per kind of record.
//
//	LEARNING, LEARNING_DLQ   events as published; dead letters          (triggers read and write them; so do [Events] and [DeadLetters])
//	HOMEROOM_DECISIONS       [Decisions]: one message per decision id
//	HOMEROOM_AUDIT           [Audit]: who did what to the installation
//	NUDGES                   rendered nudges, until the platform has shown them
//	homeroom_profiles        [Profiles]: personal data; with the streams the only place that holds any
//	homeroom_standing        [Standings]: what is known of a learner from events that wake nobody
//	homeroom_rulesets        [Rulesets]: immutable revisions, and the pointer to the current one
//	homeroom_drafts          [Drafts]: folders that somebody edits and that are not in force yet
//	homeroom_sends           [Sends]: the send ledger; forgets after a while
//	homeroom_suppressions    [Suppressions]: addresses that must not be written to, as keyed hashes
//	homeroom_links           [Links]: what lies behind share and referral links
//	homeroom_retired         [Retired]: what is remembered of learners whose workflow has ended because nothing was due
//	homeroom_learned         [Paths]: what learners did next, counted over all of them; [Weights]: the weights of adaptive splits
//	homeroom_write_keys      [WriteKeys]: hashes of the keys with which events are posted over HTTP
//	homeroom_control         [Control]: the kill switch, watermarks, instances, rewinds, who is set aside, looks at suppression lists, the secret
//
// [People] is what learners say about their mail: it goes to their profiles, and where it is about an address, to the
// suppressions.
//
// [Setup] creates what is missing and changes nothing that exists. [Open] gives access. Every read that decides
// something goes to the leader: no bucket answers from a replica.
//
// The package must not know Temporal, rules, or what an event means.
package store
