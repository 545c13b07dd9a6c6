// Package composetest checks docker-compose.yml, the Dockerfile and .env.example without a Docker engine: compose-go reads
// them as `docker compose` would, and the tests hold what they say against what the binary reads and the servers take.
//
// It must not start anything; that the services work together is for a machine with Docker to show.
package composetest
