// Package judgement works out from recorded events how great each learner's risk is in each course, and how far that can be
// relied on: [Learners] keeps standings as triggers do, [Calibration] compares what the risk said with what happened.
//
// It must not know NATS, Temporal, files or who prints: events come in one by one, in the order in which they were stored.
package judgement
