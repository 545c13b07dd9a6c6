// Package triggertest tests package triggers on a real NATS server. The root module must not import one, so the tests
// live here.
package triggertest
