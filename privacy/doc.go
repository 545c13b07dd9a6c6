// Package privacy answers the two questions that the law lets a learner ask: what do you hold about me ([Privacy.Export]),
// and will you forget me ([Privacy.Erase]).
//
// # Erasing
//
// The order matters, because Homeroom goes on running meanwhile:
//
//  1. Every address that is known of the learner is suppressed as "erased". From here on nothing goes out to it, whatever
//     is still under way; each delivery asks before it calls the provider. Then the tombstone is written: a keyed hash
//     of the id, the proof that, when and by whom it was erased.
//  2. The learner's events, those that are set aside among them, are purged, so that no more of them are taken up, and the triggers are waited for until
//     they have handed over what they had received.
//  3. Every run of the workflow is terminated and deleted, and waited for until it is gone.
//  4. Everything else is purged by subject: the record of being set aside, requests, dead letters, decisions, nudges, the retired state, standing,
//     ledger, links, profile. No key is deleted in the ordinary way, which leaves a marker that has the learner's id in its subject.
//  5. All of it is looked for again, until twice in a row, with a pause in between, nothing was found. What an activity
//     that was in flight wrote meanwhile goes in the next round. Rounds are bounded; what remains is in the receipt.
//
// # What comes afterwards
//
// Events that are published for the learner after the erasure are a new beginning: Homeroom takes them in as it would
// a stranger's. It does not refuse them. The platform is the source of what learners do, a person who was erased may
// come back, and asking for a tombstone with every event would cost everybody for the few. Their old address stays
// suppressed, so nothing goes out until an operator lifts that (`homeroom suppressions lift`). A platform that erases a learner must stop publishing
// about them first; [Privacy.Export] shows the tombstone, so a second life is seen for what it is, and erasing again is
// always possible.
//
// The package must not know rules or messages, and decides nothing about learners.
package privacy
