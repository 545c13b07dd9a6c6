// Package readmodel keeps a local SQLite file of what reports are counted from, so that a look reads from NATS only what is
// new and counts only whom it concerns. [Model.Count] takes in what the streams stored since the last look. Then it takes the learners of whom something
// is new, or has left the time that the report is about, out of the last answer as they were, and adds them as they are; both are counted
// with the counter that counts the streams, whose numbers are sums over learners, so both ways say the same. If too many changed, or no answer for the
// same question is kept, it counts everything.
//
// Learners are divided into 65,536 buckets, which are what is read and counted again. The records of a bucket lie together in the table piece; the table
// log has the order of the streams and the bucket of each record.
//
// The file is a copy and can be deleted at any time. It holds short hashes of ids, instants, words of rules, and ids of courses and certificates: no
// address, no name, no other property of an event; the answers that it keeps hold numbers by rule and hour. Whether it still agrees with the streams is
// asked at every look, and a stream's part is built anew, without the kept answers, if it does not: the stream was made anew, or went back to older
// files; a learner was erased (fewer messages are stored than the file holds); the file is damaged, or another version of Homeroom wrote
// it. What expired in the stream is taken out of the answers and deleted in the file.
//
//	count.go      the question, and counting everything
//	answer.go     answers that are kept, and bringing one up to date
//	refresh.go    comparing with the streams, and deleting
//	intake.go     taking records in
//	record.go     what is kept of a record
//	names.go      the words that records share
//	file.go       the file, its schema, and who may open it
//
// It must not know NATS, Temporal, rules or who prints: the streams come in through [Source].
package readmodel
