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
// Who was sent something is compared with who was held out, by intention to treat ([Experiment]): a learner enters at the first exposure, that is a
// message that was sent, withheld, uncertain or failed, and stays in that group; the goal counts if the entering run reached it in time. The goal of a
// later run does not count: when that run is exposed may depend on what became of the first message. A learner who was exposed in several groups,
// because a share was changed, is left out. What was promised is recorded with each exposure; records of older versions promise nothing.
//
// A [Counter] only counts people. What follows from the counts, such as intervals and verdicts, is worked out by [Experiment.Judge], so whoever
// counts in another way says the same.
package report
