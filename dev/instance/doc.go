// Package instance runs Homeroom on a stack of embedded servers, publishes events to it at their times, and reads its
// decisions. `go run ./dev`, `play` and the end-to-end tests share it. Everything it starts is production code.
package instance
