// Package inputtest tests the ways in on a real NATS server: every format that publishers use, and what an import needs of a
// running Homeroom: a live stream, and workflows that wait. What an import does to the stores is tested in package importer,
// what is done with dead letters in package cli. It has no code of its own.
package inputtest
