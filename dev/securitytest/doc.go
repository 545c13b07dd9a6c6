// Package securitytest holds Homeroom to SECURITY.md on real servers: the NATS permissions of deploy/nats, under which the whole
// of Homeroom runs and nothing more is possible; TLS and credentials of NATS and Temporal; limits on what comes in; secrets that
// appear nowhere.
//
// The embedded server is not a stand-in for anything: its configuration is the files that docker-compose.yml mounts.
package securitytest
