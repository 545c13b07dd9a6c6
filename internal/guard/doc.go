// Package guard keeps a fault in one request of a server from everybody else: a handler that panics is answered with 500 and reported, and the next request is served.
// It knows nothing of what is served.
package guard
