// Package securitytest holds Homeroom to SECURITY.md on real NATS servers: the permissions of deploy/nats and what they
// forbid; TLS and credentials of NATS and Temporal; limits on what comes in; secrets that must not be printed. It has tests
// only.
//
// The servers read the configuration files that docker-compose.yml mounts. That the whole of Homeroom works under these
// permissions is tested in dev/e2e, which has a Temporal server.
package securitytest
