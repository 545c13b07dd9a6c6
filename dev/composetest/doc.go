// Package composetest checks docker-compose.yml, the Dockerfile and .env.example without a Docker engine: compose-go reads
// them as `docker compose` would, and the tests hold what they say against what the binary reads and the servers take. It checks
// "Three processes by hand" in docs/operations.md likewise, and runs with sh what makes keys, passwords and variables there.
//
// It must not start a service; that the services work together is for a machine with Docker to show.
package composetest
