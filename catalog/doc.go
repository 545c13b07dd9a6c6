// Package catalog knows the events a learning platform publishes: their names, typed properties, category, volume and
// entity keys. It decodes what arrives and says precisely what is wrong with what it refuses.
//
// [Default] is the built-in taxonomy (events.yaml); [Catalog.Extend] adds a team's catalog.yaml. [Catalog.DecodeMessage]
// reads CloudEvents, calls in the style of Segment, and the native body
//
//	{"id": "…", "time": "RFC 3339", "properties": {…}, "traits": {…}, "event": "…", "learner_id": "…"}
//
// Each format's reader (cloudevents.go, segment.go) takes the same facts out of a message; the checks (facts.go, check.go)
// are the same for all. It is strict about what it knows and indifferent to what it does not: properties that the catalog does not name pass
// through, declared ones must have their type, and the entity keys an event exists for must be there.
//
// It must not know NATS, Temporal or rules.
package catalog
