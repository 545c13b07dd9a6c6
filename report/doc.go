// Package report reads what was decided and what came of it, and says it in two ways: as counts per rule ([Counter],
// for `homeroom report`) and as one learner's story ([NewStory], for `homeroom learner why`). Both ask the same code which
// message an event is to the credit of, so they cannot disagree.
//
// It is decisions and events in, numbers and sentences out. It must not know NATS, Temporal or who prints it.
//
// # What counts once
//
// A decision counts once by its id, a message once by its send id, however often the stream or the provider repeats
// itself: a message that was opened five times is one that was opened. Visits count by the event's id, certificates
// once per learner and certificate, referrals once per pair of referrer and referred. A message that was uncertain and
// that the provider's report settled is sent or failed, and no longer uncertain. Goals are
// counted in people: a learner with five runs of a rule is one.
//
// # Whose merit it is
//
//   - email.* and share.* name the message they came from (send_id).
//   - certificate.shared goes to the learner's latest message of the 30 days before ([ShareWindow]) that was about the
//     same certificate or course: by its run's scope, or because its share links said so, or because certificate.earned
//     started the run and nothing says which certificate it was.
//   - referral.converted goes to the referrer's latest message of the 90 days before ([ReferralWindow]) that asked to
//     share or to refer: one about a certificate, or one that Options.AsksToShare knows by its name. So does
//     referral.link_visited.
//
// What has no such message is counted apart ([Uncredited]). Credit is not proof; the lift against a holdout is.
//
// # Lift
//
// Of a rule's people, those who were sent something are compared with those of its holdout: who reached the goal, in
// per cent, and the difference with a 95 % confidence interval (Newcombe's hybrid score, from Wilson's intervals). A
// learner is in the holdout by a run of theirs in which a message was withheld; one who has runs of both kinds, because
// the share was changed, is in neither group. Below [MinGroup] people in either group there is no lift.
package report
