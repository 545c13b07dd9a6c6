// Package inputtest tests the ways in on a real NATS server: every format that publishers use, dead letters that are
// looked at, mended and replayed, and the import of existing learners. It has no code of its own.
package inputtest
