// Package profile is what Homeroom knows of a learner as a person: the address, the name, the zone, the consent, and
// whatever else the platform says of them as traits. Taking traits in is a pure function here, so that the simulator
// and production agree on it.
//
// It must not know NATS, or any store.
package profile
