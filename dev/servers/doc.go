// Package servers runs the servers that Homeroom needs inside the developer's own process: NATS with JetStream, Temporal
// on SQLite, and the Temporal UI. Each listens on the loopback interface, is ready when its Start function returns, logs
// errors only, to the given logger, and stops before the context of its Stop ends.
//
// It is the only package that imports a NATS or Temporal server; that is why dev is a Go module of its own. It must not
// know Homeroom: search attributes, namespaces and directories are options.
package servers
