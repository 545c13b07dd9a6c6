// Package privacytest proves what package privacy and package codec promise, on real servers: of a learner who was erased
// no stream, bucket or workflow history holds a trace, and of one whose state is encrypted Temporal can read nothing.
//
// The searches here are their own: they share no code with what they prove.
package privacytest
