package store

import "github.com/nats-io/nats.go/jetstream"

// Streams are the streams that [Setup] makes, those behind the buckets (KV_…) among them. What an existing one differs
// in, [Differences] says.
func (o Options) Streams() []jetstream.StreamConfig { return o.streams() }
