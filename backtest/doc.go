// Package backtest runs recorded events through two rulesets, the one in force and a draft, and says what the draft would have changed.
//
// [Run] reads a [Source] once, part by part, and decodes each event once for both sides. Each learner is two hosts of package simulate on
// one virtual clock; what they decide is compared and counted, and only ten learners' timelines are kept. The result depends neither on the number
// of goroutines nor on the order of the parts. Memory is bounded by the largest part.
//
// [RunPartial] does the same for some of the learners. What it counts is a [Partial], which can be encoded, handed on and merged with those of other learners: a
// [Heading] makes the same result of all of them as one run would have.
//
// What learners did is as recorded on both sides: a message that only the draft sends moves nobody in the recording.
//
// The package must not know NATS, Temporal, HTTP, files or who prints, and it never asks what time it is.
package backtest
