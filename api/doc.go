// Package api takes events over HTTP, for platforms that do not speak NATS. [API] is the handler:
//
//	POST /v1/events         native events and CloudEvents: one, an array, lines (NDJSON), gzip
//	POST /v1/track, …       Segment's calls, and /v1/batch: its libraries work with only the address changed
//	POST /v1/caliper        Caliper envelopes and events (caliper.go)
//	POST /v1/sources/NAME   bodies as one source of the academy publishes them (source.go)
//	POST /xapi/statements   xAPI statements (xapi.go); PUT stores one under its id
//	GET  /v1/openapi.json   what the API is, as OpenAPI 3.1
//
// Who may post is said by write keys (keys.go). A body is read within limits (body.go) and split into items (items.go); each item
// is decoded by the catalog in force, so that whoever posts hears at once what is wrong with it, and published as it came
// (accept.go). A success is answered only after the stream has confirmed it. Answers are counts with the items that need
// attention (answer.go), errors are problem documents of RFC 9457 (problem.go).
//
// The package knows stores and NATS through interfaces only, and decides nothing about learners.
package api
