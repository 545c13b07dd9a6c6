// Package instance runs Homeroom on a stack of embedded servers, publishes events to it at their times, and listens to its
// decisions. It is what `go run ./dev`, `play` and the end-to-end tests share; everything it starts is the production code.
package instance
