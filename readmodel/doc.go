// Package readmodel keeps a local SQLite file of what reports are counted from, so that a look reads from NATS only what is
// new. [Model.Count] takes in what the streams stored since the last look and counts all of it with the same counter that counts
// the streams, so both ways say the same.
//
// The file is a copy and can be deleted at any time. It holds ids, instants and words of rules: no address, no name, no other property
// of an event. Whether it still agrees with the streams is asked at every look, and a stream's part is built anew if it does not:
// the stream was made anew, or went back to older files; a learner was erased (fewer messages are stored than the file
// holds); the file is damaged, or another version of Homeroom wrote it. What expired in the stream is deleted in the file.
//
// It must not know NATS, Temporal, rules or who prints: the streams come in through [Source].
package readmodel
