// Package profile is what Homeroom knows of a learner as a person: the address, the name, the zone, the consent, and
// whatever else the platform says of them as traits; and what they said themselves about their mail. Traits change by
// [Profile.Merge], statements by [Profile.Leave] and its like, and neither reaches the other; each trait and each
// statement has its own time, so that it makes no difference in which order, or how often, they arrive. All of it is pure,
// so that the simulator and production agree.
//
// The package must not know NATS, or any store.
package profile
