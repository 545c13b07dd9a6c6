// Package servers runs the servers that Homeroom needs inside the developer's own process: NATS with JetStream, alone or as
// a cluster, Temporal on SQLite or PostgreSQL, and the Temporal UI; an installed PostgreSQL runs in processes of its own. Each listens on the loopback interface, is ready when its Start function returns, logs
// errors only, to the given logger, and stops before the context of its Stop ends.
//
// It is the only package that imports a NATS or Temporal server; that is why dev is a Go module of its own. It must not
// know Homeroom: search attributes, namespaces and directories are options.
package servers
