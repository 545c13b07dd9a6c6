// Package doctortest tests `homeroom doctor` and `homeroom setup` against real servers in all states they may be found
// in, and what a process tells about itself while it runs: metrics, health and readiness.
package doctortest
