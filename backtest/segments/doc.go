// Package segments keeps recorded events on disk, compressed and sorted into parts, so that all events of a learner are in one part and
// a part can be loaded alone.
//
// [Sorter] is for one use: what is added is held in memory until there is much of it, then in temporary files that are gone when the
// process is. [EventCopy] is kept: a file for each partition of an event stream, which grows by what the stream stored since, and is compared
// with the stream each time.
//
// A file is a sequence of blocks. Each block is a Zstandard frame (RFC 8878) after a skippable frame that says what the block holds, so
// that `zstd -d` reads the file too.
//
// The package must not know NATS, rules or who asks: streams come in through [Stream].
package segments
