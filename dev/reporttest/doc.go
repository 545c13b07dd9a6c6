// Package reporttest tests `homeroom learner why` and `homeroom report` on a real NATS server: what is published as
// production does is read back, counted and told. It has no code of its own.
package reporttest
