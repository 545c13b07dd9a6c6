// Package triggers takes the events of the stream to the learners' workflows: decode, note in the learner's profile
// and standing, ask whether any rule can use it, hand over what one can, acknowledge. What cannot be read becomes a dead
// letter.
//
// Three promises hold whatever fails:
//
//   - Nothing is lost. A message is acknowledged after it was handed over, or was noted as not needed, or lies in the
//     dead-letter stream; until then it is tried again, in place.
//   - Each learner's events are handed over in stream order, across failures, restarts and takeovers. One learner that
//     cannot be handed over delays nobody else. See receivebuffer.go, parking.go and lanes.go.
//   - The watermark of a partition is never ahead of an event that is still to be handed over. See watermark.go.
//
// There is one durable pull consumer per partition, pinned, so that one replica at a time is served.
//
// The package must not know Temporal, nor what a rule says: it knows workflows as a [Starter] and rules as
// [engine.Ruleset.Wants].
package triggers
