// Package inputtest tests the ways in on a real NATS server: every format that publishers use, dead letters that are
// looked at, mended and replayed, and what an import needs of a running Homeroom: a live stream, and workflows that wait.
// What an import does to the stores is tested in package importer. It has no code of its own.
package inputtest
