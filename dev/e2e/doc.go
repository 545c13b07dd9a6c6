// Package e2e proves Homeroom's promises on real servers: an embedded NATS and Temporal, and a stand-in SendGrid that
// misbehaves on demand. Everything in between is the production path. Each test says which promise it is about.
//
// The package holds tests only. They wait for what they expect to see, never for time to pass.
package e2e
