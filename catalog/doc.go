// Package catalog knows the events a learning platform publishes: their names, typed properties, category, volume and
// entity keys. It decodes what arrives and says precisely what is wrong with what it refuses.
//
// [Default] is the built-in taxonomy (events.yaml); [Catalog.Extend] adds a team's catalog.yaml. [Catalog.DecodeMessage]
// reads CloudEvents, calls in the style of Segment, and the native body
//
//	{"id": "…", "time": "RFC 3339", "properties": {…}, "traits": {…}, "event": "…", "learner_id": "…"}
//
// Each format is a file (native.go, cloudevents.go, segment.go) and a line of the list in format.go: it takes the same
// fields out of a message, and says where the learner's traits are, for [Addresses]. The checks (fields.go, check.go) are
// the same for all. They are strict about what the catalog knows: declared properties must have their type, and the
// entity keys that an event exists for must be there. Properties that the catalog does not name pass through.
//
// It must not know NATS, Temporal or rules.
package catalog
