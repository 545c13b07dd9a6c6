// Package walls holds the test that keeps the import walls of ARCHITECTURE.md standing. It has no code of its own.
package walls
