// Package subjects knows how Homeroom names things in NATS: streams, subjects, filters and key tokens. Nobody else
// formats a subject.
//
// Publishers write
//
//	learning.<learner>.<event name>        learning.u_42.lesson.completed
//
// and the stream's subject transform puts the partition in front of the learner, so that what is stored is
//
//	learning.<partition>.<learner>.<event name>
//
// A learner id is any text of 1 to 128 bytes. In a subject or a key, each byte outside [A-Za-z0-9_-] is written =XX:
// auth0|7 is auth0=7C7. An id has exactly one such form; erasing a learner by subject depends on it.
//
// The package must not know NATS clients, events or rules: it is text in, text out.
package subjects
