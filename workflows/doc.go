// Package workflows holds the one durable workflow per learner, and the names by which others reach it.
//
// [Learner] is a shell: it receives events, asks the Decide local activity what follows, has effects done by
// activities, and sleeps. It has no opinion about learners. Everything that could change its course is recorded (in
// its input or in the result of an activity), so neither an edited rule nor an upgraded worker breaks the replay of a
// sleeping learner.
//
// The package must not know NATS, SendGrid, CEL or rules, and reads no clock but the workflow's. Triggers import it
// for its names and for [Batch].
package workflows
